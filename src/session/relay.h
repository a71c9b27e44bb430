/*
 * Relays: a stream with connections=each.  Every client of `sock' and of the
 * front doors (door.h) gets a link of its own, dialled when it comes:
 *
 *	client ─▶ to_peer ─▶ link ─▶ peer
 *	client ◀─ to_client ◀─ link ◀─ peer
 *
 * What holds at all times:
 * 1. Nothing is taken from one side unless the other has room, and what was
 *    taken and not passed on is at most one pipe full or 64 KiB a direction.
 * 2. An end of file is passed on when all bytes before it are, and the other
 *    direction stays.
 * 3. A reset, or a link that broke, becomes a reset of the other side, after
 *    the bytes that came before it: nobody takes half of a stream for a whole.
 * 4. A relay over which nothing passes holds no buffer and no pipe.
 */
#ifndef SESSION_RELAY_H
#define SESSION_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "session/session.h"

/* Is it such a session?  Then make what it needs. */
void relay_init(struct session *s);
bool relay_each(const struct session *s);
/* All at once, each by a reset; and what relay_init() made. */
void relay_clear(struct session *s);
/*
 * A client (a connected socket, taken over): one more.  Is it the guest of a
 * door, which is then told that it has left?
 */
void relay_new(struct session *s, int fd, bool guest);
/* The same of a guest who has come by a link (taken over), as TLS is. */
void relay_new_link(struct session *s, struct link *l);
/* Those of a former engine that had nothing under way. */
void relay_inherit(struct session *s);
/* Would anything be lost, or somebody, if another engine took over now? */
bool relay_is_busy(const struct session *s);
/*
 * In any other session: this link (taken over) and a socket, whose other end
 * can be a channel; that end, or -1.
 */
int relay_bridge(struct session *s, struct link *l);
/* Bytes that were held for the record may go on. */
void relay_go_on(struct session *s);
/* How many there are; how many had to be turned away for want of a peer. */
size_t relay_count(const struct session *s);
uint64_t relay_unserved(const struct session *s);

#endif
