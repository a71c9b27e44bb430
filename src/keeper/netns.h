/*
 * Network namespaces: which one a socket or a look-up belongs to.  Linux's
 * alone; elsewhere there is one, and a name is refused.
 */
#ifndef KEEPER_NETNS_H
#define KEEPER_NETNS_H

#include "base/why.h"

/* Whether this system has them; else `why` says so, FAULT_USAGE. */
int netns_available(struct why *why);

/*
 * Go into the namespace `netns`, a name of ip-netns(8) or the path of a
 * namespace file (/proc/PID/ns/net); NULL: stay.  0, or -1 + FAULT_CONNECT,
 * and we are where we were.  Must be paired with netns_leave().
 */
int netns_enter(const char *netns, struct why *why);
/* Back again.  Where that cannot be, the process ends: nothing it did from
   here on would be done in the right place. */
void netns_leave(void);

/*
 * For a short-lived child: into the namespace for good, and see its own
 * resolv.conf and the like, as ip-netns-exec(8) has them: the files in
 * /etc/netns/NAME lie over those of /etc.  0, or -1 + FAULT_CONNECT, also
 * where there are such files and that cannot be.
 */
int netns_live_in(const char *netns, struct why *why);

#endif
