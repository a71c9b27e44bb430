/*
 * What the options say of the way out, and what of it can be seen to be wrong
 * before any connection is made.
 */
#include <string.h>

#include "transport/link.h"
#include "transport/prelude.h"
#include "transport/tls.h"
#include "transport/via.h"
#include "transport/way.h"

const struct prelude_kind *
way_header(const struct dial *dial)
{
	static const struct prelude_kind *const kinds[] = { NULL,
		&prelude_header_v1, &prelude_header_v2 };

	return kinds[dial->link->proxy_protocol];
}

const struct prelude_kind *
way_starttls(const struct dial *dial)
{
	return prelude_starttls[dial->tls->starttls];
}

bool
way_hears_greeting(const struct dial *dial)
{
	const struct prelude_kind *kind = way_starttls(dial);

	return kind != NULL && kind->flags & PRELUDE_GREETED;
}

/* Whoever has left out way_prepare() does not get there without proxies. */
const struct url *
way_first(struct dial *dial, struct why *why)
{
	if (dial->link->via == NULL)
		return dial->url;
	if (dial->via == NULL)
		dial->via = via_new(dial->link->via, why);
	return dial->via != NULL ? &dial->via->hop[0].url : NULL;
}

/* Does a connection of this transport begin with preludes? */
static bool
way_goes(const struct transport *t)
{
	while (t->over != NULL)
		t = transport_find(t->over, NULL);
	return t->flags & TRANSPORT_WAY;
}

static int
way_check_transport(const struct transport *t, const struct dial *dial,
    struct why *why)
{
	const char *option = dial->link->via != NULL ? "via" :
	    way_header(dial) != NULL ? "proxy-protocol" :
	    way_starttls(dial) != NULL ? "starttls" :
	    dial->link->via_auth != NULL ? "via-auth" : NULL;

	if (option != NULL && !way_goes(t))
		return why_fail(why, FAULT_USAGE, "%s= is for connections by "
		    "TCP that we make, not for %s", option, t->usage);
	if (way_starttls(dial) != NULL && t->over == NULL)
		return why_fail(why, FAULT_USAGE, "starttls=%s: %s:// has no "
		    "TLS to start; write tls://", way_starttls(dial)->name,
		    t->name);
	if (dial->link->via_auth != NULL && dial->link->via == NULL)
		return why_fail(why, FAULT_USAGE, "via-auth= without via=: "
		    "there is no proxy to log in at");
	return 0;
}

/* A zone (RFC 4007 11) is of this host alone. */
static int
way_check_hosts(const struct via *via, const struct url *endpoint,
    struct why *why)
{
	const char *host = NULL;
	size_t i;

	for (i = 1; i <= via->n && host == NULL; i++) {
		host = i < via->n ? via->hop[i].url.host : endpoint->host;
		if (strchr(host, '%') == NULL)
			host = NULL;
	}
	if (host == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "via=: a proxy does not know the "
	    "interface in %.60s", host);
}

int
way_prepare(const struct transport *t, struct dial *dial, struct why *why)
{
	struct via_login *logins;

	way_forget(dial);
	if (dial->accepts && (dial->link->via != NULL ||
	    way_header(dial) != NULL || way_starttls(dial) != NULL))
		return why_fail(why, FAULT_USAGE, "via=, proxy-protocol= and "
		    "starttls= are for connections that we make, and here "
		    "peers connect to us");
	if (way_check_transport(t, dial, why) == -1)
		return -1;
	if (dial->link->via == NULL)
		return 0;
	dial->via = via_new(dial->link->via, why);
	if (dial->via == NULL)
		return -1;
	logins = via_logins(dial->via, dial->link->via_auth, why);
	if (logins != NULL &&
	    way_check_hosts(dial->via, dial->url, why) == 0) {
		via_logins_free(dial->via, logins);
		return 0;
	}
	via_logins_free(dial->via, logins);
	way_forget(dial);
	return -1;
}

void
way_forget(struct dial *dial)
{
	via_free(dial->via);
	dial->via = NULL;
}
