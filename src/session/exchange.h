/*
 * Exchanges: a session whose framing cuts messages.
 *
 *	channel ─▶ intake: the framing finds a request's end
 *	               │ exchange
 *	               ▼
 *	             pool: the queue, and a wire that is free
 *	               │
 *	               ▼
 *	             wire: the request goes to its link
 *	               │
 *	               ▼
 *	             reply: the framing finds its end
 *	               │
 *	               ▼
 *	           dialogue ─▶ channel: delivered, in the order of the requests
 *
 * What holds at all times:
 * 1. An exchange is in exactly one of: its dialogue's hands (being cut, or an
 *    answer of our own waits to be delivered), the pool's queue, a wire.
 * 2. A dialogue's exchanges are answered in their order, and all that are on a
 *    wire are on the same one.
 * 3. The reply that a wire reads is that of the first exchange on it.
 * 4. An exchange without a dialogue (its client has gone) stays on its wire
 *    until its reply has been read and dropped.
 * 5. A byte of a request is dropped here only when it has been sent and the
 *    request cannot be sent again, or when its client is told.
 *
 * Nobody is freed inside his own callback: wires and dialogues that have ended
 * are kept aside until the turn's end (pool_work).
 */
#ifndef SESSION_EXCHANGE_H
#define SESSION_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/chunk.h"
#include "base/ledger.h"
#include "base/loop.h"
#include "base/why.h"
#include "channel/channel.h"
#include "framing/framing.h"
#include "session/session.h"
#include "transport/link.h"

/* So much of a channel's requests is taken before they are sent. */
#define EXCHANGE_HELD ((size_t)64 * 1024)
/* ... and so many have not ended: wait, are sent, or have an unread answer. */
#define EXCHANGE_MOST ((size_t)4096)
/* So much of a reply that nobody waits for is read to keep its link. */
#define EXCHANGE_DRAIN ((uint64_t)1024 * 1024)

struct dialogue;
struct wire;

/* What a channel has to do with the datagram that is being delivered. */
enum post {
	POST_NONE,
	POST_DUE,               /* it is to have it */
	POST_BEGUN,             /* it has some of it, see post_done */
	POST_VOID,              /* it wants it no more, */
	POST_VOID_REST,         /* ... or not the rest of it */
};

/* How the newest exchange has ended: the fact `last`. */
enum exchange_last {
	LAST_NONE,
	LAST_COMPLETE,
	LAST_TRUNCATED,         /* its reply was cut short */
	LAST_ERROR,             /* no reply, and the request had no effect */
	LAST_UNCERTAIN,         /* sent, no reply: it may have had one */
	LAST_CANCELLED,         /* nobody waited for the reply any more */
	LAST_NLASTS
};

enum exchange_phase {
	EXCHANGE_CUT,           /* its request is being taken */
	EXCHANGE_QUEUED,        /* waits for a wire */
	EXCHANGE_SENT,          /* on a wire, perhaps not yet wholly sent */
	EXCHANGE_ANSWERED,      /* `bytes` is an answer of our own */
};

struct exchange {
	TAILQ_ENTRY(exchange) entry;            /* of its dialogue */
	TAILQ_ENTRY(exchange) queued;           /* of the pool or a wire */
	struct session *s;
	enum exchange_phase phase;
	struct dialogue *d;     /* NULL: nobody waits for the reply */
	struct wire *w;         /* NULL: on none */
	struct message request; /* what the framing says of it */
	struct buf bytes;       /* the request; see `streaming` */
	size_t sent;            /* of them, from the front */
	size_t shown;           /* of them, to whoever looks on (mirror.h) */
	uint64_t mark;          /* of these */
	bool whole;             /* all of the request is here, or was */
	bool streaming;         /* bytes go as they are sent: never resent */
	bool begun;             /* a byte of the reply has come */
	bool delivering;        /* the channel has begun the reply, */
	bool told;              /* ... and it is we who tell the ledger */
	bool dropping;          /* the reply is dropped as it comes */
	bool greeting;          /* no exchange: the peer speaks first */
	bool resent;
	bool failed;            /* with an answer of our own, or cut short */
	int64_t since_ms;       /* of the phase, or of the newest byte */
	enum exchange_last last;
	struct why why;         /* of a failure */
};

TAILQ_HEAD(exchange_list, exchange);

