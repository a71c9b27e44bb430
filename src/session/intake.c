/*
 * Requests: taken from a channel, cut by the framing, and queued.
 */
#include <errno.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/exchange.h"
#include "session/heir.h"
#include "session/private.h"

#define INTAKE_MUDDLED_MS 500
/* The rest of a write that was too long, or broken, follows it at once. */
#define INTAKE_REST_MS 100
/*
 * A further request is begun while there may be so many more; and so many are
 * taken at once where memory is short.
 */
#define INTAKE_SOME ((size_t)256)

static struct framing_choice *
intake_framing(struct dialogue *d)
{
	return &d->s->pool->framing;
}

static unsigned
intake_flags(struct dialogue *d)
{
	unsigned flags = framing_of_requests(intake_framing(d))->flags;

	/* A datagram is sent whole. */
	return session_is_datagram(d->s) ? flags & ~(unsigned)FRAMING_STREAMS :
	    flags;
}

/* The most that is held of requests which are not sent yet. */
static size_t
intake_most(struct dialogue *d)
{
	size_t most = d->s->options.session.max_message;

	if (intake_flags(d) & FRAMING_STREAMS || d->cutting == NULL ||
	    most < EXCHANGE_HELD)
		return EXCHANGE_HELD;
	return most + 1;
}

/* Is what comes at once a request? */
static bool
intake_takes_writes(struct dialogue *d)
{
	return framing_takes_writes(intake_framing(d)) && !d->channel->once;
}

/* Would what comes next be understood, and is there room for it? */
bool
intake_takes(struct dialogue *d)
{
	const struct exchange *x = TAILQ_LAST(&d->exchanges, exchange_list);
	enum session_state state = d->s->state;

	if (heir_halted() && d->cutting == NULL)
		return false;
	if (d->gone || d->ended || d->finished || d->closing || d->inherits ||
	    state == SESSION_CLOSING || state == SESSION_CLOSED)
		return false;
	if (d->tunnel == NULL && x != NULL && x->whole &&
	    (x->request.flags & (MESSAGE_WAITS | MESSAGE_CONNECT)))
		return false;
	if (d->channel->once && x != NULL && x->whole)
		return false;
	if (d->s->pool->unpaired && d->held > 0 && (state != SESSION_UP ||
	    intake_takes_writes(d)))
		return false;
	if (d->tunnel == NULL && d->cutting == NULL &&
	    d->nopen + INTAKE_SOME > EXCHANGE_MOST)
		return false;
	return d->held < intake_most(d);
}

/* Of the request being cut, how many bytes are known to come. */
static size_t
intake_left(const struct dialogue *d)
{
	if (d->tunnel != NULL)
		return CHUNK_PAYLOAD;
	if (d->cutting == NULL || d->framer.left == UINT64_MAX)
		return 0;
	return d->framer.left < CHUNK_PAYLOAD ? (size_t)d->framer.left :
	    CHUNK_PAYLOAD;
}

/* How much to take at once: each byte beyond these may be one more request. */
static size_t
intake_room(struct dialogue *d)
{
	size_t held = intake_most(d) - d->held, most = intake_left(d);

	if (intake_takes_writes(d))
		return CHUNK_PAYLOAD;
	if (xalloc_short())
		most = INTAKE_SOME;
	else
		most += d->nopen < EXCHANGE_MOST ? EXCHANGE_MOST - d->nopen : 1;
	if (most > CHUNK_PAYLOAD)
		most = CHUNK_PAYLOAD;
	return held < most ? held : most;
}

/*
 * Is there memory for more that waits?  For what does not wait there is, the
 * rest of a request before all: it can end by nothing else.
 */
static bool
intake_may_hold(const struct dialogue *d)
{
	size_t own = d->cutting != NULL || d->tunnel != NULL;

	return (d->nopen == own || d->skipping || !xalloc_short()) &&
	    !chunk_is_full(buf_memory() + exchange_memory());
}

/*
 * A reply that a reader began and left is void as soon as the next request
 * begins, unless leftover=keep; one that nobody has touched never is.
 */
