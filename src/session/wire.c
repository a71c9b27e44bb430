#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/exchange.h"
#include "session/private.h"
#include "session/status.h"
#include "transport/trace.h"
#include "transport/way.h"

/* The most steps one turn takes before others have theirs. */
#define WIRE_STEPS 64
/* Where somebody looks on each byte costs more. */
#define WIRE_STEPS_MIRRORED 8

/* --- beginning --- */

static void
wire_note(void *arg, const char *text)
{
	struct wire *w = arg;

	session_log(w->s, false, "%s", text);
}

static void
wire_late(void *arg)
{
	struct wire *w = arg;

	dial_late(w->s, w->link, &w->why);
	pool_wire_failed(w);
}

static void wire_readable(void *arg);
static void wire_writable(void *arg);

/*
 * A peer that speaks first: its greeting is a reply that nobody asked for;
 * there is none where starttls= has heard it.
 */
static void
wire_greet(struct wire *w)
{
	struct pool *pool = w->s->pool;
	struct exchange *x;

	if (!(pool->framing.framing->flags & FRAMING_GREETS) ||
	    way_hears_greeting(&w->s->dial))
		return;
	/* on-connect has read it, unless there is still something to read. */
	if (w->s->options.child.on_connect != NULL && !link_holds(w->link))
		return;
	x = exchange_new(w->s, NULL);
	x->phase = EXCHANGE_SENT;
	x->w = w;
	x->whole = x->greeting = true;
	x->since_ms = loop_now_ms();
	TAILQ_INSERT_TAIL(&w->exchanges, x, queued);
	w->nexchanges++;
	pool->greeting[0] = '\0';
	late_expect(w->s, w->s->options.session.timeout);
}

/* Is its descriptor all that it is? */
static bool
wire_lives(const struct wire *w)
{
	return w->link->transport->flags & TRANSPORT_LIVES &&
	    w->owner == NULL && link_is_plain(w->link);
}

static void
wire_up(struct wire *w)
{
	w->up = true;
	if (wire_lives(w)) {
		w->row = ledger_new(LEDGER_LINK, w->s->row, "");
		w->row->fd[LEDGER_PEER] = w->link->fd;
	}
	w->up_ms = loop_now_ms();
	timer_clear(&w->deadline);
	watch_init(&w->readable, w->link->fd, LOOP_READ, wire_readable, w);
	watch_init(&w->writable, w->link->fd, LOOP_WRITE, wire_writable, w);
	if (!w->inherited)
		wire_greet(w);
	wire_rest(w);
	pool_wire_up(w);
	wire_turn(w);
}

static void
wire_changed(struct link *l, void *arg)
{
	struct wire *w = arg;

	if (l->phase == LINK_UP)
		wire_up(w);
	else if (l->phase == LINK_NEWS)
		wire_turn(w);
	else if (l->phase == LINK_FAILED)
		pool_wire_failed(w);
	else
		pool_enter(w->s, "");
}

static struct wire *
wire_alloc(struct session *s, struct dialogue *owner)
{
	struct wire *w = xcalloc(1, sizeof(*w));

	w->s = s;
	w->owner = owner;
	if (owner != NULL)
		owner->wire = w;
	TAILQ_INIT(&w->exchanges);
	TAILQ_INSERT_TAIL(&s->pool->wires, w, entry);
	timer_set(&w->deadline, s->options.link.timeout_connect, wire_late,
	    w);
	return w;
}

void
wire_inherit(struct session *s, int fd)
{
	struct wire *w = wire_alloc(s, NULL);

	w->inherited = true;
	w->carried = 1;
	w->link = link_inherit(&s->dial, fd, &(struct link_owner){
	    wire_changed, w, &w->why, wire_note });
}

struct wire *
wire_new(struct session *s, struct dialogue *owner)
{
	struct wire *w = wire_alloc(s, owner);

	dial_refresh(s);
	w->link = link_new(s->transport, &s->dial, wire_changed, w, &w->why,
	    wire_note);
	if (owner != NULL)
		link_for(w->link, owner->channel->in_fd);
	return w;
}

/* --- sending --- */

