#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "session/exchange.h"
#include "session/private.h"
#include "session/status.h"

static size_t exchange_n;

const char *
exchange_last_name(enum exchange_last last)
{
	static const char *const names[] = {
		[LAST_NONE] = "none",
		[LAST_COMPLETE] = "complete",
		[LAST_TRUNCATED] = "truncated",
		[LAST_ERROR] = "error",
		[LAST_UNCERTAIN] = "uncertain",
		[LAST_CANCELLED] = "cancelled",
	};

	return names[last];
}

struct exchange *
exchange_new(struct session *s, struct dialogue *d)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	exchange_n++;
	s->pool->nopen++;
	x->s = s;
	x->d = d;
	if (d == NULL)
		return x;
	TAILQ_INSERT_TAIL(&d->exchanges, x, entry);
	d->nopen++;
	ledger_opened(d->row);
	return x;
}

size_t
exchange_memory(void)
{
	return exchange_n * sizeof(struct exchange);
}

/* Off its wire. */
static void
exchange_leave_wire(struct exchange *x)
{
	struct wire *w = x->w;

	if (w->sending == x)
		w->sending = TAILQ_NEXT(x, queued);
	TAILQ_REMOVE(&w->exchanges, x, queued);
	w->nexchanges--;
	if (x->d != NULL && --x->d->nsent == 0)
		x->d->on = NULL;
	x->w = NULL;
}

/* Back into its dialogue's hands. */
static void
exchange_leave(struct exchange *x)
{
	if (x->w != NULL)
		exchange_leave_wire(x);
	else if (x->phase == EXCHANGE_QUEUED)
		TAILQ_REMOVE(&x->d->s->pool->queue, x, queued);
	x->phase = EXCHANGE_CUT;
}

/* Of its bytes, those that its dialogue counts as held. */
static size_t
exchange_held(const struct exchange *x)
{
	return x->phase == EXCHANGE_ANSWERED ? 0 :
	    buf_length(&x->bytes) - x->sent;
}

/* Of a reply that had begun slots say for themselves what has become of it. */
static void
exchange_tell_ledger(const struct exchange *x)
{
	struct ledger_row *row = x->d->row;

	if (!x->delivering)
		ledger_closed(row);
	else if (x->told)
		ledger_reply(row, LEDGER_IDLE, false, 0);
}

void
exchange_free(struct exchange *x)
{
	struct dialogue *d = x->d;

	if (d != NULL) {
		d->held -= exchange_held(x);
		exchange_leave(x);
		TAILQ_REMOVE(&d->exchanges, x, entry);
		d->nopen--;
		exchange_tell_ledger(x);
		if (d->cutting == x)
			d->cutting = NULL;
		if (d->tunnel == x)
			d->tunnel = NULL;
	} else if (x->w != NULL) {
		exchange_leave_wire(x);
	}
	x->s->pool->nopen--;
	exchange_n--;
	buf_clear(&x->bytes);
	free(x);
}

void
exchange_queue(struct exchange *x, bool again)
{
	struct session *s = x->d->s;

	if (x->w != NULL)
		exchange_leave_wire(x);
	x->d->held += x->sent;
	x->sent = x->shown = 0;
	x->phase = EXCHANGE_QUEUED;
	x->since_ms = loop_now_ms();
	if (again)
		TAILQ_INSERT_HEAD(&s->pool->queue, x, queued);
	else
		TAILQ_INSERT_TAIL(&s->pool->queue, x, queued);
	late_expect(s, s->options.session.timeout);
	pool_turn(s);
}

bool
exchange_harmless(const struct exchange *x)
{
	return x->request.flags & MESSAGE_IDEMPOTENT;
}

bool
exchange_may_resend(const struct exchange *x)
{
	static const unsigned wanted[] = {
		[RETRY_NEVER] = 0,
		[RETRY_SAFE] = MESSAGE_SAFE,
		[RETRY_IDEMPOTENT] = MESSAGE_IDEMPOTENT,
	};

	return x->d != NULL && x->whole && !x->streaming && !x->resent &&
	    !x->begun && (x->request.flags &
	    wanted[x->d->s->options.session.retry]);
}

