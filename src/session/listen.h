/*
 * The side that waits: a session whose endpoint peers connect to.  Its
 * sockets stand from the moment that it is opened until it ends, whatever
 * becomes of peers, so that none meets a moment in which it is refused.
 *
 * accept=one: a peer is the session's link, and the next one waits for its
 * end in the kernel's queue.
 */
#ifndef SESSION_LISTEN_H
#define SESSION_LISTEN_H

#include "session/session.h"

/* Have the sockets made, or, where they stand, wait for a peer. */
void listen_start(struct session *s, const char *reason);
/* Do they stand?  Never for a session that dials. */
bool listen_stands(const struct session *s);
/* The peer is gone, `reason` says how; they stand: wait for the next. */
void listen_again(struct session *s, const char *reason);
/* Close them and let go of all peers but the session's link. */
void listen_clear(struct session *s);
/* The addresses in use, as listener_text(). */
char *listen_text(const struct session *s, char *out, size_t size);
/* How many peers there are. */
size_t listen_peers(const struct session *s);

#endif
