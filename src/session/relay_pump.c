/*
 * The pump of relays: from one socket to another.  Small amounts are copied
 * through one buffer that all share, and only what the other side has not
 * taken at once is kept; many bytes between plain sockets go by splice(2)
 * through a pipe of the few that there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/xalloc.h"
#include "channel/fifo.h"
#include "session/mirror.h"
#include "session/relay_internal.h"
#include "transport/sock.h"

/* A plain socket is read by so much at first; when that fills, by splice. */
#define RELAY_SMALL 16384
/* The most that is read at once, and so the most that is held. */
#define RELAY_ROOM 65536
#define RELAY_SPLICE (1024 * 1024)
/* The most one turn moves in a direction before other relays have theirs. */
#define RELAY_STEPS 16

/* Bytes pass through, and none of them waits here. */
static uint8_t relay_room[RELAY_ROOM];

/* --- one end --- */

static bool
end_is_plain(const struct relay_end *e)
{
	return e->link == NULL || link_is_plain(e->link);
}

static ssize_t
end_read(struct relay_end *e, void *data, size_t size)
{
	ssize_t n;

	/* Of what was not all read nothing more is told: not EAGAIN. */
	do
		n = e->link != NULL ? link_read(e->link, data, size) :
		    recv(e->fd, data, size, 0);
	while (n == -1 && errno == EINTR);
	return n;
}

