/*
 * Who may come in by a front door: allow= and deny=, lists of networks and
 * users.  Pure functions of an address.
 *
 * Of all the entries that fit a client the longest network decides, whatever
 * the order they stand in, and deny where the same is in both lists; a user is
 * as long as can be.  A client that none fits comes in where nothing is
 * allowed in particular.
 */
#ifndef SESSION_ACCESS_H
#define SESSION_ACCESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"

struct access_rule {
	bool allow;
	int family;             /* AF_INET6, IPv4 mapped into it; AF_UNIX */
	unsigned bits;          /* of the address that count, to 128 */
	struct in6_addr address;
	uid_t uid;
};

struct access {
	struct access_rule *rules;
	size_t n;
	bool some_allowed;      /* allow= has entries */
};

/* Who has come: an address of a network, or the user at a unix socket. */
struct access_client {
	const struct sockaddr *address;
	uid_t uid;
};

/*
 * Two lists, separated by blanks or commas, either may be NULL: 10.0.0.0/8,
 * 192.0.2.1, 2001:db8::/32, [::1], uid:NAME, uid:1000.  0, or -1 + FAULT_USAGE
 * and nothing in it.
 */
int access_parse(struct access *a, const char *allow, const char *deny,
    struct why *why);
void access_clear(struct access *a);
bool access_allows(const struct access *a, const struct access_client *who);

#endif