/* One channel's exchanges. */
struct dialogue {
	TAILQ_ENTRY(dialogue) entry;            /* of the pool */
	struct session *s;
	struct channel *channel;        /* owned */
	struct ledger_row *row; /* its channel's; ledger_none(): nobody's */
	struct framer framer;           /* of the request being cut */
	struct exchange *cutting;       /* NULL: none has begun */
	struct exchange_list exchanges; /* unanswered, in order */
	size_t nopen;                   /* of these */
	size_t nsent;                   /* of these, on a wire: `on` */
	struct wire *on;
	struct wire *wire;              /* connections=each: its own */
	struct exchange *tunnel;        /* what comes next is its, for good */
	TAILQ_ENTRY(dialogue) looked;   /* pool_look() */
	bool looking;
	struct message reply;           /* the newest */
	size_t held;            /* bytes of requests taken and not sent */
	bool after_cr;          /* crlf: the last byte taken was a CR */
	bool asked;             /* a request has begun since the last reply
				   ended: its reader has done with it */
	bool skipping;          /* what is left of a request that was answered
				   before its end is dropped */
	size_t muddled;         /* bytes of the answer to what was broken:
				   while nobody has begun it, what comes
				   belongs to that and is dropped */
	bool writing;           /* it is, most likely: that answer waits */
	bool finished;          /* the client sends no more */
	bool gone;              /* the client is; dialogue_turn() ends it */
	bool closing;           /* ends when its last answer is delivered */
	bool ended;             /* to be freed at the end of the turn */
	bool inherits;          /* requests of a former engine's, see heir.h */
	struct heir_flush *flush;       /* ... and drops the rest of one */
	bool quiet;             /* a reply that says no is not delivered: */
	struct buf quiet_first; /* what came before that was known */
	bool refused;           /* ... and it did say no */
	enum post post;         /* framing=datagram */
	size_t post_done;       /* bytes of it that the channel has */
	uint64_t missed;        /* with slow=drop */
	int64_t taken_ms;       /* when the newest byte was taken */
	struct timer silence;   /* framing idle: ends the request; and `writing`
				   ends with it */
	uint64_t nexchanges;
	enum exchange_last last;
	struct why why;         /* the newest failure */
	/* An exchange has ended, see `last`, or the dialogue has (why). */
	void (*told)(struct dialogue *d, void *arg);
	/* NULL, or: one of its requests is about to go to a peer. */
	void (*sends)(void *arg);
	void *arg;
	struct private *private;        /* ch/ID; NULL: none */
};

/* One link, and the exchanges on it. */
struct wire {
	TAILQ_ENTRY(wire) entry;        /* of the pool */
	struct session *s;
	struct link *link;              /* NULL: gone */
	bool up;
	struct ledger_row *row; /* NULL: it does not outlive us */
	struct exchange_list exchanges; /* in the order of their requests */
	size_t nexchanges;              /* of these */
	struct exchange *sending;       /* the first not wholly sent, or NULL */
	struct framer framer;           /* of the reply being cut */
	bool cutting;                   /* ... there is one */
	struct chunk *chunk;            /* bytes from the peer */
	uint64_t mark;                  /* of these, see mirror.h */
	bool drained;                   /* the last read took all there was */
	size_t cut;                     /* of them, belong to the reply */
	uint64_t dropped;               /* of a reply that nobody waits for */
	bool blocked;                   /* the channel takes no more now */
	bool resumed;                   /* ... it may again: to be looked at */
	int64_t blocked_ms;             /* since when, nothing delivered; 0 */
	bool deaf;                      /* the peer takes no more */
	bool last;                      /* carries no further exchange */
	bool failed;                    /* it ends with the turn, see why */
	bool posting;                   /* chunk has a datagram for all */
	bool hurt;                      /* datagrams have not arrived */
	int64_t hurt_ms;
	struct dialogue *owner;         /* connections=each; else NULL */
	uint64_t carried;               /* exchanges ended on it */
	int64_t up_ms;
	int64_t asked_us;               /* when its first request was sent */
	struct why why;
	struct watch readable, writable;
	struct timer deadline;          /* connecting; then idle= */
	struct timer silence;           /* framing idle: ends the reply */
};

