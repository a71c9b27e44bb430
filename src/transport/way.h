/*
 * The way out: what stands between a connection and the link that is made of
 * it, as the options via=, proxy-protocol= and starttls= say.  It is gone
 * when the link is up, and the link knows nothing of it.
 */
#ifndef TRANSPORT_WAY_H
#define TRANSPORT_WAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/url.h"
#include "base/why.h"

struct dial;
struct link;
struct prelude_ends;
struct prelude_kind;
struct transport;
struct way;

/*
 * Look at the options: does the transport go by them, can the file of
 * via-auth= be used?  Fills dial->via.  0, or -1 + why.
 */
int way_prepare(const struct transport *t, struct dial *dial,
    struct why *why);
void way_forget(struct dial *dial);

/* What proxy-protocol= and starttls= ask for; NULL: nothing. */
const struct prelude_kind *way_header(const struct dial *dial);
const struct prelude_kind *way_starttls(const struct dial *dial);
/*
 * Whom the first connection is to: a proxy, or the endpoint itself; NULL +
 * why where via= means nothing.
 */
const struct url *way_first(struct dial *dial, struct why *why);
/* Does starttls= hear the greeting of the server, which comes only once? */
bool way_hears_greeting(const struct dial *dial);

/*
 * The client at the other end of this socket and the address that it has
 * called, where proxy-protocol= wants to know and they are of TCP; the caller
 * frees.  Else NULL.
 */
struct prelude_ends *way_client(const struct dial *dial, int fd);

/*
 * What is to be said on the connection of `l', the bottom of a stack, whose
 * descriptor is there, and which is made for `client' (NULL: for us).  1 and
 * NULL in *out: nothing; 1; or -1 + link_fail().
 */
int way_new(struct link *l, const struct prelude_ends *client,
    struct way **out);
/* As advance() of a transport. */
int way_advance(struct way *way, struct link *l);
/* Who is to speak, "proxy socks5://127.0.0.1:1080"; NULL: nobody. */
const char *way_waits_for(const struct way *way);
void way_free(struct way *way);

#endif
