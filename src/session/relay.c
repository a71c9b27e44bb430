#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "session/door.h"
#include "session/relay_internal.h"
#include "transport/sock.h"

/* How long a side that takes no more has for what came before a reset. */
#define RELAY_RESET_MS 5000
/* How often it is looked at meanwhile. */
#define RELAY_LOOK_MS 20
/* So old the look-up may be that a client's link is made by. */
#define RELAY_RECENT_MS 5000

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
	ledger_free(r->row);
	TAILQ_REMOVE(&s->relays->list, r, entry);
	if (!r->bridge)
		s->relays->count--;
	if (r->guest)
		door_left(s);
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

void
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

void
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

void
relay_peer_news(void *arg)
{
	struct relay *r = arg;

	if (!relay_is_layered(&r->peer) && !r->broken &&
	    !r->client.news.writable && relay_has_lost(&r->peer, POLLERR))
		relay_break(r, &r->peer);
	relay_turn(r);
}

/* --- its beginning --- */

void
relay_watch(struct relay_end *e, int fd, loop_cb *news, struct relay *r)
{
	e->fd = fd;
	/* Above a plain socket bytes may be here that no event will tell of. */
	e->news.writable = true;
	e->news.readable = e->link != NULL && !link_is_plain(e->link);
	watch_init(&e->news, fd, LOOP_EDGES, news, r);
	watch_want(&e->news, true);
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

static void
relay_count_in(struct relay *r)
{
	struct session *s = r->s;

	s->relays->count++;
	r->to_peer.bytes = &s->flow.to_peer.bytes;
	r->to_client.bytes = &s->flow.to_client.bytes;
}

static void
relay_begin(struct relay *r)
{
	relay_count_in(r);
	relay_dial(r);
}

bool
relay_is_busy(const struct session *s)
{
	const struct relay *r;

	if (s->relays == NULL || !s->relays->each)
		return false;
	TAILQ_FOREACH(r, &s->relays->list, entry)
		if (!r->gone && (r->row == NULL || ledger_get(r->row).busy))
			return true;
	return false;
}

/* Half of what was on its way is not to be taken for the whole. */
static void
relay_cut(struct ledger_left *left)
{
	static const size_t ends[] = { LEDGER_IN, LEDGER_PEER };
	size_t i;
	int fd;

	for (i = 0; i < 2; i++) {
		fd = ledger_inherit(left, ends[i]);
		if (fd == -1)
			continue;
		sock_reset(fd);
		close(fd);
	}
}

void
relay_inherit(struct session *s)
{
	struct ledger_left *left;
	struct relay *r;

	while ((left = ledger_claim(LEDGER_RELAY, s->name, NULL)) != NULL) {
		if (left->state.busy || left->fd[LEDGER_IN] == -1 ||
		    left->fd[LEDGER_PEER] == -1) {
			relay_cut(left);
			continue;
		}
		r = relay_make(s, ledger_inherit(left, LEDGER_IN), NULL);
		r->guest = left->name[0] != '\0';
		if (r->guest)
			door_came(s);
		relay_count_in(r);
		relay_resume(r, ledger_inherit(left, LEDGER_PEER));
	}
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
