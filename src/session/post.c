/*
 * Post: messages that are paired with nothing (framing=datagram).  What is
 * sent is done with when it is sent, but for `fifoctl request', which takes
 * the next one that comes for its reply; any other goes to every channel.
 *
 * One at a time is in the wire's chunk, and stays there until every channel
 * has it (slow=block).  Nothing is read from the link meanwhile: its kernel
 * keeps, or drops and counts, what comes.
 */
#include <errno.h>
#include <string.h>

#include "session/exchange.h"
#include "session/private.h"
#include "session/status.h"

/* A write that has filled a pipe is as long as some of these. */
#define POST_PAGE 4096
/* So many are dropped at most, when all are to be. */
#define POST_DISCARD 100000
/* A trouble that goes on is told again after so long. */
#define POST_AGAIN_MS 10000

/* --- sending --- */

bool
post_goes_on(const struct dialogue *d, size_t size)
{
	return !d->channel->exact && (size % POST_PAGE == 0 ||
	    fifo_waiting(d->channel->in_fd) > 0);
}

/* With bare=yes: a datagram without what cut it. */
static void
post_bare(struct dialogue *d)
{
	const struct framing_choice *f = &d->s->pool->framing;
	struct buf *b = &d->cutting->bytes;
	size_t front, back;

	if (!d->s->options.session.bare || f->cut == NULL ||
	    f->cut->bare == NULL)
		return;
	f->cut->bare(f, buf_peek(b), buf_length(b), &front, &back);
	d->held -= front + back;
	buf_shorten(b, back);
	buf_drain(b, front);
}

bool
post_fits(struct dialogue *d)
{
	size_t most = d->s->transport->most, size;
	struct why why;

	post_bare(d);
	size = buf_length(&d->cutting->bytes);
	if (most == 0 || size <= most)
		return true;
	why_fail(&why, FAULT_USAGE, "a datagram of %zu bytes is too long for "
	    "%s: %zu is the most; it was not sent", size,
	    d->s->transport->usage, most);
	d->s->discarded += size;
	exchange_fail(d->cutting, LAST_ERROR, 413, &why);
	d->skipping &= post_goes_on(d, size);
	return false;
}

void
post_sent(struct wire *w, struct exchange *x)
{
	x->last = LAST_COMPLETE;
	wire_rest(w);
	if (!x->d->channel->once)
		exchange_finish(x);
	else
		late_expect(w->s, w->s->options.session.timeout);
}

void
post_hurt(struct wire *w)
{
	struct exchange *x, *next;
	struct session *s = w->s;
	struct why why = w->why;

	for (x = TAILQ_FIRST(&w->exchanges); x != NULL; x = next) {
		next = TAILQ_NEXT(x, queued);
		if (x->sent > 0)
			exchange_fail(x, LAST_ERROR, 0, &why);
	}
	if (w->hurt && loop_now_ms() - w->hurt_ms < POST_AGAIN_MS)
		return;
	w->hurt = true;
	w->hurt_ms = loop_now_ms();
	s->why = why;
	clock_gettime(CLOCK_REALTIME, &s->why_since);
	session_log(s, true, "%s", why.text);
	status_changed(s);
}

static void
post_healed(struct wire *w)
{
	if (!w->hurt)
		return;
	w->hurt = false;
	why_clear(&w->s->why);
	session_log(w->s, true, "the peer is there again");
	status_changed(w->s);
}

void
post_late(struct wire *w)
{
	int64_t now = loop_now_ms(), most = w->s->options.session.timeout;
	struct exchange *x, *next;
	struct why why;

	for (x = TAILQ_FIRST(&w->exchanges); x != NULL; x = next) {
		next = TAILQ_NEXT(x, queued);
		if (now - x->since_ms < most) {
			late_expect(w->s, most - (now - x->since_ms));
			continue;
		}
		if (x->sent > 0)
			why_fail(&why, FAULT_TIMEOUT, "nothing came from the "
			    "peer within timeout=%g s", most / 1000.0);
		else
			why_fail(&why, FAULT_UNSENT, "the peer took nothing "
			    "within timeout=%g s; it was not sent",
			    most / 1000.0);
		exchange_fail(x, x->sent > 0 ? LAST_UNCERTAIN : LAST_ERROR, 0,
		    &why);
	}
}

/* --- receiving --- */

/* Whoever has waited longest for a reply; NULL: nobody does. */
static struct dialogue *
post_waiter(const struct wire *w)
{
	const struct exchange *x;

	TAILQ_FOREACH(x, &w->exchanges, queued)
		if (x->d->channel->once && x->sent > 0 && !x->d->gone)
			return x->d;
	return NULL;
}

