/*
 * Endpoints as users write them: `tls://example.org:443`, `tcp://[::1]:80`,
 * later `unix:/run/x` and `exec:bc -l`.  This file knows the forms, not which
 * schemes exist.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/why.h"

#define URL_HOST_MAX 255        /* characters; RFC 1035 2.3.4 */

struct url {
	char *text;     /* as given */
	char *scheme;   /* "tls", lower case */
	char *host;     /* without brackets; NULL in the form scheme:rest */
	char *port;     /* number or service name; NULL where none was given */
	char *rest;     /* what follows: path, command; "" where nothing does */
};

/*
 * Parse `text` into a zeroed u.  scheme://HOST[:PORT][/REST] has a host;
 * scheme:REST has none; that of a scheme-listen may be empty.  0, or -1 +
 * FAULT_USAGE (u stays zeroed).
 * Refused: no scheme, an empty host, one over URL_HOST_MAX, a port outside
 * 0..65535, control characters, unbalanced brackets, an IPv6 address without
 * brackets.
 */
int url_parse(struct url *u, const char *text, struct why *why);
/* dst (zeroed) becomes a deep copy. */
void url_copy(struct url *dst, const struct url *src);
/*
 * Take another scheme, and this port where it names none; nothing follows
 * them.  The text stays as it was given.
 */
void url_become(struct url *u, const char *scheme, const char *port);
/* Free the strings and zero u. */
void url_clear(struct url *u);

#endif
