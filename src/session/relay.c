#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/door.h"
#include "session/relay_internal.h"
#include "transport/sock.h"

/* How long a side that takes no more has for what came before a reset. */
#define RELAY_RESET_MS 5000
/* How often it is looked at meanwhile. */
#define RELAY_LOOK_MS 20
/* So old the look-up may be that a client's link is made by. */
#define RELAY_RECENT_MS 5000
/* The longest pause before a peer that cannot be reached is tried again. */
#define RELAY_AGAIN_MS 1000

static void relay_dial(void *arg);

static struct relays *
relay_need(struct session *s)
{
	if (s->relays == NULL) {
		s->relays = xcalloc(1, sizeof(*s->relays));
		TAILQ_INIT(&s->relays->list);
	}
	return s->relays;
}

void
relay_init(struct session *s)
{
	if (s->pool == NULL &&
	    strcmp(s->options.session.connections, "each") == 0)
		relay_need(s)->each = true;
	/* A look-up is a process: there is not to be one for each client. */
	if (strcmp(s->options.session.connections, "each") == 0)
		s->dial.recent_ms = RELAY_RECENT_MS;
}

bool
relay_each(const struct session *s)
{
	return s->relays != NULL && s->relays->each;
}

size_t
relay_count(const struct session *s)
{
	return s->relays == NULL ? 0 : s->relays->count;
}

uint64_t
relay_unserved(const struct session *s)
{
	return s->relays == NULL ? 0 : s->relays->unserved;
}

/* --- its end --- */

static void
relay_free(void *arg)
{
	struct relay *r = arg;
	struct session *s = r->s;

	deferred_clear(&r->later);
	TAILQ_REMOVE(&s->relays->list, r, entry);
	if (!r->bridge)
		s->relays->count--;
	if (r->guest)
		door_left(s);
	free(r->voice);
	free(r->why);
	free(r);
}

static void
relay_end_close(struct relay_end *e, bool reset)
{
	watch_clear(&e->news);
	if (reset && e->fd != -1)
		sock_reset(e->fd);
	if (e->link != NULL)
		link_free(e->link);
	else if (e->fd != -1)
		close(e->fd);
	e->link = NULL;
	e->fd = -1;
}

/* Both ends are closed at once; the rest goes at the end of the turn. */
static void
relay_stop(struct relay *r, bool reset)
{
	if (r->gone)
		return;
	r->gone = true;
	timer_clear(&r->timer);
	relay_way_clear(&r->to_peer);
	relay_way_clear(&r->to_client);
	relay_end_close(&r->peer, reset);
	relay_end_close(&r->client, reset);
	deferred_clear(&r->later);
	deferred_queue(&r->later, relay_free, r);
}

/*
 * A reset overtakes what the other side's kernel has not acknowledged, so that
 * is waited for, and not for ever.
 */
static void
relay_reset(void *arg)
{
	struct relay *r = arg;
	bool late = loop_now_ms() - r->since_ms >= RELAY_RESET_MS;
	bool over = r->to_peer.finished && r->to_client.finished;

	if (late || (over && relay_end_is_through(&r->client) &&
	    relay_end_is_through(&r->peer)))
		relay_stop(r, true);
	else
		timer_set(&r->timer, RELAY_LOOK_MS, relay_reset, r);
}

/* --- bytes --- */

static void
relay_again(void *arg)
{
	struct relay *r = arg;

	watch_again(&r->client.news);
}

static void
relay_turn(struct relay *r)
{
	enum pump came = relay_pump(r);

	if (r->broken && !r->timer.set)
		relay_reset(r);
	else if (came == PUMP_ENDED && !r->broken)
		relay_stop(r, false);
	if (came == PUMP_MOVED && !r->gone)
		deferred_queue(&r->later, relay_again, r);
}

/*
 * A reset is told as anything is.  Where it cannot be read, because the other
 * side takes no more, it has to be asked for.
 */
