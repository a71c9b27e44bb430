#include <stdio.h>
#include <string.h>

#include "keeper/keeper.h"
#include "transport/transport.h"

#define TRANSPORT(name) extern const struct transport transport_##name;
#include "transport_list.h"
#undef TRANSPORT

#define TRANSPORT(name) &transport_##name,
const struct transport *const transport_table[] = {
#include "transport_list.h"
	NULL
};
#undef TRANSPORT

const struct transport *
transport_find(const char *name, struct why *why)
{
	char known[200] = "";
	size_t i;

	for (i = 0; transport_table[i] != NULL; i++) {
		if (strcmp(transport_table[i]->name, name) == 0)
			return transport_table[i];
		strlcat(known, i ? ", " : "", sizeof(known));
		strlcat(known, transport_table[i]->name, sizeof(known));
	}
	why_fail(why, FAULT_USAGE,
	    "\"%.40s\" is not a kind of endpoint; there are %s", name, known);
	return NULL;
}

int
transport_check(const struct transport *t, const struct url *url,
    struct why *why)
{
	const char *protocol = t->flags & TRANSPORT_DATAGRAM ? "udp" : "tcp";

	if (t->available != NULL && t->available(why) == -1)
		return why_prefix(why, "%s", t->usage);
	if (t->check != NULL)
		return t->check(url, why);
	if (url->host == NULL)
		return why_fail(why, FAULT_USAGE, "\"%.80s\" is not of the "
		    "form %s", url->text, t->usage);
	if (url->port == NULL)
		return why_fail(why, FAULT_USAGE, "\"%.80s\" names no port; "
		    "write %s", url->text, t->usage);
	if (*url->rest != '\0')
		return why_fail(why, FAULT_USAGE, "\"%.80s\": nothing may "
		    "follow the port; write %s", url->text, t->usage);
	if (strspn(url->port, "0123456789") != strlen(url->port) &&
	    keeper_service(url->port, protocol) == 0)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": port %.40s is no "
		    "number and no service in /etc/services", url->text,
		    url->port);
	if (t->accepts == NULL && strcmp(url->port, "0") == 0)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": nothing can be "
		    "reached at port 0", url->text);
	return 0;
}