static void
intake_void(struct dialogue *d)
{
	struct exchange *x = TAILQ_FIRST(&d->exchanges);
	size_t n;

	if (d->s->options.session.leftover == LEFTOVER_KEEP ||
	    !channel_abandoned(d->channel) ||
	    fifo_waiting(d->channel->in_fd) == 0)
		return;
	if (!channel_drop(d->channel, &n))
		return;
	d->s->discarded += n;
	session_log(d->s, false, "%s%zu bytes of the reply before were not "
	    "read, and are dropped: the next request has begun",
	    private_who(d), n);
	post_void(d);
	if (x == NULL || !x->delivering)
		return;
	x->dropping = true;
	if (x->w != NULL)
		wire_resume(x->w);
}

static void
intake_begin(struct dialogue *d)
{
	d->asked = true;
	ledger_asked(d->row, true);
	d->cutting = exchange_new(d->s, d);
	d->after_cr = false;
	framer_start(&d->framer, intake_framing(d), &d->reply);
	late_expect(d->s, d->s->options.session.timeout_request);
}

/* It goes to a wire as it comes. */
static void
intake_stream(struct dialogue *d)
{
	struct exchange *x = d->cutting;

	x->request = d->framer.message;
	if (!x->streaming) {
		x->streaming = true;
		exchange_queue(x, false);
	} else if (x->w != NULL) {
		wire_write(x->w);
	}
}

static void
intake_whole(struct dialogue *d)
{
	struct exchange *x = d->cutting;

	d->cutting = NULL;
	timer_clear(&d->silence);
	x->request = d->framer.message;
	x->whole = true;
	framer_clear(&d->framer);
	if (!x->streaming)
		exchange_queue(x, false);
	else if (x->w != NULL)
		wire_write(x->w);
}

/* A datagram, by whatever it was cut. */
static void
intake_end(struct dialogue *d)
{
	if (post_fits(d))
		intake_whole(d);
}

/* What was taken and is in the channel belongs to what was refused. */
static void
intake_drop_rest(struct dialogue *d)
{
	struct chunk *c;
	ssize_t n = 1;

	if (d->channel->exact) {
		d->closing = true;
		return;
	}
	if (d->skipping || (c = chunk_take()) == NULL)
		return;
	while (n > 0) {
		n = channel_read(d->channel, c->data, CHUNK_PAYLOAD);
		d->s->discarded += n > 0 ? (size_t)n : 0;
	}
	chunk_give(c);
}

/* What was discarded meanwhile, or is too long ago, holds up nobody. */
bool
intake_lets_write(const struct exchange *x)
{
	return x->d->writing && x->d->muddled > 0 &&
	    TAILQ_NEXT(x, entry) == NULL;
}

static void
intake_rested(void *arg)
{
	struct dialogue *d = arg;

	d->writing = false;
	pool_look(d);
}

/*
 * A client that is still writing could have its answer read by another, and
 * the rest of what was broken would look like the next request.  It may have
 * so long for each piece.
 */
static void
intake_let_write(struct dialogue *d)
{
	d->writing = true;
	timer_set(&d->silence, INTAKE_REST_MS, intake_rested, d);
}

static void
intake_refuse(struct dialogue *d, int code, const char *text)
{
	struct exchange *x = d->cutting;
	struct wire *w = x->w;
	struct why why;

	why_fail(&why, FAULT_USAGE, "%s", text);
	d->s->discarded += x->whole ? 0 : buf_length(&x->bytes);
	exchange_fail(x, w != NULL ? LAST_UNCERTAIN : LAST_ERROR, code, &why);
	d->muddled = d->skipping ? 0 : buf_length(&x->bytes);
	if (w != NULL)
		wire_end(w, &why);
	intake_drop_rest(d);
	if (d->muddled > 0 && !d->channel->exact)
		intake_let_write(d);
}

void
intake_give_up(struct dialogue *d)
{
	struct exchange *x = d->cutting;
	struct wire *w = x->w;
	struct why why;

	why_fail(&why, FAULT_TIMEOUT, "the request is not complete: nothing "
	    "more of it came for timeout-request=%g s, after %ju bytes",
	    d->s->options.session.timeout_request / 1000.0,
	    (uintmax_t)d->framer.length);
	d->s->discarded += buf_length(&x->bytes);
	exchange_fail(x, w != NULL ? LAST_UNCERTAIN : LAST_ERROR, 408, &why);
	d->skipping = false;
	ledger_taken(d->row, false);
	if (w != NULL)
		wire_end(w, &why);
	if (d->channel->exact)
		d->closing = true;
}

