#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "session/fan.h"
#include "session/heir.h"
#include "session/pump.h"
#include "session/session.h"

/* A plain link is read by so much at first; when that fills, by splice. */
#define PUMP_SMALL 16384
#define PUMP_SPLICE (1024 * 1024)
#define PUMP_SHRINK_MS 1000
/* What a shell writes at once is no longer than this: a line, or a buffer. */
#define PUMP_PIECE 4096

/* May bytes pass without our touching them?  Looked at in each turn. */
static bool
pump_may_splice(const struct session *s, const struct flow_way *way)
{
	return way->bulk && fifo_can_splice() && link_is_plain(s->link) &&
	    !s->options.session.crlf && !fan_is_there(s) &&
	    !mirror_is_there(s);
}

static enum pump
pump_wait(struct flow_way *way, enum flow_wait wait)
{
	way->wait = wait;
	return PUMP_WAIT;
}

static enum pump
pump_broken(void)
{
	return errno == EAGAIN ? PUMP_WAIT : PUMP_BROKEN;
}

static void pump_shrink(void *arg);

void
pump_grow(struct session *s, struct fifo *f)
{
	if (f->grown)
		return;
	fifo_grow(f, s->options.channel.pipe_size);
	timer_set(&s->flow.shrink, PUMP_SHRINK_MS, pump_shrink, s);
}

/*
 * Once enlarged FIFOs are found empty and still they are made small again,
 * and this timer has no more to do until the next are enlarged.
 */
static void
pump_shrink(void *arg)
{
	struct session *s = arg;
	bool still = !s->flow.to_peer.bulk && !s->flow.to_client.bulk;

	s->flow.to_peer.bulk = s->flow.to_client.bulk = false;
	if (!still || !fifo_shrink(&s->channel.in) ||
	    !fifo_shrink(&s->channel.out.fifo) || !fan_shrink(s))
		timer_set(&s->flow.shrink, PUMP_SHRINK_MS, pump_shrink, s);
	flow_turn(s);
}

/* No memory for a chunk: rest a second, then try again. */
static enum pump
pump_rest(struct session *s, struct flow_way *way)
{
	way->wait = FLOW_REST;
	timer_set(&s->flow.shrink, PUMP_SHRINK_MS, pump_shrink, s);
	return PUMP_WAIT;
}

static bool
pump_is_full(int to)
{
	struct pollfd p = { .fd = to, .events = POLLOUT };

	return poll(&p, 1, 0) == 0;
}

/*
 * EAGAIN from splice(2) does not say which side was not ready; waiting for
 * the wrong one would spin or hang.  Where both still are after a wait, it has
 * met what it does not move (TCP's urgent data): that is copied.
 */
static enum pump
pump_unready(struct flow_way *way, int from, int to)
{
	bool again = way->stalled;

	if (fifo_waiting(from) == 0)
		return pump_wait(way, FLOW_SOURCE);
	way->stalled = true;
	if (!again || pump_is_full(to))
		return pump_wait(way, FLOW_SINK);
	way->bulk = false;
	return PUMP_MOVED;
}

static enum pump
pump_splice(struct session *s, struct flow_way *way, int from, int to)
{
	ssize_t n = fifo_splice(from, to, PUMP_SPLICE);

	if (n > 0) {
		way->bytes += (uint64_t)n;
		way->bulk = n >= PUMP_SMALL;
		way->stalled = false;
		return PUMP_MOVED;
	}
	if (n == -1 && errno == EAGAIN)
		return pump_unready(way, from, to);
	way->bulk = false;
	/*
	 * Not with these, or the end; but of that Linux speaks before urgent
	 * data, too, so reading has to say it.  For pages there may be no
	 * memory where for a copy there is.
	 */
	if (n == 0 || errno == EINVAL || errno == ENOSYS || errno == ENOMEM)
		return PUMP_MOVED;
	link_broken(s->link);
	return PUMP_BROKEN;
}

/* How much is read at once: where much comes, the rest may be spliced. */
static uint32_t
pump_room(const struct session *s)
{
	return link_is_plain(s->link) && !mirror_is_there(s) ? PUMP_SMALL :
	    CHUNK_PAYLOAD;
}

/* To whoever looks on, what has just been taken. */
static void
pump_show(struct session *s, struct flow_way *way, enum transcript_way which)
{
	way->mark = mirror_show(s, which, way->chunk->data + way->chunk->start,
	    chunk_length(way->chunk));
}

/*
 * LF becomes CRLF where there is no CR already.  The bytes were read into the
 * upper half, so the lower one grows without overtaking them.
 */