static bool
relay_has_lost(const struct relay_end *e, short how)
{
	struct pollfd p = { .fd = e->fd };

	return e->news.readable && e->news.writable &&
	    poll(&p, 1, 0) == 1 && (p.revents & how) != 0;
}

/* What a layer above needs is not what the socket does. */
static bool
relay_is_layered(struct relay_end *e)
{
	if (e->link == NULL || link_is_plain(e->link))
		return false;
	e->news.readable = e->news.writable = true;
	return true;
}

static void
relay_client_news(void *arg)
{
	struct relay *r = arg;

	if (r->up) {
		if (!relay_is_layered(&r->client) && !r->broken &&
		    !r->peer.news.writable &&
		    relay_has_lost(&r->client, POLLERR))
			relay_break(r, &r->client);
		relay_turn(r);
	} else if (relay_has_lost(&r->client, POLLERR | POLLHUP)) {
		relay_stop(r, false);
	}
}

static void
relay_peer_news(void *arg)
{
	struct relay *r = arg;

	if (!relay_is_layered(&r->peer) && !r->broken && !r->client.news.writable &&
	    relay_has_lost(&r->peer, POLLERR))
		relay_break(r, &r->peer);
	relay_turn(r);
}

/* --- reaching the peer --- */

static void
relay_watch(struct relay_end *e, int fd, loop_cb *news, struct relay *r)
{
	e->fd = fd;
	/* Above a plain socket bytes may be here that no event will tell of. */
	e->news.writable = true;
	e->news.readable = e->link != NULL && !link_is_plain(e->link);
	watch_init(&e->news, fd, LOOP_EDGES, news, r);
	watch_want(&e->news, true);
}

static void
relay_up(struct relay *r)
{
	struct session *s = r->s;
	struct link *l = r->peer.link;

	timer_clear(&r->timer);
	free(r->why);
	r->why = l->why = NULL;
	r->up = true;
	s->nlinks++;
	relay_watch(&r->peer, l->fd, relay_peer_news, r);
	relay_turn(r);
}

/* The newest failure is the session's, and so seldom told as it is logged. */
static void
relay_say_unserved(struct relay *r)
{
	struct session *s = r->s;
	char more[48] = "";
	uint64_t untold;

	s->relays->unserved++;
	if (!seldom_may(&s->relays->told, &untold))
		return;
	if (untold > 0)
		snprintf(more, sizeof(more), " (and %ju more before it)",
		    (uintmax_t)untold);
	s->why = *r->why;
	dial_failure(s);
	session_log(s, true, "a client was closed%s: %s", more, r->why->text);
}

/* Try again, while the client may be kept waiting and it may help. */
static bool
relay_waits(struct relay *r)
{
	const int *backoff = r->s->options.session.backoff;
	int64_t left = r->since_ms + r->s->options.door.hold - loop_now_ms();
	int64_t ms = backoff[0];
	int i;

	if (left <= 0 || r->why->fault == FAULT_CERTIFICATE)
		return false;
	for (i = 1; i < r->tries && ms < RELAY_AGAIN_MS; i++)
		ms *= 2;
	ms = ms < RELAY_AGAIN_MS ? ms : RELAY_AGAIN_MS;
	timer_set(&r->timer, ms < left ? ms : left, relay_dial, r);
	return true;
}

static void
relay_unreached(struct relay *r)
{
	link_free(r->peer.link);
	r->peer.link = NULL;
	if (relay_waits(r))
		return;
	relay_say_unserved(r);
	relay_stop(r, true);
}

static void
relay_late(void *arg)
{
	struct relay *r = arg;

	why_fail(r->why, FAULT_TIMEOUT, "no connection within "
	    "timeout-connect=%g s",
	    r->s->options.link.timeout_connect / 1000.0);
	relay_unreached(r);
}

/* What the descriptor did not tell. */
static void
relay_told(struct relay *r)
{
	r->peer.news.readable = true;
	relay_turn(r);
}