static ssize_t
end_write(struct relay_end *e, const void *data, size_t size)
{
	ssize_t n;

	do
		n = e->link != NULL ? link_write(e->link, data, size) :
		    send(e->fd, data, size, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n;
}

static int
end_finish(struct relay_end *e)
{
	if (e->link != NULL)
		return link_finish(e->link);
	return shutdown(e->fd, SHUT_WR) == -1 && errno != ENOTCONN ? -1 : 0;
}

static size_t
end_pending(const struct relay_end *e)
{
	return e->link != NULL ? link_pending(e->link) : 0;
}

bool
relay_end_is_through(const struct relay_end *e)
{
	return e->broken || (end_pending(e) == 0 &&
	    sock_unacknowledged(e->fd) == 0);
}

/* --- one way --- */

void
relay_way_clear(struct relay_way *w)
{
	relay_pipe_give(w->pipe);
	w->pipe = NULL;
	free(w->held);
	w->held = NULL;
	w->start = w->end = 0;
}

static bool
way_holds(const struct relay_way *w)
{
	return w->start < w->end || (w->pipe != NULL && w->pipe->n > 0) ||
	    end_pending(w->to) > 0;
}

/* Nothing passes now: what an idle relay has none of. */
static void
way_rest(struct relay_way *w)
{
	if (w->pipe != NULL && w->pipe->n == 0) {
		relay_pipe_give(w->pipe);
		w->pipe = NULL;
	}
	if (w->held != NULL && w->start == w->end) {
		free(w->held);
		w->held = NULL;
	}
}

enum pump
relay_break(struct relay *r, struct relay_end *e)
{
	struct relay_way *to = e == &r->peer ? &r->to_peer : &r->to_client;

	if (!r->broken)
		r->since_ms = loop_now_ms();
	r->broken = e->broken = true;
	e->news.readable = true;
	relay_way_clear(to);
	to->ended = to->finished = true;
	return PUMP_MOVED;
}

static enum pump
way_unwritable(struct relay *r, struct relay_way *w)
{
	if (errno != EAGAIN && errno != EINTR)
		return relay_break(r, w->to);
	w->to->news.writable = false;
	return PUMP_WAIT;
}

/* Said all, or broken: no more is read from there. */
static enum pump
way_unreadable(struct relay *r, struct relay_way *w)
{
	if (errno == EAGAIN || errno == EINTR) {
		w->from->news.readable = false;
		return PUMP_WAIT;
	}
	w->ended = true;
	return relay_break(r, w->from);
}

/* What is held goes first. */
static enum pump
way_send(struct relay *r, struct relay_way *w)
{
	struct relay_pipe *p = w->pipe;
	ssize_t n;

	/* relay_turn() comes when they may go on. */
	if (mirror_holds(r->s, w->mark))
		return PUMP_WAIT;
	if (p != NULL && p->n > 0) {
		n = fifo_splice(p->fds[0], w->to->fd, p->n);
		p->n -= n > 0 ? (size_t)n : 0;
	} else {
		n = end_write(w->to, w->held + w->start, w->end - w->start);
		w->start += n > 0 ? (uint32_t)n : 0;
	}
	if (n == -1)
		return way_unwritable(r, w);
	*w->bytes += (uint64_t)n;
	return PUMP_MOVED;
}

/* The rest of what was read waits for room. */
static void
way_hold(struct relay_way *w, const uint8_t *data, size_t size)
{
	free(w->held);
	w->held = xcalloc(1, size);
	memcpy(w->held, data, size);
	w->start = 0;
	w->end = (uint32_t)size;
}

/* Whoever looks on sees it first, and may have it wait; a bridge's, later. */
static bool
way_shows(struct relay *r, struct relay_way *w, size_t size)
{
	w->mark = r->bridge ? 0 : mirror_show(r->s, w == &r->to_peer ?
	    TRANSCRIPT_IN : TRANSCRIPT_OUT, relay_room, size);
	return mirror_holds(r->s, w->mark);
}

static enum pump
way_copy(struct relay *r, struct relay_way *w)
{
	size_t room = end_is_plain(w->from) && !w->bulk ? RELAY_SMALL :
	    RELAY_ROOM;
	ssize_t n = end_read(w->from, relay_room, room), sent;

	if (n == -1)
		return way_unreadable(r, w);
	w->ended = n == 0;
	if (n == 0)
		return PUMP_MOVED;
	w->bulk = (size_t)n == room;
	if (way_shows(r, w, (size_t)n)) {
		way_hold(w, relay_room, (size_t)n);
		return PUMP_MOVED;
	}
	sent = end_write(w->to, relay_room, (size_t)n);
	if (sent == n) {
		*w->bytes += (uint64_t)n;
		return PUMP_MOVED;
	}
	if (sent == -1 && way_unwritable(r, w) == PUMP_MOVED)
		return PUMP_MOVED;
	sent = sent == -1 ? 0 : sent;
	*w->bytes += (uint64_t)sent;
	way_hold(w, relay_room + sent, (size_t)(n - sent));
	return PUMP_MOVED;
}

static bool
way_may_splice(const struct relay *r, struct relay_way *w)
{
	if (!w->bulk || !fifo_can_splice() || mirror_is_there(r->s) ||
	    !end_is_plain(w->from) || !end_is_plain(w->to))
		return false;
	if (w->pipe == NULL)
		w->pipe = relay_pipe_take();
	return w->pipe != NULL;
}

/*
 * Into the pipe, which is empty, so EAGAIN speaks of the source.  Where there
 * are bytes all the same they are of a kind that splice does not move (TCP's
 * urgent data), before which it says 0, too: copying tells.
 */
static enum pump
way_splice(struct relay *r, struct relay_way *w)
{
	ssize_t n = fifo_splice(w->from->fd, w->pipe->fds[1], RELAY_SPLICE);

	w->bulk = n >= RELAY_SMALL;
	if (n > 0) {
		w->pipe->n = (size_t)n;
		return PUMP_MOVED;
	}
	if (n == 0 || errno == EINVAL || errno == ENOSYS)
		return PUMP_MOVED;
	if (errno != EAGAIN)
		return way_unreadable(r, w);
	if (fifo_waiting(w->from->fd) > 0)
		return PUMP_MOVED;
	w->bulk = true;
	w->from->news.readable = false;
	return PUMP_WAIT;
}

/*
 * Every byte is on its way: so is the end of file.  Or a reset will tell, or
 * the close that comes next, where it is the second way to end.
 */
static enum pump
way_finish(struct relay *r, struct relay_way *w)
{
	const struct relay_way *other = w == &r->to_peer ? &r->to_client :
	    &r->to_peer;
	bool closing = other->finished && end_is_plain(w->to);

	if (!r->broken && !closing && end_finish(w->to) == -1)
		return way_unwritable(r, w);
	w->finished = true;
	return PUMP_MOVED;
}

static enum pump
way_step(struct relay *r, struct relay_way *w)
{
	if (w->finished || !w->to->news.writable)
		return PUMP_WAIT;
	if (way_holds(w))
		return way_send(r, w);
	if (w->ended)
		return way_finish(r, w);
	if (!w->from->news.readable)
		return PUMP_WAIT;
	if (way_may_splice(r, w))
		return way_splice(r, w);
	return way_copy(r, w);
}

static enum pump
way_run(struct relay *r, struct relay_way *w)
{
	enum pump came = PUMP_MOVED;
	int n;

	for (n = 0; came == PUMP_MOVED && n < RELAY_STEPS; n++)
		came = way_step(r, w);
	way_rest(w);
	return came;
}

/*
 * A layer may have to read before it can go on writing (link.h): when the
 * other way has read, this one has its turn again.
 */
static bool
way_reads_to_write(const struct relay_way *w)
{
	return w->to->link != NULL && !w->finished && w->to->link->want_read;
}

/* Would anything be lost if we were killed now? */
static bool
way_is_under_way(const struct relay_way *w)
{
	return w->ended || way_holds(w);
}

static void
relay_busy(struct relay *r, bool busy)
{
	if (r->row != NULL)
		ledger_busy(r->row, busy);
}

enum pump
relay_pump(struct relay *r)
{
	bool more, reads;

	relay_busy(r, true);
	more = way_run(r, &r->to_peer) == PUMP_MOVED;
	reads = way_reads_to_write(&r->to_peer);
	more |= way_run(r, &r->to_client) == PUMP_MOVED;
	if (reads) {
		r->peer.news.writable = true;
		more |= way_run(r, &r->to_peer) == PUMP_MOVED;
	}
	relay_busy(r, r->broken || way_is_under_way(&r->to_peer) ||
	    way_is_under_way(&r->to_client));
	if (r->to_peer.finished && r->to_client.finished)
		return PUMP_ENDED;
	return more ? PUMP_MOVED : PUMP_WAIT;
}