static void
pump_crlf(struct flow *f, struct chunk *c)
{
	uint32_t at, out = 0;

	for (at = c->start; at < c->end; at++) {
		if (c->data[at] == '\n' && !f->after_cr)
			c->data[out++] = '\r';
		f->after_cr = c->data[at] == '\r';
		c->data[out++] = c->data[at];
	}
	c->start = 0;
	c->end = out;
}

/*
 * A shell writes a request in pieces, a line each (bash's printf), and every
 * piece sent alone costs the peer a wake-up.  Where the last request came so,
 * let the writer have the processor once before its first piece is sent: the
 * rest is then in the pipe.  It is a guess, dropped as soon as it is wrong, so
 * that requests of one write never pay for it.
 */
static ssize_t
pump_gather(struct session *s, uint8_t *data, size_t room)
{
	struct flow *f = &s->flow;
	ssize_t n = read(s->channel.in.fd, data, room), more;

	if (n <= 0 || n >= PUMP_PIECE)
		return n;
	if (f->pieces) {
		sched_yield();
		more = read(s->channel.in.fd, data + n, room - (size_t)n);
		f->pieces = more > 0;
		n += more > 0 ? more : 0;
	} else {
		f->pieces = f->asked;
	}
	f->asked = true;
	return n;
}

/* Take what is in `in`, all of it: several writes become one segment. */
static enum pump
pump_take_in(struct session *s)
{
	struct flow_way *way = &s->flow.to_peer;
	bool crlf = s->options.session.crlf;
	uint32_t room = pump_room(s);
	ssize_t n;

	if (way->chunk == NULL && (way->chunk = chunk_take()) == NULL)
		return pump_rest(s, way);
	if (crlf)
		room = CHUNK_PAYLOAD / 2;
	way->chunk->start = crlf ? CHUNK_PAYLOAD / 2 : 0;
	s->row->number[HEIR_TO_PEER] = LEDGER_UNKNOWN;
	n = pump_gather(s, way->chunk->data + way->chunk->start, room);
	s->row->number[HEIR_TO_PEER] = n > 0 ? (uint64_t)n : 0;
	way->chunk->end = way->chunk->start + (n > 0 ? (uint32_t)n : 0);
	if (n <= 0)
		return pump_wait(way, FLOW_SOURCE);
	if (n >= FIFO_IDLE_SIZE)
		pump_grow(s, &s->channel.in);
	way->bulk = (uint32_t)n == room;
	if (crlf)
		pump_crlf(&s->flow, way->chunk);
	pump_show(s, way, TRANSCRIPT_IN);
	return PUMP_MOVED;
}

enum pump
pump_from_branch(struct session *s, struct channel *from)
{
	struct flow_way *way = &s->flow.to_peer;
	bool crlf = s->options.session.crlf;
	uint32_t room = crlf ? CHUNK_PAYLOAD / 2 : PUMP_SMALL;
	ssize_t n;

	if (!flow_has_link(s) || heir_halted() || chunk_length(way->chunk) > 0 ||
	    link_pending(s->link) > 0 || s->link->finished)
		return PUMP_WAIT;
	if (way->chunk == NULL && (way->chunk = chunk_take()) == NULL)
		return pump_rest(s, way);
	way->chunk->start = crlf ? CHUNK_PAYLOAD / 2 : 0;
	s->row->number[HEIR_TO_PEER] = LEDGER_UNKNOWN;
	n = channel_read(from, way->chunk->data + way->chunk->start, room);
	s->row->number[HEIR_TO_PEER] = n > 0 ? (uint64_t)n : 0;
	way->chunk->end = way->chunk->start + (n > 0 ? (uint32_t)n : 0);
	if (n <= 0)
		return n == 0 ? PUMP_ENDED :
		    errno == EAGAIN ? PUMP_WAIT : PUMP_BROKEN;
	s->flow.asked = true;
	if (crlf)
		pump_crlf(&s->flow, way->chunk);
	pump_show(s, way, TRANSCRIPT_IN);
	return PUMP_MOVED;
}

static enum pump
pump_send(struct session *s)
{
	struct flow_way *way = &s->flow.to_peer;
	struct chunk *c = way->chunk;
	uint32_t size = chunk_length(c);
	ssize_t n;

	if (size > 0 && mirror_holds(s, way->mark))
		return pump_wait(way, FLOW_RECORD);
	n = link_write(s->link, c == NULL ? NULL : c->data + c->start, size);
	if (n == -1) {
		way->wait = FLOW_SINK;
		return pump_broken();
	}
	way->bytes += (uint64_t)n;
	if (c != NULL)
		c->start += (uint32_t)n;
	s->row->number[HEIR_TO_PEER] = chunk_length(c) + link_unsent(s->link);
	return PUMP_MOVED;
}