static void
post_due(struct dialogue *d)
{
	d->post = POST_DUE;
	d->post_done = 0;
}

/* Who is to have the one that has come. */
static void
post_begin(struct wire *w)
{
	struct dialogue *d = post_waiter(w);

	w->posting = true;
	w->carried++;
	w->s->flow.to_client.bytes += chunk_length(w->chunk);
	post_healed(w);
	wire_rest(w);
	if (d != NULL) {
		post_due(d);
		return;
	}
	TAILQ_FOREACH(d, &w->s->pool->dialogues, entry)
		if (d->channel != NULL && !d->gone && !d->closing &&
		    !d->channel->once)
			post_due(d);
}

/* It has it. */
static void
post_end(struct dialogue *d)
{
	struct exchange *x = TAILQ_FIRST(&d->exchanges);

	d->post = POST_NONE;
	d->asked = false;
	if (!d->channel->once) {
		channel_end(d->channel, false);
		return;
	}
	x->delivering = true;
	exchange_finish(x);
}

/* One channel; false: it cannot take it, or all of it, now. */
static bool
post_give(struct wire *w, struct dialogue *d)
{
	const struct chunk *c = w->chunk;
	size_t size = chunk_length(c);
	ssize_t n;

	if (d->gone || d->post == POST_VOID) {
		d->post = POST_NONE;
		return true;
	}
	if (d->post == POST_DUE && !channel_begin(d->channel))
		return false;
	if (d->post == POST_DUE)
		d->post = POST_BEGUN;
	while (d->post == POST_BEGUN && d->post_done < size) {
		n = channel_write(d->channel, c->data + c->start +
		    d->post_done, size - d->post_done);
		if (n == -1 && errno == EAGAIN)
			return false;
		if (n == -1) {
			dialogue_gone(d, strerror(errno));
			d->post = POST_NONE;
			return true;
		}
		d->post_done += (size_t)n;
	}
	post_end(d);
	return true;
}

/* With slow=drop, channels miss what they have no room for. */
static bool
post_may_miss(const struct dialogue *d)
{
	return d->s->options.session.slow == SLOW_DROP && !d->channel->once;
}

static void
post_miss(struct wire *w, struct dialogue *d)
{
	if (d->missed++ == 0)
		session_log(d->s, true, "%sdoes not read in time, and misses "
		    "datagrams (slow=drop)", private_who(d));
	d->s->discarded += chunk_length(w->chunk) - d->post_done;
	if (d->post == POST_BEGUN)
		channel_end(d->channel, true);
	d->post = POST_NONE;
}

/* To everybody; false: somebody has to be waited for. */
static bool
post_deliver(struct wire *w)
{
	struct dialogue *d, *next;
	bool all = true;

	for (d = TAILQ_FIRST(&w->s->pool->dialogues); d != NULL; d = next) {
		next = TAILQ_NEXT(d, entry);
		if (d->post == POST_NONE || post_give(w, d))
			continue;
		if (post_may_miss(d))
			post_miss(w, d);
		else
			all = false;
	}
	return all;
}

bool
post_step(struct wire *w)
{
	if (!w->posting) {
		if (!reply_take(w))
			return false;
		if (chunk_length(w->chunk) == 0)
			return true;
		post_begin(w);
	}
	if (!post_deliver(w)) {
		w->blocked = true;
		return false;
	}
	w->posting = false;
	w->chunk->start = w->chunk->end;
	return w->link != NULL;
}

void
post_resume(struct session *s)
{
	struct wire *w = TAILQ_FIRST(&s->pool->wires);

	if (w != NULL && w->blocked)
		wire_resume(w);
}

void
post_void(struct dialogue *d)
{
	const struct wire *w = TAILQ_FIRST(&d->s->pool->wires);

	if (w == NULL || (d->post != POST_DUE && d->post != POST_BEGUN))
		return;
	d->s->discarded += chunk_length(w->chunk) - d->post_done;
	d->post = d->post == POST_DUE ? POST_VOID : POST_VOID_REST;
	post_resume(d->s);
}

uint64_t
post_discard(struct session *s)
{
	struct wire *w = TAILQ_FIRST(&s->pool->wires);
	struct chunk *c;
	uint64_t bytes = 0;
	ssize_t n = 1;
	int i;

	if (w == NULL || !w->up || (c = chunk_take()) == NULL)
		return 0;
	for (i = 0; i < POST_DISCARD && n > 0; i++) {
		n = link_read(w->link, c->data, CHUNK_PAYLOAD);
		bytes += n > 0 ? (uint64_t)n : 0;
	}
	chunk_give(c);
	/* Its end, or what was wrong, is met again, or was not worth it. */
	return bytes;
}
