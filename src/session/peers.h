/*
 * The peers of a session that waits, several at a time.  Each arrival has
 * timeout-connect for its handshake, and keeps nobody by it.
 *
 * accept=each: it becomes a session of its own in peers/N (session.h).
 * accept=merge: it is one of those whose hub (hub.h) is the session's link.
 */
#ifndef SESSION_PEERS_H
#define SESSION_PEERS_H

#include "session/session.h"

struct peers;

/* For accept=each or merge; dir_fd is that of peers/ (taken over), or -1. */
struct peers *peers_new(struct session *s, int dir_fd);
/*
 * Have each send what is in its `in`, and end then; the session is closed when
 * the last has.  False: there is none.
 */
bool peers_drain(struct peers *p);
/* End all, at once; a hub is the session's. */
void peers_clear(struct peers *p);
void peers_free(struct peers *p);
/* A peer has connected; the socket is taken over. */
void peers_arrived(struct peers *p, int fd);
/* Is there room for one more? */
bool peers_room(const struct peers *p);
/* How many descriptors those need who are on their way. */
size_t peers_spare(const struct peers *p);
/* How many there are, those included whose last words are yet to be read. */
size_t peers_count(const struct peers *p);
/* Call it for the session of each (accept=each). */
void peers_each(struct peers *p, void (*call)(struct session *s, void *arg),
    void *arg);
/*
 * Of each peer of the engine before that is in the ledger a session is made
 * (accept=each); how many there were that are not.  They go on when all are
 * told to.
 */
size_t peers_inherit(struct peers *p);
void peers_go_on(struct peers *p);
/* Could all be inherited as they are now? */
bool peers_are_quiet(const struct peers *p);
/* An option of the session was set: it is those of the peers, too. */
void peers_set(struct peers *p, const char *key, const char *value);

#endif
