/*
 * The option via=: proxies in the order in which they are gone through, and
 * who we are to each of them.
 */
#ifndef TRANSPORT_VIA_H
#define TRANSPORT_VIA_H

#include <stddef.h>

#include "base/url.h"
#include "base/why.h"
#include "transport/prelude.h"

#define VIA_MAX 8
#define VIA_LOGIN_MAX 255       /* RFC 1929 2 */

/* The kinds of proxy, by scheme; NULL-terminated. */
extern const struct prelude_kind *const via_kinds[];

struct via_hop {
	const struct prelude_kind *kind;
	struct url url;
	char *user;             /* of USER@; NULL: none */
};

struct via {
	size_t n;
	struct via_hop hop[];
};

/* As via= says it; NULL + FAULT_USAGE that says what would be right. */
struct via *via_new(const char *text, struct why *why);
void via_free(struct via *v);
/* The check of the option. */
int via_check(const char *text, struct why *why);

/* Who we are to a proxy; secret. */
struct via_login {
	char user[VIA_LOGIN_MAX + 1];
	char password[VIA_LOGIN_MAX + 1];
	bool given;
};

/*
 * One for each hop, of its USER@ and of the file that via-auth= names (NULL:
 * none), which has a line USER:PASSWORD for each, in order; an empty line is
 * none.  NULL + FAULT_REFUSED with a sentence that gives nothing away.
 */
struct via_login *via_logins(const struct via *v, const char *path,
    struct why *why);
void via_logins_free(const struct via *v, struct via_login *logins);

/* "443" or "https" as a number; 0: neither. */
uint16_t via_port(const char *port);

#endif