static void
relay_changed(struct link *l, void *arg)
{
	if (l->phase == LINK_UP)
		relay_up(arg);
	else if (l->phase == LINK_NEWS)
		relay_told(arg);
	else if (l->phase == LINK_FAILED)
		relay_unreached(arg);
}

/* What programs say is logged; of connections there are too many for that. */
static bool
relay_talks(const struct session *s)
{
	return s->transport->flags & TRANSPORT_RUNS ||
	    s->options.child.on_connect != NULL;
}

static void
relay_note(void *arg, const char *text)
{
	const struct relay *r = arg;

	session_log(r->s, false, "%s", text);
}

static void
relay_dial(void *arg)
{
	struct relay *r = arg;
	struct session *s = r->s;

	r->tries++;
	timer_set(&r->timer, s->options.link.timeout_connect, relay_late, r);
	dial_refresh(s);
	r->peer.link = link_new(s->transport, r->voice != NULL ?
	    &r->voice->dial : &s->dial, relay_changed, r, r->why,
	    relay_talks(s) ? relay_note : NULL);
}

static struct relay *
relay_make(struct session *s, int fd, struct link *l)
{
	struct relay *r = xcalloc(1, sizeof(*r));

	r->s = s;
	r->client.link = l;
	r->peer.fd = -1;
	r->to_peer.from = r->to_client.to = &r->client;
	r->to_peer.to = r->to_client.from = &r->peer;
	r->since_ms = loop_now_ms();
	TAILQ_INSERT_TAIL(&s->relays->list, r, entry);
	relay_watch(&r->client, fd, relay_client_news, r);
	return r;
}

/* The header that tells the peer of us is to tell it of the client. */
static void
relay_speak(struct relay *r)
{
	struct relay_voice *v;
	struct prelude_ends *ends;
	socklen_t from = sizeof(ends->from), to = sizeof(ends->to);

	if (r->s->options.link.proxy_protocol == 0)
		return;
	v = r->voice = xcalloc(1, sizeof(*r->voice));
	ends = &v->ends;
	v->dial = r->s->dial;
	v->dial.client = ends;
	getpeername(r->client.fd, (struct sockaddr *)&ends->from, &from);
	getsockname(r->client.fd, (struct sockaddr *)&ends->to, &to);
}

static void
relay_begin(struct relay *r)
{
	struct session *s = r->s;

	relay_speak(r);
	s->relays->count++;
	r->to_peer.bytes = &s->flow.to_peer.bytes;
	r->to_client.bytes = &s->flow.to_client.bytes;
	r->why = xcalloc(1, sizeof(*r->why));
	relay_dial(r);
}

void
relay_new(struct session *s, int fd, bool guest)
{
	struct relay *r = relay_make(s, fd, NULL);

	r->guest = guest;
	relay_begin(r);
}

void
relay_new_link(struct session *s, struct link *l)
{
	struct relay *r = relay_make(s, l->fd, l);

	r->guest = true;
	relay_begin(r);
}

int
relay_bridge(struct session *s, struct link *l)
{
	struct relay *r;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    fds) == -1) {
		link_free(l);
		return -1;
	}
	relay_need(s);
	r = relay_make(s, l->fd, l);
	r->bridge = r->up = true;
	r->to_peer.bytes = r->to_client.bytes = &s->relays->bridged;
	relay_watch(&r->peer, fds[0], relay_peer_news, r);
	deferred_queue(&r->later, relay_again, r);
	return fds[1];
}

void
relay_go_on(struct session *s)
{
	struct relay *r, *next;

	if (s->relays == NULL)
		return;
	for (r = TAILQ_FIRST(&s->relays->list); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (r->up && !r->gone)
			relay_turn(r);
	}
}

void
relay_clear(struct session *s)
{
	struct relay *r, *next;

	if (s->relays == NULL)
		return;
	for (r = TAILQ_FIRST(&s->relays->list); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		relay_stop(r, true);
		relay_free(r);
	}
	free(s->relays);
	s->relays = NULL;
}
