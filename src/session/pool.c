#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/exchange.h"
#include "session/private.h"
#include "session/retry.h"
#include "session/state.h"
#include "session/status.h"

static void pool_work(void *arg);

/* --- beginning and end --- */

int
pool_init(struct session *s, struct why *why)
{
	struct session_options *o = &s->options.session;
	struct framing_choice choice = { 0 };
	struct pool *pool;

	if (framing_choose(&choice, o->framing, why) == -1)
		return -1;
	if (choice.framing->flags & FRAMING_NO_MESSAGES) {
		framing_forget(&choice);
		return 0;
	}
	pool = xcalloc(1, sizeof(*pool));
	pool->framing = choice;
	pool->unpaired = choice.framing->flags & FRAMING_UNPAIRED;
	pool->connections = strcmp(o->connections, "each") == 0 ? 0 :
	    atoi(o->connections);
	TAILQ_INIT(&pool->queue);
	TAILQ_INIT(&pool->wires);
	TAILQ_INIT(&pool->dialogues);
	TAILQ_INIT(&pool->dead_wires);
	TAILQ_INIT(&pool->dead_dialogues);
	TAILQ_INIT(&pool->looking);
	s->pool = pool;
	return 0;
}

static void
pool_reap(struct pool *pool)
{
	struct dialogue *d;
	struct wire *w;

	while ((w = TAILQ_FIRST(&pool->dead_wires)) != NULL) {
		TAILQ_REMOVE(&pool->dead_wires, w, entry);
		wire_free(w);
	}
	while ((d = TAILQ_FIRST(&pool->dead_dialogues)) != NULL) {
		TAILQ_REMOVE(&pool->dead_dialogues, d, entry);
		dialogue_free(d);
	}
}

void
pool_stop(struct session *s)
{
	struct pool *pool = s->pool;
	struct dialogue *d;
	struct wire *w;

	pool->own = NULL;
	pool->renewing = true;
	while ((d = TAILQ_FIRST(&pool->dialogues)) != NULL)
		dialogue_end(d);
	while ((w = TAILQ_FIRST(&pool->wires)) != NULL)
		wire_end(w, NULL);
	pool_reap(pool);
}

void
pool_clear(struct session *s)
{
	struct pool *pool = s->pool;

	if (pool == NULL)
		return;
	pool_stop(s);
	timer_clear(&pool->deadline);
	timer_clear(&pool->backoff);
	deferred_clear(&pool->work);
	framing_forget(&pool->framing);
	free(pool);
	s->pool = NULL;
}

void
pool_turn(struct session *s)
{
	deferred_queue(&s->pool->work, pool_work, s);
}

void
pool_look(struct dialogue *d)
{
	struct pool *pool = d->s->pool;

	if (!d->looking && !d->ended)
		TAILQ_INSERT_TAIL(&pool->looking, d, looked);
	d->looking = !d->ended;
	pool_turn(d->s);
}

/* --- what it is doing --- */

bool
pool_busy(const struct session *s)
{
	const struct pool *pool = s->pool;
	const struct wire *w;

	if (!TAILQ_EMPTY(&pool->queue))
		return true;
	TAILQ_FOREACH(w, &pool->wires, entry)
		if (w->nexchanges > 0)
			return true;
	return false;
}

void
pool_drain(struct session *s)
{
	struct dialogue *d;

	TAILQ_FOREACH(d, &s->pool->dialogues, entry)
		dialogue_drain(d);
	pool_work(s);
}

void
pool_farewell(struct session *s)
{
	struct wire *w;

	TAILQ_FOREACH(w, &s->pool->wires, entry)
		wire_farewell(w);
}

uint64_t
pool_queued(const struct session *s)
{
	const struct dialogue *d;
	const struct wire *w;
	uint64_t n = 0;

	TAILQ_FOREACH(d, &s->pool->dialogues, entry)
		n += d->held + channel_waiting(d->channel) +
		    (d->channel->exact ? 0 :
		    fifo_waiting(d->channel->in_fd));
	TAILQ_FOREACH(w, &s->pool->wires, entry)
		n += chunk_length(w->chunk);
	return n;
}