struct pool {
	struct framing_choice framing;
	bool unpaired;                  /* FRAMING_UNPAIRED, see post.c */
	int connections;                /* 0: each dialogue its own */
	struct exchange_list queue;
	TAILQ_HEAD(, wire) wires;
	TAILQ_HEAD(, dialogue) dialogues;
	TAILQ_HEAD(, wire) dead_wires;          /* to be freed, see above */
	TAILQ_HEAD(, dialogue) dead_dialogues;
	TAILQ_HEAD(, dialogue) looking;
	struct dialogue *own;           /* the default channel's */
	bool resumed;                   /* some wire is */
	struct deferred work;
	struct timer backoff;           /* before the next link is tried */
	struct timer deadline;          /* of the earliest that waits */
	int64_t due_ms;
	bool renewing;                  /* all links go, others are made */
	size_t nopen;                   /* exchanges that have not ended */
	uint64_t nexchanges, nresent;
	uint64_t nended[LAST_NLASTS];   /* of these, so */
	char greeting[128];             /* the peer's, its first line */
};

/* --- exchange.c --- */

/* For this dialogue; NULL: nobody waits for its reply. */
struct exchange *exchange_new(struct session *s, struct dialogue *d);
/* Bytes that all there are take up, but for their buffers. */
size_t exchange_memory(void);
/* Off every list, and free it. */
void exchange_free(struct exchange *x);
/* Put it at the end of the pool's queue, or (again) at its front. */
void exchange_queue(struct exchange *x, bool again);
/*
 * It has ended without the peer's reply, or with half of one, and the client
 * is told, as its framing can.  `code` is HTTP's; 0: what fits the fault.
 */
void exchange_fail(struct exchange *x, enum exchange_last last, int code,
    const struct why *why);
/* Its reply, or answer, is delivered: tell, and free it. */
void exchange_finish(struct exchange *x);
/* May it be sent once more, after a link died without a byte of its reply? */
bool exchange_may_resend(const struct exchange *x);
/* Would it do no harm if it had been carried out, and is sent again? */
bool exchange_harmless(const struct exchange *x);
const char *exchange_last_name(enum exchange_last last);

/* --- dialogue.c --- */

/* Begin: requests are taken from now on.  The channel is taken over. */
struct dialogue *dialogue_new(struct session *s);
/* Its channel, made with this owner; taken over. */
void dialogue_owner(struct dialogue *d, struct channel_owner *owner);
void dialogue_begin(struct dialogue *d, struct channel *c);
/*
 * Its client is gone, or it is told to go: what was asked and not sent is
 * dropped, what is on a wire is read to its end and dropped.
 */
void dialogue_end(struct dialogue *d);
void dialogue_free(struct dialogue *d);
/* Anything may have changed: deliver, take, derive interest. */
void dialogue_turn(struct dialogue *d);
/*
 * Bytes of the reply to x: how many were taken (of a dialogue that is gone
 * all are, and dropped), or -1: not now, dialogue_turn() will tell the wire.
 */
ssize_t dialogue_deliver(struct exchange *x, const void *data, size_t size);
/* Its client has gone; the end comes with the turn's. */
void dialogue_gone(struct dialogue *d, const char *error);
/* Take all requests that its channel has now. */
void dialogue_drain(struct dialogue *d);
/* Drop what has been asked and not sent, and all unread replies: bytes. */
uint64_t dialogue_discard(struct dialogue *d);

/* --- intake.c --- */

/* Would what comes next be understood, and is there room for it? */
bool intake_takes(struct dialogue *d);
/* Take what there is, once; false: nothing more for now. */
bool intake_read(struct dialogue *d);
/* Does this answer wait until its client has written what was broken? */
bool intake_lets_write(const struct exchange *x);
/* The request being cut is given up: it has waited too long for its rest. */
void intake_give_up(struct dialogue *d);

/* --- wire.c --- */

/* Start a link; for `owner` alone where that is not NULL. */
struct wire *wire_new(struct session *s, struct dialogue *owner);
/* One that a former engine had, at rest; fd is taken over. */
void wire_inherit(struct session *s, int fd);
/* Read what there is, deliver what can be. */
void wire_turn(struct wire *w);
/* The channel may take more of the reply: at the end of the turn. */
void wire_resume(struct wire *w);
/* What is of interest now; derived here and nowhere else. */
void wire_want(struct wire *w);
/* Nothing is on it: for how long may that be? */
void wire_rest(struct wire *w);