bool
wire_takes(const struct wire *w, const struct dialogue *d)
{
	const struct exchange *x = w->sending;

	if (!w->up || w->last || w->deaf ||
	    (w->owner != NULL && w->owner != d))
		return false;
	if (d->on != NULL && d->on != w)
		return false;
	if (x != NULL && !x->whole)
		return false;
	if (w->s->pool->unpaired)
		return x == NULL;
	return w->nexchanges <
	    (size_t)w->s->options.session.pipeline;
}

void
wire_send(struct wire *w, struct exchange *x)
{
	TAILQ_REMOVE(&w->s->pool->queue, x, queued);
	TAILQ_INSERT_TAIL(&w->exchanges, x, queued);
	w->nexchanges++;
	x->phase = EXCHANGE_SENT;
	x->w = w;
	x->since_ms = loop_now_ms();
	x->d->nsent++;
	x->d->on = w;
	if (w->asked_us == 0)
		w->asked_us = trace_now_us();
	if (w->sending == NULL)
		w->sending = x;
	if (w->row != NULL)
		ledger_busy(w->row, true);
	timer_clear(&w->deadline);
	/* It may have been queued behind others, and nobody has counted. */
	late_expect(w->s, w->s->options.session.timeout);
	wire_write(w);
}

/* What is of interest now; derived here and nowhere else. */
static void
wire_want(struct wire *w)
{
	const struct exchange *x = w->sending;
	bool more;

	if (w->link == NULL || !w->up)
		return;
	more = link_pending(w->link) > 0 ||
	    (x != NULL && buf_length(&x->bytes) > x->sent &&
	    !mirror_holds(w->s, x->mark));
	watch_want(&w->readable, !w->blocked && !w->link->hushed &&
	    !mirror_holds(w->s, w->mark));
	watch_want(&w->writable, more && !w->deaf && !w->link->want_read);
}

/* The request is wholly with the link: so is a tunnel's end. */
static bool
wire_sent(struct wire *w, struct exchange *x)
{
	if (!x->whole)
		return false;
	if (x->d != NULL && x->d->tunnel == x)
		link_finish(w->link);
	w->sending = TAILQ_NEXT(x, queued);
	if (w->s->pool->unpaired)
		post_sent(w, x);
	return true;
}

static void
wire_passed(struct exchange *x, size_t n)
{
	struct session *s = x->w->s;

	s->flow.to_peer.bytes += n;
	x->since_ms = loop_now_ms();
	if (x->d != NULL)
		x->d->held -= n;
	if (!x->streaming) {
		x->sent += n;
		return;
	}
	buf_drain(&x->bytes, n);
	x->shown -= n < x->shown ? n : x->shown;
	if (x->d != NULL)
		pool_look(x->d);
}

/* How much may be sent; whoever looks on sees it first. */
static size_t
wire_show(struct exchange *x)
{
	size_t left = buf_length(&x->bytes) - x->sent;

	if (!mirror_is_there(x->s))
		return left;
	if (x->shown <= x->sent) {
		x->shown = x->sent + left;
		x->mark = mirror_show(x->s, TRANSCRIPT_IN,
		    buf_peek(&x->bytes) + x->sent, left);
	}
	return mirror_holds(x->s, x->mark) ? 0 : x->shown - x->sent;
}

/* One write; false: no more for now. */
static bool
wire_write_step(struct wire *w, struct exchange *x)
{
	const uint8_t *data = buf_peek(&x->bytes);
	size_t left = buf_length(&x->bytes) - x->sent;
	ssize_t n;

	if (left == 0 && link_pending(w->link) == 0)
		return wire_sent(w, x);
	if (link_pending(w->link) > 0)
		left = 0;
	else if ((left = wire_show(x)) == 0)
		return false;
	n = link_write(w->link, left > 0 ? data + x->sent : NULL, left);
	if (n == -1 && errno != EAGAIN) {
		/* What the peer said before it hung up is still to be read. */
		w->deaf = true;
		w->link->why = NULL;
	}
	if (n > 0)
		wire_passed(x, (size_t)n);
	return n != -1;
}

void
wire_fail(struct wire *w)
{
	w->failed = w->deaf = true;
	wire_resume(w);
}

/*
 * A datagram has not arrived.  Unpaired ones go on over the same link;
 * otherwise nobody is to wait for its reply.
 */
