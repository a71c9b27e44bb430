/*
 * The side that waits: a session whose endpoint peers connect to.  Its
 * sockets stand from the moment that it is opened until it ends, whatever
 * becomes of peers, so that none meets a moment in which it is refused.
 *
 * accept=one: a peer is the session's link, and the next one waits for its
 * end in the kernel's queue.  For several at a time see peers.h.
 */
#ifndef SESSION_LISTEN_H
#define SESSION_LISTEN_H

#include "session/session.h"

/*
 * In the session's directory dir_fd, which is hidden yet: what a session that
 * waits has there.  0, or -1 + why.  For one that dials there is nothing.
 */
int listen_make(struct session *s, int dir_fd, struct why *why);
/* Have the sockets made, or, where they stand, wait for a peer. */
void listen_start(struct session *s, const char *reason);
/* Do they stand?  Never for a session that dials. */
bool listen_stands(const struct session *s);
/* The peer is gone, `reason` says how; they stand: wait for the next. */
void listen_again(struct session *s, const char *reason);
/* Take another peer, if it is time. */
void listen_take(struct session *s);
/*
 * Take no more peers, and have those of accept=each end as session_close()
 * has a session end; it is called for s when the last is gone.  False: there
 * are none.
 */
bool listen_drain(struct session *s);
/* Close them, and let go of all peers but the session's link. */
void listen_close(struct session *s);
/* The same for good. */
void listen_clear(struct session *s);
/* An option was set. */
void listen_set(struct session *s, const char *key, const char *value);
/* The addresses in use, as listener_text(). */
char *listen_text(const struct session *s, char *out, size_t size);
/* Call it for each peer that is a session of its own (accept=each). */
void listen_each(const struct session *s,
    void (*call)(struct session *peer, void *arg), void *arg);
/* How many peers there are. */
size_t listen_peers(const struct session *s);
/*
 * Those of the engine before go on; those that ended with it are told of.  For
 * the next one: is none of them in the middle of something?
 */
void listen_go_on(struct session *s);
bool listen_is_quiet(const struct session *s);

#endif
