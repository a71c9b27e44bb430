#include "channel/channel.h"
#include "session/exchange.h"
#include "session/fan.h"
#include "session/listen.h"
#include "session/written.h"

/* Not wholly with the peer's system. */
static uint64_t
written_in_link(const struct link *l)
{
	return link_unsent(l) + link_unacknowledged(l);
}

static uint64_t
written_exchanges(struct session *s)
{
	const struct dialogue *d;
	const struct wire *w;
	uint64_t n = 0;

	TAILQ_FOREACH(d, &s->pool->dialogues, entry) {
		n += d->held;
		if (d->channel != NULL && !d->finished)
			n += channel_waiting(d->channel);
	}
	TAILQ_FOREACH(w, &s->pool->wires, entry)
		if (w->up)
			n += written_in_link(w->link);
	return n;
}

/* In the FIFOs and our own buffers. */
static uint64_t
written_here(const struct session *s)
{
	return chunk_length(s->flow.to_peer.chunk) +
	    fifo_waiting(s->channel.in.fd) + fan_waiting(s);
}

static void
written_add(struct session *s, void *arg)
{
	uint64_t *n = arg;

	*n += s->pool != NULL ? written_exchanges(s) : written_here(s) +
	    (flow_has_link(s) ? written_in_link(s->link) : 0);
}

uint64_t
written_waiting(struct session *s)
{
	uint64_t n = 0;

	written_add(s, &n);
	listen_each(s, written_add, &n);
	return n;
}

/*
 * Each LF may become two bytes: a bound that is too high only has it wait for
 * a little of what was written later, or for everything to have arrived.
 */
void
written_mark(struct session *s, struct written *w)
{
	uint64_t here = s->pool != NULL ? 0 : written_here(s);

	w->upto = s->flow.to_peer.bytes +
	    here * (s->options.session.crlf ? 2 : 1);
	w->uncertain = s->uncertain;
	w->lost = s->flow.lost;
}

/*
 * In a stream to one peer: so many bytes have arrived for certain.  TLS sends
 * more than it is given, so this is not too high.
 */
static bool
written_arrived(struct session *s, const struct written *w)
{
	uint64_t open = s->uncertain - w->uncertain;

	if (s->pool != NULL || (s->listen != NULL && s->link == NULL))
		return false;
	if (flow_has_link(s))
		open += written_in_link(s->link);
	return s->flow.to_peer.bytes >= w->upto + open;
}

enum written_state
written_look(struct session *s, const struct written *w, struct why *why)
{
	uint64_t lost = s->flow.lost - w->lost;
	uint64_t uncertain = s->uncertain - w->uncertain;

	if (written_arrived(s, w))
		return WRITTEN_ARRIVED;
	if (uncertain > 0)
		why_fail(why, FAULT_UNCERTAIN, "%ju %s sent, and the "
		    "connection ended before the peer acknowledged %s",
		    (uintmax_t)uncertain, s->pool != NULL ? "requests were" :
		    "bytes were", "them");
	else if (lost > 0)
		why_fail(why, FAULT_UNSENT, "%ju bytes were not sent%s%s",
		    (uintmax_t)lost, s->why.text[0] != '\0' ? ": " : "",
		    s->why.text);
	if (uncertain + lost > 0)
		return WRITTEN_LOST;
	if (s->state == SESSION_CLOSED || written_waiting(s) == 0)
		return WRITTEN_ARRIVED;
	if (s->state != SESSION_FAILED)
		return WRITTEN_WAITS;
	*why = s->why;
	why_prefix(why, "has failed, with %ju bytes that were not sent",
	    (uintmax_t)written_waiting(s));
	return WRITTEN_LOST;
}