static void
wire_hurt(struct wire *w)
{
	if (w->s->pool->unpaired)
		post_hurt(w);
	else
		wire_fail(w);
}

static void
wire_unsent(struct exchange *x, const struct why *why)
{
	struct why told = *why;

	x->s->discarded += buf_length(&x->bytes);
	exchange_fail(x, LAST_ERROR, 413, &told);
}

/* As above, of a datagram: whole, or not at all. */
static bool
wire_write_datagram(struct wire *w, struct exchange *x)
{
	size_t size = buf_length(&x->bytes);
	ssize_t n;

	if (x->sent == size)
		return wire_sent(w, x);
	if (wire_show(x) < size)
		return false;
	n = link_write(w->link, buf_peek(&x->bytes), size);
	/* What is told is of an earlier one; this was not tried. */
	if (n == -1 && errno == ECONNREFUSED) {
		wire_hurt(w);
		if (w->failed)
			return false;
		n = link_write(w->link, buf_peek(&x->bytes), size);
	}
	if (n > 0)
		wire_passed(x, (size_t)n);
	else if (errno == EMSGSIZE || errno == ECONNREFUSED)
		wire_unsent(x, &w->why);
	else if (errno != EAGAIN)
		wire_fail(w);
	return n > 0 || (errno != EAGAIN && !w->failed);
}

void
wire_write(struct wire *w)
{
	if (w->link == NULL || !w->up)
		return;
	while (w->sending != NULL && !w->deaf && (link_is_datagram(w->link) ?
	    wire_write_datagram(w, w->sending) :
	    wire_write_step(w, w->sending)))
		;
	wire_want(w);
}

void
wire_go_on(struct session *s)
{
	struct wire *w;

	TAILQ_FOREACH(w, &s->pool->wires, entry) {
		wire_write(w);
		wire_resume(w);
	}
}

/* --- receiving --- */

static void
wire_idle(void *arg)
{
	struct wire *w = arg;

	session_log(w->s, false, "closed: idle for %g s",
	    w->s->options.session.idle / 1000.0);
	wire_end(w, NULL);
}

/* Nothing is on it: for how long may that be? */
void
wire_rest(struct wire *w)
{
	int idle = w->s->options.session.idle;

	if (w->row != NULL)
		ledger_busy(w->row, w->nexchanges > 0 ||
		    chunk_length(w->chunk) > 0);
	if (idle > 0)
		timer_set(&w->deadline, idle, wire_idle, w);
}

/* What was sent is known not to have arrived, where nobody was there. */
static void
wire_end_failed(struct wire *w)
{
	struct exchange *x, *next;
	struct why why = w->why;

	for (x = TAILQ_FIRST(&w->exchanges); x != NULL &&
	    why.fault == FAULT_CONNECT; x = next) {
		next = TAILQ_NEXT(x, queued);
		if (x->sent > 0)
			exchange_fail(x, LAST_ERROR, 0, &why);
	}
	wire_end(w, &why);
}

void
wire_turn(struct wire *w)
{
	int steps = 0, most = mirror_is_there(w->s) ? WIRE_STEPS_MIRRORED :
	    WIRE_STEPS;

	if (w->link == NULL || !w->up)
		return;
	if (w->failed) {
		wire_end_failed(w);
		return;
	}
	w->blocked = false;
	while (w->link != NULL && steps++ < most && reply_step(w))
		;
	if (w->link == NULL)
		return;
	/* Others have their turn, and then this one again. */
	if (steps > most)
		wire_resume(w);
	wire_want(w);
}

void
wire_resume(struct wire *w)
{
	w->resumed = true;
	w->s->pool->resumed = true;
	pool_turn(w->s);
}

/* A layer may have had to read before it could go on writing (link.h). */
static void
wire_readable(void *arg)
{
	struct wire *w = arg;
	bool writing = w->link->want_read;

	wire_turn(w);
	if (writing)
		wire_write(w);
}

static void
wire_writable(void *arg)
{
	struct wire *w = arg;

	wire_write(w);
	/* What is held goes out though nothing else is to be sent. */
	if (w->link != NULL && w->sending == NULL &&
	    link_pending(w->link) > 0) {
		link_write(w->link, NULL, 0);
		wire_want(w);
	}
}

