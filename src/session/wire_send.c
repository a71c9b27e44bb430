/*
 * What a wire sends: which requests it takes, and their bytes on the way to
 * its link.
 */
#include <errno.h>

#include "session/exchange.h"
#include "transport/trace.h"

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
	/* Whoever is told that it was not sent could send it again. */
	if (x->d->sends != NULL)
		x->d->sends(x->d->arg);
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
