/*
 * Replies: read from a link, cut by the framing, and delivered.
 */
#include <errno.h>
#include <string.h>

#include "session/exchange.h"
#include "transport/trace.h"

/* So much is read at once from a plain link, which is one read(2). */
#define REPLY_PLAIN 65536

static void reply_whole(struct wire *w);

/* Whoever waits for nothing more costs the link no more than so much. */
static void
reply_dropped(struct wire *w, size_t n)
{
	uint64_t left = w->framer.left;

	w->dropped += n;
	w->s->discarded += n;
	if (w->framer.phase == FRAMER_END)
		return;
	if (w->dropped > EXCHANGE_DRAIN ||
	    (left != UINT64_MAX && left > EXCHANGE_DRAIN)) {
		session_log(w->s, false, "closed: more is left of a reply "
		    "that nobody waits for than its connection is worth");
		wire_end(w, NULL);
	}
}

/* The greeting's first line, for `status` and the log. */
static void
reply_greeting(struct pool *pool, const uint8_t *data, size_t size)
{
	size_t at = strlen(pool->greeting), i;

	for (i = 0; i < size && at + 1 < sizeof(pool->greeting); i++) {
		if (memchr(pool->greeting, '\n', at) != NULL)
			break;
		pool->greeting[at++] = (char)data[i];
	}
	pool->greeting[at] = '\0';
}

/* What is cut goes to its client; false: it cannot now. */
static bool
reply_deliver(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);
	const uint8_t *data = w->chunk->data + w->chunk->start;
	ssize_t n;

	if (x->greeting)
		reply_greeting(w->s->pool, data, w->cut);
	n = dialogue_deliver(x, data, w->cut);
	if (n == -1) {
		w->blocked = true;
		if (w->blocked_ms == 0)
			w->blocked_ms = loop_now_ms();
		late_expect(w->s, w->s->options.session.timeout_read);
		return false;
	}
	w->chunk->start += (uint32_t)n;
	w->cut -= (size_t)n;
	/* The peer was not asked for more meanwhile, but is from now on. */
	if (w->blocked_ms != 0) {
		x->since_ms = loop_now_ms();
		late_expect(w->s, w->s->options.session.timeout);
	}
	w->blocked_ms = 0;
	if (x->d != NULL && !x->dropping)
		w->s->flow.to_client.bytes += (uint64_t)n;
	else if (!x->greeting)
		reply_dropped(w, (size_t)n);
	return true;
}

/* Bytes that nobody has asked for: the next reply must not begin with them. */
static bool
reply_unasked(struct wire *w)
{
	struct pool *pool = w->s->pool;
	uint32_t n = chunk_length(w->chunk);
	struct why why;

	w->s->discarded += n;
	w->chunk->start = w->chunk->end;
	/* Of datagrams, one that was late, or came twice. */
	if (pool->framing.framing->flags & FRAMING_LOOSE ||
	    link_is_datagram(w->link)) {
		session_log(w->s, false, "%ju bytes that nobody asked for "
		    "were dropped", (uintmax_t)n);
		return true;
	}
	why_fail(&why, FAULT_RECEIVE, "peer sent %ju bytes that nobody asked "
	    "for", (uintmax_t)n);
	session_log(w->s, true, "closed: %s", why.text);
	wire_end(w, &why);
	return false;
}

static bool
reply_broken(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);
	struct why why;

	why_fail(&why, FAULT_RECEIVE, "not a reply of framing=%s: %s",
	    w->s->pool->framing.framing->name, w->framer.why);
	if (x->d == NULL)
		session_log(w->s, true, "closed: %s", why.text);
	else
		exchange_fail(x, x->delivering ? LAST_TRUNCATED :
		    exchange_harmless(x) ? LAST_ERROR : LAST_UNCERTAIN, 0,
		    &why);
	wire_end(w, &why);
	return false;
}

static void
reply_silent(void *arg)
{
	struct wire *w = arg;

	if (w->link == NULL || !w->cutting)
		return;
	w->framer.phase = FRAMER_END;
	wire_turn(w);
}