/* --- wire_send.c --- */

/* Has it room for one more exchange, of this dialogue? */
bool wire_takes(const struct wire *w, const struct dialogue *d);
/* Send it, now or when there is room. */
void wire_send(struct wire *w, struct exchange *x);
/* More of the request that it is sending has come. */
void wire_write(struct wire *w);
/* All of them: what the record has held back may go on. */
void wire_go_on(struct session *s);

/* --- wire_end.c --- */

/* It is good for nothing, see w->why: it ends with the turn, */
void wire_fail(struct wire *w);
/* ... in which this is called. */
void wire_end_failed(struct wire *w);
/* Its first reply takes too long to come, or (cancel) to be read. */
void wire_timeout(struct wire *w);
void wire_cancel(struct wire *w);
/*
 * Close it.  What is on it is sent again or fails by the rules; `why` says why
 * (NULL: closed in order, by us or the peer).
 */
void wire_end(struct wire *w, const struct why *why);
void wire_free(struct wire *w);
/* No more will be asked on it: before its end, where there is time for one. */
void wire_farewell(struct wire *w);

/* --- post.c: framing=datagram --- */

/*
 * The datagram being cut is whole: may it be so long?  If not it is refused,
 * alone, but for the rest of a write that was longer than the pipe, which is
 * dropped as it comes.
 */
bool post_fits(struct dialogue *d);
/* Is there more to come of a write, of which `size' bytes were there? */
bool post_goes_on(const struct dialogue *d, size_t size);
/* It is sent: done with, or a reply is awaited. */
void post_sent(struct wire *w, struct exchange *x);
/* Datagrams have not arrived, see w->why; the link stays. */
void post_hurt(struct wire *w);
/* What is on the wire has its limits of time. */
void post_late(struct wire *w);
/* One step of what comes; false: there is no more to do now. */
bool post_step(struct wire *w);
/* A channel may take more, or has gone. */
void post_resume(struct session *s);
/* It wants no more of the one that is being delivered. */
void post_void(struct dialogue *d);
/* Drop all that have come and were not read: how many bytes. */
uint64_t post_discard(struct session *s);

/* --- reply.c --- */

/* Read from the link into the chunk; false: nothing more for now. */
bool reply_take(struct wire *w);

/* One step of what has come; false: there is no more to do now. */
bool reply_step(struct wire *w);

/* --- pool.c --- */

/* The options have been checked. */
int pool_init(struct session *s, struct why *why);
void pool_clear(struct session *s);
/* All dialogues and links end, at once; the pool stays until pool_clear(). */
void pool_stop(struct session *s);
/* Dial, where the options say so. */
void pool_start(struct session *s);
/* Have pool_work() done at the end of the turn. */
void pool_turn(struct session *s);
/* ... and dialogue_turn() of this one in it. */
void pool_look(struct dialogue *d);
/* A link is up; could not be made (why); has ended. */
void pool_wire_up(struct wire *w);
void pool_wire_failed(struct wire *w);
void pool_wire_ended(struct wire *w, const struct why *why);
/* It will not retry by itself. */
void pool_give_up(struct session *s, const char *reason);
/* The session's state from its wires'; the reason is for the log. */
void pool_enter(struct session *s, const char *reason);
/* Drop all links and dial at once. */
void pool_reconnect(struct session *s);
/* Take what clients have asked so far, before the session closes. */
void pool_drain(struct session *s);
/* wire_farewell() to each. */
void pool_farewell(struct session *s);
/* Does anything wait for an answer? */
bool pool_busy(const struct session *s);
/* Bytes between the clients and the peer. */
uint64_t pool_queued(const struct session *s);
/* A link that is up, to tell of; or NULL. */
struct link *pool_link(const struct session *s);
/* How many are. */
size_t pool_links(const struct session *s);
/* Every link that is up: link_tune(). */
void pool_tune(const struct session *s);
/* Of all dialogues: the same as dialogue_discard(). */
uint64_t pool_discard(struct session *s);

/* --- late.c --- */

/* Something waits from now on, for at most so long. */
void late_expect(struct session *s, int64_t ms);
/* Has its first exchange waited too long?  If not, it is awaited. */
void late_wire(struct wire *w);

#endif