/* LF becomes CRLF where there is no CR already. */
static void
intake_append_crlf(struct dialogue *d, struct buf *b, const uint8_t *data,
    size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (data[i] == '\n' && !d->after_cr)
			buf_append(b, "\r", 1);
		d->after_cr = data[i] == '\r';
		buf_append(b, data + i, 1);
	}
}

/*
 * Bytes that the framer has just taken; its body is never converted.  False:
 * there is no memory for all of them.
 */
static bool
intake_append(struct dialogue *d, const uint8_t *data, size_t size)
{
	struct exchange *x = d->cutting;
	uint64_t from = d->framer.length - size;
	uint64_t body = d->framer.message.body;
	size_t before = buf_length(&x->bytes), text = 0;

	if (d->s->options.session.crlf && body > from)
		text = body - from < size ? (size_t)(body - from) : size;
	intake_append_crlf(d, &x->bytes, data, text);
	buf_append(&x->bytes, data + text, size - text);
	d->held += buf_length(&x->bytes) - before;
	return buf_length(&x->bytes) - before >= size;
}

/* Bytes between requests: how many of them have been dealt with. */
static size_t
intake_blank(struct dialogue *d, const uint8_t *data, size_t size)
{
	size_t n = framer_blank(intake_framing(d), data, size);
	struct exchange *x = TAILQ_LAST(&d->exchanges, exchange_list);

	if (n == 0 || intake_flags(d) & FRAMING_DROPS_BLANK)
		return n;
	if (x != NULL && x->phase == EXCHANGE_QUEUED && x->whole) {
		buf_append(&x->bytes, data, n);
		d->held += n;
	}
	return n;
}

/* What is left of a request that has been answered: nobody is to have it. */
static size_t
intake_skip(struct dialogue *d, const uint8_t *data, size_t size)
{
	size_t n = framer_request(&d->framer, data, size);

	if (d->framer.phase != FRAMER_MORE || (intake_takes_writes(d) &&
	    !post_goes_on(d, n))) {
		d->skipping = false;
		framer_clear(&d->framer);
	}
	d->s->discarded += n;
	return n;
}

/* Not for ever: whoever has not written the rest by now never will. */
static bool
intake_skips(struct dialogue *d)
{
	const struct framing_choice *f = intake_framing(d);
	int64_t most = intake_takes_writes(d) ? INTAKE_REST_MS :
	    intake_flags(d) & FRAMING_SILENCE ? (int64_t)f->number :
	    d->s->options.session.timeout_request;

	if (d->skipping && loop_now_ms() - d->taken_ms >= most) {
		d->skipping = false;
		framer_clear(&d->framer);
	}
	return d->skipping;
}

/*
 * Is its client still writing what was broken, as far as can be seen?  The
 * pieces of one request come close upon each other.
 */
static bool
intake_is_muddled(struct dialogue *d)
{
	if (d->muddled > 0 && ((TAILQ_EMPTY(&d->exchanges) &&
	    channel_waiting(d->channel) < d->muddled) ||
	    loop_now_ms() - d->taken_ms >= INTAKE_MUDDLED_MS))
		d->muddled = 0;
	return d->muddled > 0;
}

/* A step of the request being cut: how many bytes it has taken. */
static size_t
intake_cut(struct dialogue *d, const uint8_t *data, size_t size)
{
	size_t max = d->s->options.session.max_message;
	size_t n = framer_request(&d->framer, data, size);
	bool streams = intake_flags(d) & FRAMING_STREAMS;
	bool all = intake_append(d, data, n);

	if (d->framer.phase == FRAMER_BROKEN) {
		intake_refuse(d, d->framer.message.code, d->framer.why);
		return size;
	}
	if (!streams && d->framer.length > max) {
		intake_refuse(d, 413, "the request has no end within "
		    "max-message");
		return n;
	}
	if (!all) {
		intake_refuse(d, 503, "there is no memory for the request");
		return n;
	}
	if (d->framer.phase == FRAMER_END)
		intake_end(d);
	else if (session_is_datagram(d->s))
		return n;
	else if (d->framer.message.flags & MESSAGE_EXPECTS ||
	    (streams && d->held >= EXCHANGE_HELD) || d->cutting->streaming)
		intake_stream(d);
	return n;
}

