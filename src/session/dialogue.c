#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/exchange.h"
#include "session/heir.h"
#include "session/private.h"

/* --- beginning and end --- */

struct dialogue *
dialogue_new(struct session *s)
{
	struct dialogue *d = xcalloc(1, sizeof(*d));

	d->s = s;
	d->row = ledger_none();
	TAILQ_INIT(&d->exchanges);
	TAILQ_INSERT_TAIL(&s->pool->dialogues, d, entry);
	return d;
}

/* Noticed while it is being served: the end comes with the turn's. */
void
dialogue_gone(struct dialogue *d, const char *error)
{
	why_fail(&d->why, FAULT_CANCELLED, "the client has gone: %s", error);
	d->gone = true;
	pool_look(d);
}

/* What is on a wire is read to its end and dropped; the rest goes now. */
static void
dialogue_forget(struct dialogue *d, struct exchange *x)
{
	struct wire *w = x->w;
	bool half = w != NULL && w->sending == x;

	if (w == NULL || d->s->pool->unpaired) {
		exchange_free(x);
		return;
	}
	d->held -= buf_length(&x->bytes) - x->sent;
	d->nsent--;
	TAILQ_REMOVE(&d->exchanges, x, entry);
	d->nopen--;
	if (!x->delivering)
		ledger_closed(d->row);
	x->d = NULL;
	x->dropping = true;
	if (half || x->request.flags & MESSAGE_CONNECT || d->tunnel == x)
		wire_end(w, NULL);
	else
		wire_resume(w);
}

/* Who asked is told whether it was sent. */
static void
dialogue_cancelled(struct dialogue *d)
{
	const struct exchange *x = TAILQ_FIRST(&d->exchanges);

	if (x == NULL && (d->told == NULL || d->finished))
		return;
	d->last = LAST_CANCELLED;
	if (d->gone)
		return;
	if (x == NULL || x->w == NULL)
		why_fail(&d->why, FAULT_UNSENT, "cancelled; the request was "
		    "not sent");
	else if (exchange_harmless(x))
		why_fail(&d->why, FAULT_CANCELLED, "cancelled before the "
		    "reply was whole");
	else
		why_fail(&d->why, FAULT_UNCERTAIN, "cancelled; the request "
		    "was sent and may have been carried out");
}

void
dialogue_end(struct dialogue *d)
{
	struct pool *pool = d->s->pool;
	struct exchange *x;

	if (d->ended)
		return;
	d->ended = true;
	dialogue_cancelled(d);
	while ((x = TAILQ_FIRST(&d->exchanges)) != NULL)
		dialogue_forget(d, x);
	d->cutting = d->tunnel = NULL;
	heir_flush_forget(d);
	timer_clear(&d->silence);
	if (d->post != POST_NONE)
		post_resume(d->s);
	d->post = POST_NONE;
	if (d->channel != NULL)
		channel_stop(d->channel);
	if (d->wire != NULL) {
		d->wire->owner = NULL;
		wire_end(d->wire, NULL);
		d->wire = NULL;
		pool_enter(d->s, "");
	}
	if (d->looking)
		TAILQ_REMOVE(&pool->looking, d, looked);
	d->looking = false;
	TAILQ_REMOVE(&pool->dialogues, d, entry);
	TAILQ_INSERT_TAIL(&pool->dead_dialogues, d, entry);
	pool_turn(d->s);
	if (d->told != NULL)
		d->told(d, d->arg);
}

void
dialogue_free(struct dialogue *d)
{
	framer_clear(&d->framer);
	buf_clear(&d->quiet_first);
	if (d->channel != NULL && d->channel->guest)
		door_left(d->s);
	channel_free(d->channel);
	private_free(d->private);
	free(d);
}

/* --- delivering replies --- */

static bool
dialogue_may_deliver(struct exchange *x)
{
	if (x != TAILQ_FIRST(&x->d->exchanges))
		return false;
	if (x->delivering)
		return true;
	x->delivering = channel_begin(x->d->channel);
	/* Slots have told it themselves. */
	if (x->delivering &&
	    ledger_get(x->d->row).reply != LEDGER_WRITING) {
		x->told = true;
		ledger_begun(x->d->row);
	}
	return x->delivering;
}

/* As channel_write(), but for a client that has gone everything is dropped. */
static ssize_t
dialogue_write(struct exchange *x, const void *data, size_t size)
{
	struct dialogue *d = x->d;
	ssize_t n;

	if (!d->gone) {
		n = channel_write(d->channel, data, size);
		if (n != -1 || errno == EAGAIN)
			return n;
		dialogue_gone(d, strerror(errno));
	}
	x->dropping = true;
	return (ssize_t)size;
}

