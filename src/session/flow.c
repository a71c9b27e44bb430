#include <errno.h>

#include "session/dial.h"
#include "session/fan.h"
#include "session/flow.h"
#include "session/heir.h"
#include "session/pump.h"
#include "session/retry.h"
#include "session/session.h"

/*
 * The most one turn moves in a direction before other sessions have theirs:
 * this many steps, each at most a chunk or a pipe full.
 */
#define FLOW_STEPS 16
/* Where somebody looks on each byte costs more. */
#define FLOW_STEPS_MIRRORED 1

static void flow_to_peer_ready(void *arg);
static void flow_to_client_ready(void *arg);

bool
flow_has_link(const struct session *s)
{
	return s->link != NULL && s->link->told == LINK_UP;
}

/* Of what the link holds the loop would not tell. */
static bool
flow_must_go_on(const struct session *s, const struct flow_way *way)
{
	return way == &s->flow.to_client && flow_has_link(s) &&
	    link_holds(s->link);
}

/* Steps until it has to wait, or others should have their turn. */
static enum pump
flow_run(struct session *s, enum pump (*step)(struct session *s),
    struct flow_way *way)
{
	int n, most = mirror_is_there(s) ? FLOW_STEPS_MIRRORED : FLOW_STEPS;
	enum pump came = PUMP_MOVED;

	way->wait = FLOW_SOURCE;
	for (n = 0; came == PUMP_MOVED &&
	    (n < most || flow_must_go_on(s, way)); n++)
		came = step(s);
	if (came == PUMP_MOVED && chunk_length(way->chunk) > 0)
		way->wait = FLOW_SINK;
	chunk_settle(&way->chunk);
	return came;
}

/*
 * What is of interest now; derived here and nowhere else.  Descriptors change
 * with links and rotations, so each is looked up when it is wanted.  A session
 * without a link looks at `in` only where a byte there is to make one.
 */
static void
flow_want(struct session *s)
{
	struct flow *f = &s->flow;
	bool up = flow_has_link(s), halted = heir_halted();
	bool sending = up && !s->link->finished && !f->deaf && !halted;
	bool taking = up && delivery_open(&s->channel.out) && !halted;
	const struct chunk *chunk = f->to_client.chunk;
	const struct {
		struct watch *watch;
		int fd;
		enum loop_direction direction;
		loop_cb *ready;
		bool wanted;
	} wants[] = {
		{ &f->in_readable, s->channel.in.fd, LOOP_READ,
		    flow_to_peer_ready, up ?
		    sending && f->to_peer.wait == FLOW_SOURCE :
		    !halted && retry_on_demand(s) },
		{ &f->link_writable, up ? s->link->fd : -1, LOOP_WRITE,
		    flow_to_peer_ready, up && f->to_peer.wait == FLOW_SINK &&
		    !s->link->want_read },
		{ &f->link_readable, up ? s->link->fd : -1, LOOP_READ,
		    flow_to_client_ready,
		    taking && f->to_client.wait == FLOW_SOURCE &&
		    !s->link->hushed },
		{ &f->out_writable, s->channel.out.fifo.fd, LOOP_WRITE,
		    flow_to_client_ready, f->to_client.wait == FLOW_SINK &&
		    (chunk == NULL || f->out_done < chunk->end) },
	};
	size_t i;
	bool wanted;

	for (i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		/* A link without one tells by itself (hub.h). */
		wanted = wants[i].wanted && wants[i].fd != -1;
		if (wanted && !wants[i].watch->wanted)
			watch_init(wants[i].watch, wants[i].fd,
			    wants[i].direction, wants[i].ready, s);
		watch_want(wants[i].watch, wanted);
	}
	fan_want(s, up ? sending && f->to_peer.wait == FLOW_SOURCE :
	    !halted && retry_on_demand(s));
}

/* Nothing is left for the peer, neither taken nor in `in`. */
static bool
flow_drained(const struct session *s)
{
	return chunk_length(s->flow.to_peer.chunk) == 0 &&
	    link_pending(s->link) == 0 &&
	    fifo_waiting(s->channel.in.fd) == 0 && fan_waiting(s) == 0;
}

/* Half-close was asked for, and nothing is left to be sent before it. */
static enum pump
flow_finish(struct session *s)
{
	if (!s->flow.eof_wanted || s->link->finished || !flow_drained(s))
		return PUMP_WAIT;
	if (link_finish(s->link) == -1)
		return errno == EAGAIN ? PUMP_WAIT : PUMP_BROKEN;
	session_log(s, false, "end of file sent to the peer");
	return PUMP_WAIT;
}

