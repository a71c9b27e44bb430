/*
 * A relay's insides: relay.c has its life, relay_dial.c reaches its peer,
 * relay_pump.c moves its bytes.
 */
#ifndef SESSION_RELAY_INTERNAL_H
#define SESSION_RELAY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "base/seldom.h"
#include "base/why.h"
#include "session/pump.h"
#include "session/relay.h"
#include "session/relay_pipe.h"

/*
 * One side.  news.readable and news.writable are presumed, from the loop's
 * word until EAGAIN.
 */
struct relay_end {
	int fd;
	struct link *link;      /* NULL: the plain socket of a client */
	struct watch news;
	bool broken;            /* reset, or worse: nothing more of it */
};

struct relay_way {
	struct relay_end *from, *to;
	uint64_t *bytes;        /* the session's: passed on */
	uint64_t mark;          /* of what is held: mirror.h */
	struct relay_pipe *pipe;        /* splice(2) goes through it; or NULL */
	uint8_t *held;          /* what `to' has not taken; or NULL */
	uint32_t start, end;    /* of it */
	bool bulk;              /* the last read was full */
	bool ended;             /* `from' has no more, and */
	bool finished;          /* ... `to' knows, or need not */
};

struct relay {
	TAILQ_ENTRY(relay) entry;
	struct session *s;
	struct relay_end client, peer;
	struct relay_way to_peer, to_client;
	bool guest;             /* of a door */
	bool bridge;            /* no peer, but a channel is the other end */
	bool up;                /* the peer's link is */
	bool broken;            /* one end is: the other will be reset */
	bool gone;              /* to be freed at the end of the turn */
	int tries;              /* to reach the peer */
	int64_t since_ms;       /* the client came, or one end broke */
	struct timer timer;     /* of reaching the peer; of resetting */
	struct deferred later;  /* goes on, or is freed */
	struct why *why;        /* while the peer is being reached */
	struct ledger_row *row; /* while both ends can outlive us; or NULL */
};

struct relays {
	TAILQ_HEAD(, relay) list;
	bool each;              /* connections=each; else it has bridges alone */
	size_t count;           /* without bridges */
	uint64_t unserved;
	uint64_t bridged;       /* bytes, which the session counts already */
	struct seldom told;     /* of clients that were not served */
};

/* --- relay.c --- */

/* Both ends are closed at once; the rest goes at the end of the turn. */
void relay_stop(struct relay *r, bool reset);
/* Move what can be moved, and see what that means. */
void relay_turn(struct relay *r);
/* This end has the descriptor now: `news' tells what happens there. */
void relay_watch(struct relay_end *e, int fd, loop_cb *news, struct relay *r);
void relay_peer_news(void *arg);

/* --- relay_dial.c --- */

/* Make the link to the peer: it is up, or tried again, or the client goes. */
void relay_dial(struct relay *r);
/* The same by one that a former engine had (taken over). */
void relay_resume(struct relay *r, int fd);

/* --- relay_pump.c --- */

/*
 * Move what can be moved.  WAIT for news; MOVED there is more to do, when
 * others have had their turn; ENDED both directions are over.
 */
enum pump relay_pump(struct relay *r);
/*
 * An end is no more.  What it has said still goes on; what was on its way to
 * it is void.
 */
enum pump relay_break(struct relay *r, struct relay_end *e);
void relay_way_clear(struct relay_way *w);
/* Has the peer's kernel everything that was passed on to this end? */
bool relay_end_is_through(const struct relay_end *e);

#endif