struct link *
pool_link(const struct session *s)
{
	const struct wire *w;

	TAILQ_FOREACH(w, &s->pool->wires, entry)
		if (w->up)
			return w->link;
	return NULL;
}

void
pool_tune(const struct session *s)
{
	const struct wire *w;

	TAILQ_FOREACH(w, &s->pool->wires, entry)
		if (w->up)
			link_tune(w->link);
}

uint64_t
pool_discard(struct session *s)
{
	struct dialogue *d;
	uint64_t n = 0;

	TAILQ_FOREACH(d, &s->pool->dialogues, entry)
		n += dialogue_discard(d);
	return n + (s->pool->unpaired ? post_discard(s) : 0);
}

/* --- the session's state --- */

static enum session_state
pool_state(const struct session *s)
{
	static const enum session_state states[] = {
		[LINK_RESOLVING] = SESSION_RESOLVING,
		[LINK_CONNECTING] = SESSION_CONNECTING,
		[LINK_HANDSHAKE] = SESSION_HANDSHAKE,
		[LINK_UP] = SESSION_HANDSHAKE,
		[LINK_FAILED] = SESSION_HANDSHAKE,
	};
	enum session_state state = s->pool->backoff.set ? SESSION_BACKOFF :
	    SESSION_IDLE;
	const struct wire *w;

	TAILQ_FOREACH(w, &s->pool->wires, entry) {
		if (w->up)
			return SESSION_UP;
		state = states[w->link->phase];
	}
	return state;
}

void
pool_enter(struct session *s, const char *reason)
{
	enum session_state state = pool_state(s);

	if (s->state == SESSION_CLOSING || s->state == SESSION_CLOSED ||
	    (s->state == SESSION_FAILED && TAILQ_EMPTY(&s->pool->wires)) ||
	    state == s->state)
		return;
	state_enter(s, state, "%s", reason);
}

/* Each channel's readers meet their end of file, or no longer. */
static void
pool_finish(struct session *s, bool again)
{
	struct dialogue *d;

	TAILQ_FOREACH(d, &s->pool->dialogues, entry)
		channel_finish(d->channel, again);
}

void
pool_give_up(struct session *s, const char *reason)
{
	state_enter(s, SESSION_FAILED, "%s", reason);
	status_flush(s);
	pool_finish(s, false);
	if (s->channel.slots == NULL)
		dial_deliver_end(s);
}

/* Datagrams wait for the next link, but for those who wait for an answer. */
static bool
pool_keeps(const struct session *s, const struct exchange *x)
{
	return s->pool->unpaired && s->state != SESSION_FAILED &&
	    !x->d->channel->once;
}

/* Nothing can be sent now: who (NULL: whoever) waits for that is told. */
static void
pool_fail_queue(struct session *s, const struct dialogue *who,
    const struct why *why)
{
	struct exchange *x, *next;

	for (x = TAILQ_FIRST(&s->pool->queue); x != NULL; x = next) {
		next = TAILQ_NEXT(x, queued);
		if ((who == NULL || x->d == who) && !pool_keeps(s, x))
			exchange_fail(x, LAST_ERROR, 0, why);
	}
}

/* --- links come and go --- */

static size_t
pool_count(const struct pool *pool, bool up)
{
	const struct wire *w;
	size_t n = 0;

	TAILQ_FOREACH(w, &pool->wires, entry)
		n += w->up == up;
	return n;
}

size_t
pool_links(const struct session *s)
{
	return pool_count(s->pool, true);
}

static void
pool_dial(struct session *s, struct dialogue *owner)
{
	if (s->state == SESSION_FAILED)
		pool_finish(s, true);
	timer_clear(&s->pool->backoff);
	wire_new(s, owner);
	pool_enter(s, "");
}