/* Whether the link broke is left to the way that reads to find. */
static void
flow_run_to_peer(struct session *s)
{
	enum pump came;

	if (!flow_has_link(s) || s->flow.deaf)
		return;
	came = flow_run(s, pump_to_peer, &s->flow.to_peer);
	if (came == PUMP_WAIT)
		came = flow_finish(s);
	if (came != PUMP_BROKEN)
		return;
	/*
	 * The kernel keeps what the peer said before it hung up: that is
	 * delivered first, and its end is the link's, for the reason that we
	 * have met here.
	 */
	s->flow.deaf = true;
	s->link->why = NULL;
	s->flow.to_peer.wait = FLOW_REST;
}

static enum pump
flow_run_to_client(struct session *s)
{
	struct flow_way *way = &s->flow.to_client;
	enum pump came = flow_run(s, pump_to_client, way);

	if (s->end_owed && !flow_has_link(s) && chunk_length(way->chunk) == 0)
		dial_deliver_end(s);
	return came;
}

/* Interest first: what comes after may free the link or dial a new one. */
static void
flow_end_turn(struct session *s, enum pump got)
{
	flow_want(s);
	if (got == PUMP_BROKEN || (got == PUMP_ENDED && s->flow.deaf))
		retry_link_broken(s);
	else if (got == PUMP_ENDED)
		retry_link_ended(s);
}

void
flow_turn(struct session *s)
{
	if (retry_on_demand(s) && !heir_halted() &&
	    fifo_waiting(s->channel.in.fd) + fan_waiting(s) > 0)
		dial_start(s, "bytes wait in `in'");
	flow_run_to_peer(s);
	flow_end_turn(s, flow_run_to_client(s));
}

static void
flow_to_peer_ready(void *arg)
{
	struct session *s = arg;

	flow_run_to_peer(s);
	if (flow_has_link(s) && !s->flow.deaf)
		flow_want(s);
	else
		flow_turn(s);
}

/* A layer may have had to read before it could go on writing (link.h). */
static void
flow_to_client_ready(void *arg)
{
	struct session *s = arg;
	bool writing = flow_has_link(s) && s->link->want_read;
	enum pump got = flow_run_to_client(s);

	if (writing && got == PUMP_WAIT)
		flow_run_to_peer(s);
	flow_end_turn(s, got);
}

uint64_t
flow_link_down(struct session *s)
{
	struct flow *f = &s->flow;
	size_t held = link_unsent(s->link);
	uint64_t lost = chunk_length(f->to_peer.chunk) + held;

	f->to_peer.bytes -= held;
	watch_clear(&f->in_readable);
	watch_clear(&f->link_readable);
	watch_clear(&f->link_writable);
	chunk_give(f->to_peer.chunk);
	f->to_peer.chunk = NULL;
	f->to_peer.bulk = f->to_client.bulk = false;
	f->eof_wanted = f->after_cr = f->deaf = false;
	return lost;
}

uint64_t
flow_sent(const struct session *s)
{
	return s->flow.to_peer.bytes -
	    (s->link == NULL ? 0 : link_unsent(s->link));
}

uint64_t
flow_queued(const struct session *s)
{
	return chunk_length(s->flow.to_peer.chunk) +
	    chunk_length(s->flow.to_client.chunk) +
	    (s->link == NULL ? 0 : link_unsent(s->link)) +
	    fifo_waiting(s->channel.in.fd) + fan_waiting(s) +
	    fifo_waiting(s->channel.out.fifo.fd);
}

uint64_t
flow_discard(struct session *s)
{
	struct flow *f = &s->flow;
	uint64_t n = chunk_length(f->to_peer.chunk) +
	    chunk_length(f->to_client.chunk), in;

	f->lost += chunk_length(f->to_peer.chunk);
	chunk_give(f->to_peer.chunk);
	chunk_give(f->to_client.chunk);
	f->to_peer.chunk = f->to_client.chunk = NULL;
	in = fifo_drop(s->channel.in.fd);
	f->lost += in;
	n += in;
	n += delivery_drop(&s->channel.out);
	n += fan_discard(s);
	return n;
}

void
flow_clear(struct session *s)
{
	struct flow *f = &s->flow;

	watch_clear(&f->in_readable);
	watch_clear(&f->out_writable);
	watch_clear(&f->link_readable);
	watch_clear(&f->link_writable);
	timer_clear(&f->shrink);
	chunk_give(f->to_peer.chunk);
	chunk_give(f->to_client.chunk);
	f->to_peer.chunk = f->to_client.chunk = NULL;
}