/* --- the end --- */

/* What becomes of a request whose link has gone. */
static void
wire_lost(struct wire *w, struct exchange *x, const struct why *why)
{
	bool reused = w->carried > 0;
	struct why told;

	if (x->d == NULL) {
		exchange_free(x);
	} else if (x->why.fault == FAULT_CANCELLED) {
		told = x->why;
		x->dropping = x->delivering;
		exchange_fail(x, LAST_CANCELLED, 0, &told);
	} else if (x->begun) {
		why_fail(&told, FAULT_PARTIAL, "the reply was cut short after "
		    "%ju bytes: %s", (uintmax_t)w->framer.length,
		    why->text);
		exchange_fail(x, LAST_TRUNCATED, 0, &told);
	} else if (x->sent == 0 && !x->streaming) {
		exchange_queue(x, true);
	} else if (reused && exchange_may_resend(x)) {
		session_log(w->s, true, "%sthe request is sent again: %s "
		    "before any byte of its reply", private_who(x->d),
		    why->text);
		x->resent = true;
		w->s->pool->nresent++;
		exchange_queue(x, true);
	} else if (exchange_harmless(x)) {
		exchange_fail(x, LAST_ERROR, 0, why);
	} else {
		why_fail(&told, FAULT_UNCERTAIN, "the request was sent and "
		    "may have been carried out: %s before any byte of its "
		    "reply", why->text);
		exchange_fail(x, LAST_UNCERTAIN, 0, &told);
	}
}

/* A program is let go by an end of file; others only need the link's end. */
void
wire_farewell(struct wire *w)
{
	if (w->up && w->nexchanges == 0 && !w->deaf &&
	    w->s->transport->flags & TRANSPORT_RUNS)
		link_finish(w->link);
}

void
wire_end(struct wire *w, const struct why *why)
{
	static const struct why none = { FAULT_EMPTY,
		"the connection was closed" };
	struct pool *pool = w->s->pool;
	struct exchange *x;

	if (w->link == NULL)
		return;
	watch_clear(&w->readable);
	watch_clear(&w->writable);
	timer_clear(&w->deadline);
	timer_clear(&w->silence);
	w->s->lost += link_lost(w->link);
	if (why == NULL && !pool->renewing)
		wire_farewell(w);
	ledger_free(w->row);
	w->row = NULL;
	link_free(w->link);
	w->link = NULL;
	w->up = false;
	w->blocked = w->cutting = w->posting = false;
	/* From the last on, so that those to be sent again keep their order. */
	while ((x = TAILQ_LAST(&w->exchanges, exchange_list)) != NULL)
		wire_lost(w, x, why != NULL ? why : &none);
	w->cut = 0;
	if (w->owner != NULL)
		w->owner->wire = NULL;
	w->owner = NULL;
	TAILQ_REMOVE(&pool->wires, w, entry);
	TAILQ_INSERT_TAIL(&pool->dead_wires, w, entry);
	pool_turn(w->s);
	if (w->up_ms != 0)
		pool_wire_ended(w, why);
}

void
wire_timeout(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);
	struct why why;

	why_fail(&why, FAULT_TIMEOUT, "peer sent nothing for timeout=%g s%s",
	    w->s->options.session.timeout / 1000.0,
	    x->begun ? " in the middle of its reply" : "");
	if (x->d != NULL)
		exchange_fail(x, x->begun ? LAST_TRUNCATED :
		    exchange_harmless(x) ? LAST_ERROR : LAST_UNCERTAIN, 0,
		    &why);
	wire_end(w, &why);
}

/*
 * Nobody reads the reply while others wait for the link: the rest of it is
 * dropped as it comes, or the link is closed where that is too much.
 */
void
wire_cancel(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);

	why_fail(&x->why, FAULT_CANCELLED, "its reply was not read for "
	    "timeout-read=%g s while others waited",
	    w->s->options.session.timeout_read / 1000.0);
	session_log(w->s, true, "%scancelled: %s",
	    x->d != NULL ? private_who(x->d) : "", x->why.text);
	x->dropping = true;
	wire_resume(w);
}

void
wire_free(struct wire *w)
{
	framer_clear(&w->framer);
	chunk_give(w->chunk);
	free(w);
}