void
pool_start(struct session *s)
{
	if (s->pool->connections > 0 || s->pool->own != NULL)
		pool_dial(s, s->pool->connections > 0 ? NULL : s->pool->own);
}

void
pool_wire_up(struct wire *w)
{
	struct session *s = w->s;
	char text[400];
	bool first = s->state != SESSION_UP;

	dial_describe(s, w->link, text, sizeof(text));
	dial_linked(s, w->link);
	s->told = true;
	/* What has become of the newest exchange is told until the next one. */
	if (s->pool->own == NULL || s->pool->own->why.fault == FAULT_NONE)
		why_clear(&s->why);
	pool_enter(s, text);
	delivery_resume(&s->channel.out);
	private_deliver_resume(s);
	if (!first)
		session_log(s, false, "one more connection: %s", text);
	dial_write_certificates(s, w->link);
	status_changed(s);
	pool_turn(s);
}

static void
pool_again(void *arg)
{
	struct session *s = arg;

	if (s->options.session.reconnect == RECONNECT_ALWAYS &&
	    TAILQ_EMPTY(&s->pool->wires))
		pool_start(s);
	pool_enter(s, "");
	pool_turn(s);
}

/* Not at once again: it would meet the same. */
static void
pool_backoff(struct session *s)
{
	timer_set(&s->pool->backoff, retry_delay_ms(s), pool_again, s);
}

void
pool_wire_failed(struct wire *w)
{
	struct session *s = w->s;
	struct why why = w->why;
	struct dialogue *owner = w->owner;
	bool alone;

	s->why = why;
	dial_failure(s);
	if (why.fault == FAULT_CERTIFICATE)
		dial_write_certificates(s, w->link);
	s->told = true;
	s->tries++;
	wire_end(w, &why);
	alone = TAILQ_EMPTY(&s->pool->wires);
	if (alone || owner != NULL)
		pool_fail_queue(s, owner, &why);
	/* The peer is there, and takes no more for now. */
	if (!alone) {
		s->tries = 1;
		pool_backoff(s);
		return;
	}
	if (s->state == SESSION_CLOSING)
		return;
	if (retry_is_final(s)) {
		pool_give_up(s, why.text);
		return;
	}
	pool_backoff(s);
	pool_enter(s, why.text);
}

/*
 * A link that has carried something or has lasted counts as a success: its
 * peer is asked again soon.  One that is closed as soon as it is made is not.
 */
void
pool_wire_ended(struct wire *w, const struct why *why)
{
	struct session *s = w->s;
	bool useful = w->carried > 0 || loop_now_ms() - w->up_ms >=
	    s->options.session.backoff[1];

	if (s->pool->renewing)
		return;
	/* Others are left. */
	if (!TAILQ_EMPTY(&s->pool->wires)) {
		pool_enter(s, "");
		return;
	}
	s->tries = useful ? 0 : s->tries + 1;
	if (why != NULL && why->fault != FAULT_EMPTY) {
		s->why = *why;
		dial_failure(s);
	}
	if (s->state == SESSION_CLOSING || s->state == SESSION_CLOSED)
		return;
	if (s->options.session.reconnect == RECONNECT_NEVER) {
		if (s->why.fault == FAULT_NONE)
			why_fail(&s->why, FAULT_RECEIVE,
			    "the connection has ended");
		dial_failure(s);
		pool_give_up(s, s->why.text);
		return;
	}
	if (!useful)
		pool_backoff(s);
	else if (s->options.session.reconnect == RECONNECT_ALWAYS)
		pool_start(s);
	pool_enter(s, why != NULL ? why->text : "the connection has ended");
}