/* A reply that says no is not for quiet ones; which, its head tells. */
static ssize_t
dialogue_deliver_quiet(struct exchange *x, const void *data, size_t size)
{
	struct buf *first = &x->d->quiet_first;
	int code = x->w->framer.message.code;
	ssize_t n;

	if (code >= 400)
		return (ssize_t)size;
	if (size > 0 && buf_append(first, data, size) == -1)
		return -1;
	if (code == 0)
		return (ssize_t)size;
	while (buf_length(first) > 0) {
		n = dialogue_write(x, buf_peek(first), buf_length(first));
		if (n == -1)
			break;
		buf_drain(first, (size_t)n);
	}
	x->d->quiet = buf_length(first) > 0;
	return (ssize_t)size;
}

ssize_t
dialogue_deliver(struct exchange *x, const void *data, size_t size)
{
	if (x->d == NULL || x->dropping)
		return (ssize_t)size;
	if (!dialogue_may_deliver(x))
		return -1;
	if (x->d->quiet)
		return dialogue_deliver_quiet(x, data, size);
	return dialogue_write(x, data, size);
}

/* An answer of our own; true when it is delivered and forgotten. */
static bool
dialogue_answer(struct exchange *x)
{
	size_t left;
	ssize_t n;

	if (!x->dropping && (intake_lets_write(x) || !dialogue_may_deliver(x)))
		return false;
	left = x->dropping ? 0 : buf_length(&x->bytes);
	while (left > 0) {
		n = dialogue_write(x, buf_peek(&x->bytes), left);
		if (n == -1)
			return false;
		buf_drain(&x->bytes, (size_t)n);
		left -= (size_t)n;
	}
	exchange_finish(x);
	return true;
}

void
dialogue_turn(struct dialogue *d)
{
	struct exchange *x;

	if (d->gone)
		dialogue_end(d);
	while (!d->ended && (x = TAILQ_FIRST(&d->exchanges)) != NULL &&
	    x->phase == EXCHANGE_ANSWERED && dialogue_answer(x))
		;
	while (!d->ended && d->channel->always && intake_takes(d) &&
	    intake_read(d))
		;
	if (d->ended)
		return;
	channel_want(d->channel, intake_takes(d));
	x = TAILQ_FIRST(&d->exchanges);
	if (x != NULL && x->w != NULL && x->w->blocked)
		wire_resume(x->w);
	if (d->post != POST_NONE)
		post_resume(d->s);
	if (d->closing && TAILQ_EMPTY(&d->exchanges))
		dialogue_end(d);
}

/* --- its channel --- */

static void
dialogue_readable(void *arg)
{
	struct dialogue *d = arg;
	uint8_t none;

	/* It has said all and listens on: has it gone? */
	if (d->finished && d->s->pool->unpaired &&
	    channel_read(d->channel, &none, 1) == -1 && errno != EAGAIN)
		dialogue_gone(d, strerror(errno));
	if (!intake_takes(d)) {
		channel_want(d->channel, false);
		return;
	}
	intake_read(d);
	if (!intake_takes(d))
		pool_look(d);
}

static void
dialogue_ready(void *arg)
{
	dialogue_turn(arg);
}

static bool
dialogue_asked(void *arg)
{
	const struct dialogue *d = arg;

	return d->asked || fifo_waiting(d->channel->in_fd) > 0;
}

static void
dialogue_note(void *arg, const char *text)
{
	struct dialogue *d = arg;

	session_log(d->s, false, "%s%s", private_who(d), text);
}

void
dialogue_owner(struct dialogue *d, struct channel_owner *owner)
{
	*owner = (struct channel_owner){ dialogue_readable, dialogue_ready,
		dialogue_asked, dialogue_note, d };
}

void
dialogue_begin(struct dialogue *d, struct channel *c)
{
	d->channel = c;
	pool_look(d);
}

void
dialogue_drain(struct dialogue *d)
{
	while (intake_takes(d) && intake_read(d))
		;
}

/* Who can be told that nothing comes is told. */
static void
dialogue_discard_one(struct dialogue *d, struct exchange *x)
{
	static const struct why why = { FAULT_CANCELLED,
		"its reply was discarded, as asked" };

	if (d->channel->exact && x->w == NULL) {
		if (x->phase != EXCHANGE_ANSWERED)
			exchange_fail(x, LAST_CANCELLED, 0, &why);
		return;
	}
	if (x->w == NULL) {
		exchange_free(x);
		return;
	}
	if (d->channel->exact)
		x->why = why;
	x->dropping = true;
	wire_resume(x->w);
}

/* Unread replies, what is being cut, what waits: all of it. */
uint64_t
dialogue_discard(struct dialogue *d)
{
	struct exchange *x, *next;
	uint64_t n = d->held;
	size_t dropped;

	channel_drop(d->channel, &dropped);
	n += dropped;
	for (x = TAILQ_FIRST(&d->exchanges); x != NULL; x = next) {
		next = TAILQ_NEXT(x, entry);
		dialogue_discard_one(d, x);
	}
	d->skipping = false;
	ledger_taken(d->row, false);
	d->muddled = 0;
	post_void(d);
	if (!d->channel->exact)
		n += fifo_drop(d->channel->in_fd);
	pool_look(d);
	return n;
}
