/*
 * The fan: further channels of a stream.  Each is a branch, which gets a
 * complete copy of what the peer says from then on, at its own pace, and what
 * it sends joins what goes to the peer.
 *
 * The bytes from the peer are in flow.to_client's chunk; each branch keeps how
 * far it is in it, and the chunk goes on when all are through (slow=block), or
 * when the others are (slow=drop, to branches only).
 */
#ifndef SESSION_FAN_H
#define SESSION_FAN_H

#include "channel/channel.h"
#include "session/session.h"

struct branch {
	TAILQ_ENTRY(branch) entry;
	struct session *s;
	struct channel *channel;        /* owned */
	uint32_t done;                  /* bytes of the chunk that it has */
	uint64_t missed;                /* in this stretch, with slow=drop */
	bool finished;                  /* its client sends no more */
	bool gone;                      /* to be ended soon */
	struct private *private;        /* ch/ID; NULL: none */
};

struct branch *fan_new(struct session *s);
/* Its channel, made with this owner; taken over. */
void fan_owner(struct branch *b, struct channel_owner *owner);
void fan_begin(struct branch *b, struct channel *c);
/* End it, at the end of the turn. */
void fan_end(struct branch *b);
/* End all at once. */
void fan_clear(struct session *s);

/* Are there any? */
bool fan_is_there(const struct session *s);
/* A fresh chunk has come. */
void fan_fresh(struct session *s);
/*
 * Give each what it has not got of the chunk.  How many bytes from its end
 * the slowest that has to be waited for is away.
 */
uint32_t fan_deliver(struct session *s, const struct chunk *c);
/* May branches send now, or make a link by it? */
void fan_want(struct session *s, bool sending);
/* Bytes from them that have not been taken. */
size_t fan_waiting(const struct session *s);
/* Drop these, and what they have not read: how many bytes. */
size_t fan_discard(struct session *s);
/* Make FIFOs small again that were enlarged; true when all are. */
bool fan_shrink(struct session *s);

#endif