void
pool_reconnect(struct session *s)
{
	static const struct why why = { FAULT_RECEIVE,
		"asked to reconnect" };
	struct wire *w;

	timer_clear(&s->pool->backoff);
	s->tries = 0;
	s->told = false;
	s->pool->renewing = true;
	while ((w = TAILQ_FIRST(&s->pool->wires)) != NULL)
		wire_end(w, &why);
	s->pool->renewing = false;
	pool_start(s);
}

/* --- matching requests and links --- */

/*
 * A link that has been idle may have been closed by now; before a request
 * that must not be sent twice that is looked at.
 */
static bool
pool_fresh(struct wire *w, const struct exchange *x)
{
	int age = w->s->options.session.max_age;

	if (w->nexchanges == 0 && age > 0 &&
	    loop_now_ms() - w->up_ms >= age) {
		session_log(w->s, false, "closed: older than max-age=%g s",
		    age / 1000.0);
		wire_end(w, NULL);
		return false;
	}
	if (w->nexchanges == 0 && w->carried > 0 &&
	    !link_is_datagram(w->link) && !exchange_may_resend(x))
		wire_turn(w);
	return w->link != NULL;
}

static struct wire *
pool_wire_for(struct session *s, struct exchange *x)
{
	struct wire *w, *next;

	for (w = TAILQ_FIRST(&s->pool->wires); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (wire_takes(w, x->d) && pool_fresh(w, x) &&
		    wire_takes(w, x->d))
			return w;
	}
	return NULL;
}

/* Would another link help this one? */
static bool
pool_wants_link(struct session *s, struct exchange *x, size_t waiting)
{
	const struct pool *pool = s->pool;
	size_t up, dialling;

	if (x->d->on != NULL || s->pool->backoff.set)
		return false;
	if (pool->connections == 0)
		return x->d->wire == NULL;
	up = pool_count(pool, true);
	dialling = pool_count(pool, false);
	return waiting > dialling &&
	    up + dialling < (size_t)pool->connections;
}

static bool
pool_may_dial(const struct session *s)
{
	if (s->state == SESSION_CLOSED)
		return false;
	return s->state != SESSION_FAILED && (!s->linked ||
	    s->options.session.reconnect != RECONNECT_NEVER);
}

static void
pool_match(struct session *s)
{
	struct exchange *x, *next;
	size_t waiting = 0;
	struct wire *w;

	for (x = TAILQ_FIRST(&s->pool->queue); x != NULL; x = next) {
		next = TAILQ_NEXT(x, queued);
		w = pool_wire_for(s, x);
		if (w != NULL)
			wire_send(w, x);
		else if (pool_may_dial(s) &&
		    pool_wants_link(s, x, ++waiting))
			pool_dial(s, s->pool->connections > 0 ? NULL : x->d);
	}
	/* Whoever is in the way of those that wait has a limit now. */
	if (waiting > 0)
		TAILQ_FOREACH(w, &s->pool->wires, entry)
			if (w->blocked)
				late_wire(w);
	if (s->state == SESSION_FAILED)
		pool_fail_queue(s, NULL, &s->why);
}

static void
pool_resume(struct pool *pool)
{
	struct wire *w, *next;

	pool->resumed = false;
	for (w = TAILQ_FIRST(&pool->wires); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (!w->resumed)
			continue;
		w->resumed = false;
		wire_turn(w);
	}
}

/* At the end of the turn: what its events have made possible. */
static void
pool_work(void *arg)
{
	struct session *s = arg;
	struct pool *pool = s->pool;
	struct dialogue *d;

	while ((d = TAILQ_FIRST(&pool->looking)) != NULL) {
		TAILQ_REMOVE(&pool->looking, d, looked);
		d->looking = false;
		dialogue_turn(d);
	}
	if (pool->resumed)
		pool_resume(pool);
	pool_match(s);
	pool_reap(pool);
	if (s->state == SESSION_CLOSING && !pool_busy(s))
		session_close(s, true);
	else if (pool->nopen == 0)
		timer_clear(&pool->deadline);
}