/* A reply has begun: is it one that was asked for? */
static bool
reply_begin(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);
	struct pool *pool = w->s->pool;
	bool asked = x != NULL && (x->greeting || x->sent > 0 || x->streaming);
	size_t n;

	n = link_is_datagram(w->link) ? 0 : framer_blank(&pool->framing,
	    w->chunk->data + w->chunk->start, chunk_length(w->chunk));
	w->chunk->start += (uint32_t)n;
	if (chunk_length(w->chunk) == 0)
		return true;
	if (!asked)
		return reply_unasked(w);
	if (w->carried == 0 && !x->greeting)
		session_log(w->s, false, "first byte of the first reply after "
		    "%.1f ms", (double)(trace_now_us() - w->asked_us) / 1000);
	framer_start(&w->framer, &pool->framing, &x->request);
	w->cutting = true;
	w->dropped = 0;
	return true;
}

/* From here on both directions belong to one client. */
static void
reply_tunnel(struct wire *w, struct exchange *x)
{
	w->last = true;
	if (x->d == NULL || x->d->tunnel == x)
		return;
	x->whole = false;
	x->streaming = true;
	buf_clear(&x->bytes);
	x->sent = 0;
	w->sending = x;
	x->d->tunnel = x;
	pool_look(x->d);
}

/* A datagram is a reply, whatever a framing would make of it. */
static bool
reply_datagram(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);

	w->cut = chunk_length(w->chunk);
	w->framer.length = w->cut;
	w->framer.phase = FRAMER_END;
	x->begun = true;
	x->since_ms = loop_now_ms();
	return true;
}

static bool
reply_cut(struct wire *w)
{
	const struct framing *framing = w->s->pool->framing.framing;
	struct exchange *x;
	size_t n;

	if (!w->cutting)
		return reply_begin(w);
	if (link_is_datagram(w->link))
		return reply_datagram(w);
	x = TAILQ_FIRST(&w->exchanges);
	n = framer_reply(&w->framer, w->chunk->data + w->chunk->start,
	    chunk_length(w->chunk));
	if (w->framer.phase == FRAMER_BROKEN)
		return reply_broken(w);
	if (w->framer.phase == FRAMER_END &&
	    !(framing->flags & FRAMING_DROPS_BLANK))
		n += framer_blank(&w->s->pool->framing,
		    w->chunk->data + w->chunk->start + n,
		    chunk_length(w->chunk) - n);
	w->cut = n;
	x->begun = true;
	x->since_ms = loop_now_ms();
	if (w->framer.message.flags & MESSAGE_TUNNEL)
		reply_tunnel(w, x);
	if (framing->flags & FRAMING_SILENCE)
		timer_set(&w->silence, (int64_t)w->s->pool->framing.number,
		    reply_silent, w);
	return true;
}

/* The peer has closed its side: is that the end of a reply? */
static void
reply_closed(struct wire *w)
{
	struct why why;

	if (w->cutting && framer_end(&w->framer)) {
		w->last = true;
		w->framer.phase = FRAMER_END;
		reply_whole(w);
		if (w->link == NULL)
			return;
	}
	why_fail(&why, FAULT_EMPTY, "peer closed the connection");
	wire_end(w, TAILQ_EMPTY(&w->exchanges) ? NULL : &why);
}

/* Nothing has come: because of what?  True: it may be tried again. */
static bool
reply_none(struct wire *w)
{
	if (errno == EAGAIN)
		return false;
	if (errno != ECONNREFUSED || !link_is_datagram(w->link)) {
		wire_end(w, &w->why);
		return false;
	}
	if (w->s->pool->unpaired)
		post_hurt(w);
	else if (!TAILQ_EMPTY(&w->exchanges))
		wire_fail(w);
	return true;
}