/*
 * One step towards the peer.  After a short read there is no need to look
 * again: the loop will tell when more has come.
 */
enum pump
pump_to_peer(struct session *s)
{
	struct flow_way *way = &s->flow.to_peer;
	enum pump came;

	if (chunk_length(way->chunk) > 0 || link_pending(s->link) > 0)
		return pump_send(s);
	if (s->link->finished || heir_halted())
		return pump_wait(way, FLOW_SOURCE);
	if (pump_may_splice(s, way))
		return pump_splice(s, way, s->channel.in.fd, s->link->fd);
	came = pump_take_in(s);
	if (came != PUMP_MOVED)
		return came;
	came = pump_send(s);
	if (came == PUMP_MOVED && !way->bulk &&
	    chunk_length(way->chunk) == 0 && link_pending(s->link) == 0)
		return pump_wait(way, FLOW_SOURCE);
	return came;
}

/* To `out`, from where it is in the chunk; whether any went. */
static bool
pump_deliver_out(struct session *s, struct chunk *c)
{
	struct flow *f = &s->flow;
	ssize_t n;

	n = write(s->channel.out.fifo.fd, c->data + f->out_done,
	    c->end - f->out_done);
	if (n <= 0)
		return false;
	f->out_done += (uint32_t)n;
	f->to_client.bytes += (uint64_t)n;
	return true;
}

/* The chunk goes on when `out` and each branch are through with it. */
static enum pump
pump_deliver(struct session *s)
{
	struct flow_way *way = &s->flow.to_client;
	struct chunk *c = way->chunk;
	uint32_t behind = 0;
	bool moved = false;

	if (mirror_holds(s, way->mark))
		return pump_wait(way, FLOW_RECORD);
	if (s->flow.out_done < c->end)
		moved = pump_deliver_out(s, c);
	if (s->flow.out_done < c->end)
		pump_grow(s, &s->channel.out.fifo);
	if (fan_is_there(s))
		behind = fan_deliver(s, c);
	if (behind < c->end - s->flow.out_done)
		behind = c->end - s->flow.out_done;
	c->start = c->end - behind;
	s->row->number[HEIR_TO_CLIENT] = behind;
	return behind == 0 || moved ? PUMP_MOVED : pump_wait(way, FLOW_SINK);
}

static enum pump
pump_take_link(struct session *s)
{
	struct flow_way *way = &s->flow.to_client;
	uint32_t room = pump_room(s);
	ssize_t n;

	if (way->chunk == NULL && (way->chunk = chunk_take()) == NULL)
		return pump_rest(s, way);
	s->row->number[HEIR_TO_CLIENT] = LEDGER_UNKNOWN;
	n = link_read(s->link, way->chunk->data, room);
	s->row->number[HEIR_TO_CLIENT] = n > 0 ? (uint64_t)n : 0;
	way->chunk->start = 0;
	way->chunk->end = n > 0 ? (uint32_t)n : 0;
	if (n == -1) {
		way->wait = FLOW_SOURCE;
		return pump_broken();
	}
	if (n == 0)
		return PUMP_ENDED;
	s->flow.asked = false;
	s->flow.out_done = 0;
	fan_fresh(s);
	pump_show(s, way, TRANSCRIPT_OUT);
	way->bulk = (uint32_t)n == room;
	return PUMP_MOVED;
}

enum pump
pump_to_client(struct session *s)
{
	struct flow_way *way = &s->flow.to_client;
	enum pump came;

	if (chunk_length(way->chunk) > 0)
		return pump_deliver(s);
	if (!flow_has_link(s) || !delivery_open(&s->channel.out) ||
	    (heir_halted() && !link_holds(s->link)))
		return pump_wait(way, FLOW_SOURCE);
	if (pump_may_splice(s, way)) {
		came = pump_splice(s, way, s->link->fd,
		    s->channel.out.fifo.fd);
		if (came == PUMP_WAIT && way->wait == FLOW_SINK)
			pump_grow(s, &s->channel.out.fifo);
		return came;
	}
	came = pump_take_link(s);
	if (came != PUMP_MOVED)
		return came;
	came = pump_deliver(s);
	if (came == PUMP_MOVED && !way->bulk && chunk_length(way->chunk) == 0 &&
	    !link_holds(s->link))
		return pump_wait(way, FLOW_SOURCE);
	return came;
}
