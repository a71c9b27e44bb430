#include <arpa/inet.h>
#include <stdlib.h>

#include "session/access.h"
#include "tap.h"

/* Does this client, an address or "uid:N", come in? */
static bool
allows(const char *allow, const char *deny, const char *client)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	struct access_client who = { (struct sockaddr *)&ss, (uid_t)-1 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	struct access a;
	struct why why;
	bool in;

	if (strncmp(client, "uid:", 4) == 0)
		who.uid = (uid_t)atoi(client + 4);
	else if (inet_pton(AF_INET, client, &v4->sin_addr) == 1)
		ss.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, client, &v6->sin6_addr) == 1)
		ss.ss_family = AF_INET6;
	if (access_parse(&a, allow, deny, &why) == -1) {
		printf("# %s\n", why.text);
		return false;
	}
	in = access_allows(&a, &who);
	access_clear(&a);
	return in;
}

static void
test_rows(void)
{
	static const struct {
		const char *allow, *deny, *client;
		bool in;
		const char *name;
	} rows[] = {
		{ NULL, NULL, "192.0.2.1", true, "no list keeps nobody out" },
		{ "", "", "192.0.2.1", true, "nor does an empty one" },
		{ "10.0.0.0/8", NULL, "10.255.0.1", true, "allowed" },
		{ "10.0.0.0/8", NULL, "11.0.0.1", false,
		    "who is not allowed stays out where some are" },
		{ NULL, "10.0.0.0/8", "10.255.0.1", false, "denied" },
		{ NULL, "10.0.0.0/8", "11.0.0.1", true,
		    "who is not denied comes in where none is allowed" },
		{ "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", false,
		    "the longer network decides: deny" },
		{ "10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", true,
		    "the longer network decides: allow" },
		{ "10.1.0.0/16", "10.0.0.0/8", "10.2.2.3", false,
		    "and beside it the shorter" },
		{ "10.0.0.0/8", "10.0.0.0/8", "10.0.0.1", false,
		    "of two that are as long deny decides" },
		{ "0.0.0.0/0", "192.0.2.1", "192.0.2.1", false,
		    "a host is longer than any network" },
		{ "192.0.2.128/25", NULL, "192.0.2.127", false,
		    "a network ends where it ends" },
		{ "192.0.2.128/25", NULL, "192.0.2.128", true,
		    "and begins where it begins" },
		{ "10.0.0.0/8", NULL, "::ffff:10.0.0.1", true,
		    "IPv4 mapped into IPv6 is IPv4" },
		{ "0.0.0.0/0", NULL, "2001:db8::1", false,
		    "all of IPv4 is not all of IPv6" },
		{ "::/0", NULL, "10.0.0.1", true,
		    "all of IPv6 has IPv4 mapped into it" },
		{ "2001:db8::/33", NULL, "2001:db8:7fff::1", true, "IPv6" },
		{ "2001:db8::/33", NULL, "2001:db8:8000::1", false,
		    "IPv6, beyond its end" },
		{ "[2001:db8::1]", NULL, "2001:db8::1", true, "brackets" },
		{ "192.0.2.1, 192.0.2.2\t192.0.2.3", NULL, "192.0.2.3", true,
		    "blanks and commas separate" },
		{ "uid:0", NULL, "uid:0", true, "a user" },
		{ "uid:0", NULL, "uid:1", false, "another user" },
		{ NULL, "uid:1", "uid:1", false, "a user denied" },
		{ "0.0.0.0/0 ::/0", NULL, "uid:0", false,
		    "networks say nothing of users" },
		{ "uid:0", NULL, "127.0.0.1", false,
		    "nor users of networks" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(allows(rows[i].allow, rows[i].deny, rows[i].client) ==
		    rows[i].in, rows[i].name);
}

static void
test_bad(void)
{
	static const char *const bad[] = { "x", "10.0.0.1/8", "10.0.0.0/33",
		"10.0.0.0/", "10.0.0", "2001:db8::/129", "[::1", "10.0.0.0/-1",
		"uid:", "uid:no such user", "::1%lo", "1.2.3.4/32/1" };
	struct access a;
	struct why why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why.fault = FAULT_NONE;
		ok(access_parse(&a, bad[i], NULL, &why) == -1 &&
		    why.fault == FAULT_USAGE && a.rules == NULL, bad[i]);
	}
	ok(access_parse(&a, "10.0.0.0/8 nonsense", NULL, &why) == -1 &&
	    a.rules == NULL, "one that is wrong is enough");
}

int
main(void)
{
	test_rows();
	test_bad();
	return tap_done();
}