bool
reply_take(struct wire *w)
{
	uint32_t room = link_is_plain(w->link) ? REPLY_PLAIN : CHUNK_PAYLOAD;
	ssize_t n;

	if (w->drained) {
		w->drained = false;
		chunk_settle(&w->chunk);
		return false;
	}
	if (w->chunk == NULL && (w->chunk = chunk_take()) == NULL) {
		watch_rest(&w->readable);
		return false;
	}
	w->chunk->start = w->chunk->end = 0;
	n = link_read(w->link, w->chunk->data, room);
	if (n <= 0)
		chunk_settle(&w->chunk);
	if (n == 0)
		reply_closed(w);
	if (n <= 0)
		return n == -1 && reply_none(w);
	w->chunk->end = (uint32_t)n;
	w->mark = mirror_show(w->s, TRANSCRIPT_OUT, w->chunk->data, (size_t)n);
	if (link_is_datagram(w->link))
		return true;
	/* After a short read the loop will tell when more has come. */
	w->drained = (uint32_t)n < room && !link_holds(w->link);
	return true;
}

/* The greeting is whole: may we go on? */
static void
reply_greeted(struct wire *w, struct exchange *x)
{
	struct pool *pool = w->s->pool;
	struct why why;

	exchange_free(x);
	pool->greeting[strcspn(pool->greeting, "\r\n")] = '\0';
	session_log(w->s, false, "greeting: %s", pool->greeting);
	if (!(w->framer.message.flags & MESSAGE_BAD))
		return;
	why_fail(&why, FAULT_CONNECT, "peer refuses: %s", pool->greeting);
	wire_end(w, &why);
}

/* May the link carry another exchange, after this one? */
static bool
reply_stays(const struct wire *w, const struct exchange *x)
{
	int most = w->s->options.session.max_requests;

	if (w->last || w->sending == x ||
	    (w->framer.message.flags | x->request.flags) & MESSAGE_CLOSE)
		return false;
	return most == 0 || w->carried < (uint64_t)most;
}

/* What its dialogue makes of the reply. */
static void
reply_answered(struct wire *w, struct exchange *x)
{
	struct dialogue *d = x->d;
	const struct message *reply = &w->framer.message;

	d->reply = *reply;
	/* Answered before its end: nobody is to have the rest of it. */
	if (d->cutting == x) {
		d->skipping = true;
		d->cutting = NULL;
	}
	if ((reply->flags | x->request.flags) & MESSAGE_CLOSE &&
	    d->channel->exact)
		d->closing = true;
	d->refused = d->quiet && reply->code >= 400;
	/* Its reader must not wait for what he will never get. */
	if (x->why.fault == FAULT_CANCELLED) {
		struct why why = x->why;

		x->dropping = x->delivering;
		exchange_fail(x, LAST_CANCELLED, 0, &why);
		return;
	}
	x->last = x->dropping ? LAST_CANCELLED : LAST_COMPLETE;
	exchange_finish(x);
}

/* The reply is whole, and delivered. */
static void
reply_whole(struct wire *w)
{
	struct exchange *x = TAILQ_FIRST(&w->exchanges);

	timer_clear(&w->silence);
	w->cutting = false;
	/* Its client has gone with the last bytes: he did not get it all. */
	if (x->d != NULL && x->d->gone) {
		dialogue_end(x->d);
		if (w->link == NULL)
			return;
	}
	w->carried += !x->greeting;
	w->last = !reply_stays(w, x);
	if (x->greeting)
		reply_greeted(w, x);
	else if (x->d != NULL)
		reply_answered(w, x);
	else
		exchange_free(x);
	framer_clear(&w->framer);
	if (w->link == NULL)
		return;
	if ((x = TAILQ_FIRST(&w->exchanges)) != NULL)
		x->since_ms = loop_now_ms();
	else if (w->last)
		wire_end(w, NULL);
	else
		wire_rest(w);
	pool_turn(w->s);
}

/* One step of what has come; false: there is no more to do now. */
bool
reply_step(struct wire *w)
{
	if (mirror_holds(w->s, w->mark))
		return false;
	if (w->s->pool->unpaired)
		return post_step(w);
	if (w->cut > 0)
		return reply_deliver(w);
	if (w->cutting && w->framer.phase == FRAMER_END) {
		reply_whole(w);
		return w->link != NULL;
	}
	if (chunk_length(w->chunk) > 0)
		return reply_cut(w);
	return reply_take(w);
}
