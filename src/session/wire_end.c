/*
 * How a wire ends, and what then becomes of the requests that are on it.
 */
#include <stdlib.h>

#include "session/exchange.h"
#include "session/private.h"

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
wire_fail(struct wire *w)
{
	w->failed = w->deaf = true;
	wire_resume(w);
}

/* What was sent is known not to have arrived, where nobody was there. */
void
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
