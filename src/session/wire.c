/*
 * A wire's life: its link is made, and while that is up its turns come, in
 * which it reads.
 */
#include "base/xalloc.h"
#include "session/dial.h"
#include "session/exchange.h"
#include "transport/way.h"

/* The most steps one turn takes before others have theirs. */
#define WIRE_STEPS 64
/* Where somebody looks on each byte costs more. */
#define WIRE_STEPS_MIRRORED 8

/* --- beginning --- */

static void
wire_note(void *arg, const char *text)
{
	struct wire *w = arg;

	session_log(w->s, false, "%s", text);
}

static void
wire_late(void *arg)
{
	struct wire *w = arg;

	dial_late(w->s, w->link, &w->why);
	pool_wire_failed(w);
}

static void wire_readable(void *arg);
static void wire_writable(void *arg);

/*
 * A peer that speaks first: its greeting is a reply that nobody asked for;
 * there is none where starttls= has heard it.
 */
static void
wire_greet(struct wire *w)
{
	struct pool *pool = w->s->pool;
	struct exchange *x;

	if (!(pool->framing.framing->flags & FRAMING_GREETS) ||
	    way_hears_greeting(&w->s->dial))
		return;
	/* on-connect has read it, unless there is still something to read. */
	if (w->s->options.child.on_connect != NULL && !link_holds(w->link))
		return;
	x = exchange_new(w->s, NULL);
	x->phase = EXCHANGE_SENT;
	x->w = w;
	x->whole = x->greeting = true;
	x->since_ms = loop_now_ms();
	TAILQ_INSERT_TAIL(&w->exchanges, x, queued);
	w->nexchanges++;
	pool->greeting[0] = '\0';
	late_expect(w->s, w->s->options.session.timeout);
}

/* Is its descriptor all that it is? */
static bool
wire_lives(const struct wire *w)
{
	return w->link->transport->flags & TRANSPORT_LIVES &&
	    w->owner == NULL && link_is_plain(w->link);
}

static void
wire_up(struct wire *w)
{
	w->up = true;
	if (wire_lives(w)) {
		w->row = ledger_new(LEDGER_LINK, w->s->row, "");
		w->row->fd[LEDGER_PEER] = w->link->fd;
	}
	w->up_ms = loop_now_ms();
	timer_clear(&w->deadline);
	watch_init(&w->readable, w->link->fd, LOOP_READ, wire_readable, w);
	watch_init(&w->writable, w->link->fd, LOOP_WRITE, wire_writable, w);
	if (!w->link->inherited)
		wire_greet(w);
	wire_rest(w);
	pool_wire_up(w);
	wire_turn(w);
}

static void
wire_changed(struct link *l, void *arg)
{
	struct wire *w = arg;

	if (l->phase == LINK_UP)
		wire_up(w);
	else if (l->phase == LINK_NEWS)
		wire_turn(w);
	else if (l->phase == LINK_FAILED)
		pool_wire_failed(w);
	else
		pool_enter(w->s, "");
}

static struct wire *
wire_alloc(struct session *s, struct dialogue *owner)
{
	struct wire *w = xcalloc(1, sizeof(*w));

	w->s = s;
	w->owner = owner;
	if (owner != NULL)
		owner->wire = w;
	TAILQ_INIT(&w->exchanges);
	TAILQ_INSERT_TAIL(&s->pool->wires, w, entry);
	timer_set(&w->deadline, s->options.link.timeout_connect, wire_late,
	    w);
	return w;
}

void
wire_inherit(struct session *s, int fd)
{
	struct wire *w = wire_alloc(s, NULL);

	w->carried = 1;
	w->link = link_inherit(&s->dial, fd, &(struct link_owner){
	    wire_changed, w, &w->why, wire_note });
}

struct wire *
wire_new(struct session *s, struct dialogue *owner)
{
	struct wire *w = wire_alloc(s, owner);

	dial_refresh(s);
	w->link = link_new(s->transport, &s->dial, wire_changed, w, &w->why,
	    wire_note);
	if (owner != NULL)
		link_for(w->link, owner->channel->in_fd);
	return w;
}

/* --- its turns --- */

void
wire_want(struct wire *w)
{
	const struct exchange *x = w->sending;
	bool more;

	if (w->link == NULL || !w->up)
		return;
	more = link_pending(w->link) > 0 ||
	    (x != NULL && buf_length(&x->bytes) > x->sent &&
	    !mirror_holds(w->s, x->mark));
	watch_want(&w->readable, !w->blocked && !w->link->hushed &&
	    !mirror_holds(w->s, w->mark));
	watch_want(&w->writable, more && !w->deaf && !w->link->want_read);
}

static void
wire_idle(void *arg)
{
	struct wire *w = arg;

	session_log(w->s, false, "closed: idle for %g s",
	    w->s->options.session.idle / 1000.0);
	wire_end(w, NULL);
}

/* Nothing is on it: for how long may that be? */
void
wire_rest(struct wire *w)
{
	int idle = w->s->options.session.idle;

	if (w->row != NULL)
		ledger_busy(w->row, w->nexchanges > 0 ||
		    chunk_length(w->chunk) > 0);
	if (idle > 0)
		timer_set(&w->deadline, idle, wire_idle, w);
}

void
wire_turn(struct wire *w)
{
	int steps = 0, most = mirror_is_there(w->s) ? WIRE_STEPS_MIRRORED :
	    WIRE_STEPS;

	if (w->link == NULL || !w->up)
		return;
	if (w->failed) {
		wire_end_failed(w);
		return;
	}
	w->blocked = false;
	while (w->link != NULL && steps++ < most && reply_step(w))
		;
	if (w->link == NULL)
		return;
	/* Others have their turn, and then this one again. */
	if (steps > most)
		wire_resume(w);
	wire_want(w);
}

void
wire_resume(struct wire *w)
{
	w->resumed = true;
	w->s->pool->resumed = true;
	pool_turn(w->s);
}

/* A layer may have had to read before it could go on writing (link.h). */
static void
wire_readable(void *arg)
{
	struct wire *w = arg;
	bool writing = w->link->want_read;

	wire_turn(w);
	if (writing)
		wire_write(w);
}

static void
wire_writable(void *arg)
{
	struct wire *w = arg;

	wire_write(w);
	/* What is held goes out though nothing else is to be sent. */
	if (w->link != NULL && w->sending == NULL &&
	    link_pending(w->link) > 0) {
		link_write(w->link, NULL, 0);
		wire_want(w);
	}
}
