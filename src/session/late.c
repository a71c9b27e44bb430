/*
 * What waits, waits for so long and no longer: requests for a link, links for
 * a reply, replies for a reader.  One timer a session serves them all, while
 * anything waits.
 */
#include "session/exchange.h"

static void late_look(void *arg);

void
late_expect(struct session *s, int64_t ms)
{
	struct pool *pool = s->pool;
	int64_t due = loop_now_ms() + ms;

	if (pool->deadline.set && pool->due_ms <= due)
		return;
	pool->due_ms = due;
	timer_set(&pool->deadline, ms, late_look, s);
}

/* True when the time since `since` has come to `ms`; else it is awaited. */
static bool
late_is_late(struct session *s, int64_t since, int ms)
{
	int64_t left = since + ms - loop_now_ms();

	if (left <= 0)
		return true;
	late_expect(s, left);
	return false;
}

static void
late_queue(struct session *s)
{
	int timeout = s->options.session.timeout;
	struct exchange *x, *next;
	struct why why;

	why_fail(&why, FAULT_UNSENT, "no connection was free for it within "
	    "timeout=%g s; it was not sent", timeout / 1000.0);
	for (x = TAILQ_FIRST(&s->pool->queue); x != NULL; x = next) {
		next = TAILQ_NEXT(x, queued);
		/* The others of its channel wait for this one. */
		if (x == TAILQ_FIRST(&x->d->exchanges) &&
		    late_is_late(s, x->since_ms, timeout))
			exchange_fail(x, LAST_ERROR, 504, &why);
	}
}

/* Does anybody wait for what this one holds up? */
static bool
late_is_wanted(const struct wire *w)
{
	const struct exchange *first = TAILQ_FIRST(&w->exchanges), *x;

	TAILQ_FOREACH(x, &w->exchanges, queued)
		if (x->d != first->d)
			return true;
	TAILQ_FOREACH(x, &w->s->pool->queue, queued)
		if (x->d != first->d)
			return true;
	return false;
}

void
late_wire(struct wire *w)
{
	const struct session_options *o = &w->s->options.session;
	const struct exchange *x = TAILQ_FIRST(&w->exchanges);

	if (x == NULL || (x->d != NULL && x->d->tunnel == x))
		return;
	if (w->s->pool->unpaired) {
		post_late(w);
		return;
	}
	if (w->blocked && late_is_wanted(w)) {
		if (late_is_late(w->s, w->blocked_ms, o->timeout_read))
			wire_cancel(w);
	} else if (!w->blocked) {
		if (late_is_late(w->s, x->since_ms, o->timeout))
			wire_timeout(w);
	}
}

static void
late_request(struct dialogue *d)
{
	struct session *s = d->s;
	int timeout = s->options.session.timeout_request;

	/* Where the link takes no more, it is not the client who is late. */
	if (d->cutting == NULL || d->held >= EXCHANGE_HELD ||
	    framing_of_requests(&s->pool->framing)->flags & FRAMING_SILENCE)
		return;
	/* Nor where it is there already, and we have not come to it. */
	if (fifo_waiting(d->channel->in_fd) > 0)
		late_expect(s, timeout);
	else if (late_is_late(s, d->taken_ms, timeout))
		intake_give_up(d);
}

static void
late_look(void *arg)
{
	struct session *s = arg;
	struct dialogue *d, *next_d;
	struct wire *w, *next;

	late_queue(s);
	for (w = TAILQ_FIRST(&s->pool->wires); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		late_wire(w);
	}
	for (d = TAILQ_FIRST(&s->pool->dialogues); d != NULL; d = next_d) {
		next_d = TAILQ_NEXT(d, entry);
		late_request(d);
	}
}