static void
intake_tunnel(struct dialogue *d, const uint8_t *data, size_t size)
{
	struct exchange *x = d->tunnel;

	buf_append(&x->bytes, data, size);
	d->held += size;
	if (x->w != NULL)
		wire_write(x->w);
}

/* A channel for one request takes no second. */
static bool
intake_is_full(struct dialogue *d)
{
	struct exchange *x = TAILQ_LAST(&d->exchanges, exchange_list);
	struct why why;

	if (!d->channel->once || x == NULL || x == d->cutting)
		return false;
	if (x->phase == EXCHANGE_QUEUED) {
		why_fail(&why, FAULT_USAGE, "there is more than one request "
		    "on standard input; nothing was sent");
		exchange_fail(x, LAST_ERROR, 0, &why);
	}
	return true;
}

static void
intake_feed(struct dialogue *d, const uint8_t *data, size_t size)
{
	size_t n;

	if (intake_is_muddled(d)) {
		d->s->discarded += size;
		session_log(d->s, false, "%s%zu bytes after a request that "
		    "was broken were dropped", private_who(d), size);
		if (d->writing)
			intake_let_write(d);
		return;
	}
	while (size > 0 && !d->ended && !d->closing) {
		if (d->tunnel != NULL) {
			intake_tunnel(d, data, size);
			return;
		}
		if (intake_skips(d)) {
			n = intake_skip(d, data, size);
		} else if (d->cutting == NULL &&
		    (n = intake_blank(d, data, size)) > 0) {
			;
		} else if (intake_is_full(d)) {
			return;
		} else {
			if (d->cutting == NULL)
				intake_begin(d);
			n = intake_cut(d, data, size);
		}
		data += n;
		size -= n;
	}
}

static void
intake_silent(void *arg)
{
	struct dialogue *d = arg;

	if (d->cutting != NULL)
		intake_end(d);
	ledger_taken(d->row, false);
}

/* Where silence ends a request, it begins anew with each byte. */
static void
intake_wait_silence(struct dialogue *d)
{
	const struct framing_choice *f = intake_framing(d);

	if (d->cutting != NULL && intake_flags(d) & FRAMING_SILENCE)
		timer_set(&d->silence, (int64_t)f->number, intake_silent,
		    d);
}

/* The client sends no more; what it has asked is still answered. */
static void
intake_finished(struct dialogue *d)
{
	d->finished = true;
	if (d->tunnel != NULL) {
		d->tunnel->whole = true;
		if (d->tunnel->w != NULL)
			wire_write(d->tunnel->w);
	} else if (d->cutting != NULL && (intake_flags(d) & FRAMING_SILENCE ||
	    framing_takes_writes(intake_framing(d)))) {
		intake_end(d);
	} else if (d->cutting != NULL) {
		intake_refuse(d, 400, "the request is not complete: its end "
		    "is missing");
	}
	/* Datagrams may come for as long as it listens. */
	if (d->s->pool->unpaired && !d->channel->once && !d->closing)
		channel_follow_end(d->channel);
	else
		d->closing = true;
}

/* Has it begun what has not come whole? */
static bool
intake_is_within(const struct dialogue *d)
{
	return d->cutting != NULL || d->skipping;
}

/* Take what there is, once; false: nothing more for now. */
bool
intake_read(struct dialogue *d)
{
	struct chunk *c;
	ssize_t n;

	/* Before `in` is seen to be empty, for whoever waits for that. */
	if (d->cutting == NULL && d->tunnel == NULL && !d->skipping)
		intake_void(d);
	c = intake_may_hold(d) ? chunk_take() : NULL;
	if (c == NULL) {
		channel_rest(d->channel);
		return false;
	}
	ledger_taking(d->row);
	n = channel_read(d->channel, c->data, intake_room(d));
	if (n > 0)
		intake_feed(d, c->data, (size_t)n);
	if (n > 0 && d->cutting != NULL && intake_takes_writes(d))
		intake_end(d);
	ledger_taken(d->row, intake_is_within(d));
	chunk_give(c);
	if (n > 0)
		d->taken_ms = loop_now_ms();
	intake_wait_silence(d);
	if (n == 0 && d->channel->exact)
		intake_finished(d);
	else if (n == -1 && errno != EAGAIN)
		dialogue_gone(d, strerror(errno));
	return n > 0 && !d->ended;
}
