#include <stddef.h>

#include "keeper/netns.h"

int
netns_available(struct why *why)
{
	return why_fail(why, FAULT_USAGE, "network namespaces are Linux's; "
	    "this build has none");
}

int
netns_enter(const char *netns, struct why *why)
{
	return netns == NULL ? 0 : netns_available(why);
}

void
netns_leave(void)
{
}

int
netns_live_in(const char *netns, struct why *why)
{
	return netns_enter(netns, why);
}