/* What HTTP and Fifod-Error call it. */
static const struct failure_row {
	enum fault fault;
	int code;
	const char *keyword;
} failure_rows[] = {
	{ FAULT_RESOLVE, 502, "resolve" },
	{ FAULT_CONNECT, 502, "connect" },
	{ FAULT_TLS, 502, "tls" },
	{ FAULT_CERTIFICATE, 502, "certificate" },
	{ FAULT_TIMEOUT, 504, "timeout" },
	{ FAULT_EMPTY, 502, "empty" },
	{ FAULT_RECEIVE, 502, "receive" },
	{ FAULT_PARTIAL, 502, "partial" },
	{ FAULT_UNCERTAIN, 502, "uncertain" },
	{ FAULT_UNSENT, 503, "unsent" },
	{ FAULT_USAGE, 400, "request" },
	{ FAULT_CANCELLED, 503, "cancelled" },
	{ FAULT_NONE, 502, "error" },
};

static const struct failure_row *
failure_row(enum fault fault)
{
	const struct failure_row *row = failure_rows;

	while (row->fault != fault && row->fault != FAULT_NONE)
		row++;
	return row;
}

/* An answer of our own, where there is one and nothing else was delivered. */
static void
exchange_answer(struct exchange *x, int code)
{
	const struct framing *framing = x->d->s->pool->framing.framing;
	const struct failure_row *row = failure_row(x->why.fault);
	char safe[4 * sizeof(x->why.text)];
	struct framing_failure failure = {
		.code = code != 0 ? code : row->code,
		.keyword = row->keyword,
		/* What the peer has said of it is not to reach a terminal. */
		.text = words_vis(x->why.text, safe, sizeof(safe)),
		.head = x->request.flags & MESSAGE_HEAD,
	};

	x->phase = EXCHANGE_ANSWERED;
	buf_clear(&x->bytes);
	x->sent = 0;
	if (framing->fail != NULL && !x->delivering && !x->dropping &&
	    !x->d->channel->once)
		framing->fail(&x->bytes, &failure);
	/* A reply that somebody waits for is another matter. */
	if (x->s->pool->unpaired && !x->d->channel->once)
		x->dropping = true;
	/* Nothing but its end can tell such a client. */
	if (x->d->channel->exact && buf_length(&x->bytes) == 0)
		x->d->closing = true;
	pool_look(x->d);
}

void
exchange_fail(struct exchange *x, enum exchange_last last, int code,
    const struct why *why)
{
	struct dialogue *d = x->d;
	struct session *s;

	if (d == NULL) {
		exchange_free(x);
		return;
	}
	s = d->s;
	x->why = *why;
	x->last = last;
	x->failed = true;
	d->held -= exchange_held(x);
	if (x->sent == 0 && !x->streaming)
		s->flow.lost += exchange_held(x);
	exchange_leave(x);
	if (d->tunnel == x)
		d->tunnel = NULL;
	if (d->cutting == x) {
		d->cutting = NULL;
		d->skipping = d->framer.phase == FRAMER_MORE;
	}
	s->uncertain += last == LAST_UNCERTAIN;
	session_log(s, true, "%s%s: %s", private_who(d),
	    exchange_last_name(last), why->text);
	exchange_answer(x, code);
}

static bool
exchange_differs(const struct why *one, const struct why *other)
{
	return one->fault != other->fault ||
	    strcmp(one->text, other->text) != 0;
}

/* What `status` tells of it, before the client can ask. */
static void
exchange_tell(struct dialogue *d, struct exchange *x)
{
	struct session *s = d->s;
	bool own = d == s->pool->own;
	bool news = d->last != x->last;

	/* That a datagram was sent says nothing of those before it. */
	if (!s->pool->unpaired || x->failed)
		news |= exchange_differs(&d->why, &x->why) ||
		    (own && exchange_differs(&s->why, &x->why));

	d->last = x->last;
	if (!news)
		return;
	d->why = x->why;
	if (d->private != NULL) {
		private_status(d);
	} else if (own) {
		s->why = x->why;
		clock_gettime(CLOCK_REALTIME, &s->why_since);
		status_changed(s);
		status_flush(s);
	}
}

/* From now on it may be the broker that lets the next one wait. */
static void
exchange_next(struct dialogue *d)
{
	struct exchange *x = TAILQ_FIRST(&d->exchanges);

	if (x == NULL || x->phase != EXCHANGE_QUEUED)
		return;
	x->since_ms = loop_now_ms();
	late_expect(d->s, d->s->options.session.timeout);
}

void
exchange_finish(struct exchange *x)
{
	struct dialogue *d = x->d;

	d->nexchanges++;
	d->s->pool->nexchanges++;
	d->s->pool->nended[x->last]++;
	exchange_tell(d, x);
	if (x->delivering) {
		d->asked = false;
		ledger_asked(d->row, false);
		channel_end(d->channel, x->failed);
	}
	exchange_free(x);
	exchange_next(d);
	pool_look(d);
	if (d->told != NULL)
		d->told(d, d->arg);
}
