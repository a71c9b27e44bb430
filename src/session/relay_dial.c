/*
 * A relay's link: how it is reached, for as long as its client may wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/relay_internal.h"

/* The longest pause before a peer that cannot be reached is tried again. */
#define RELAY_AGAIN_MS 1000

static void relay_try(void *arg);

/* Where both ends are sockets and no more the next engine can go on. */
static void
relay_tell(struct relay *r)
{
	const struct link *l = r->peer.link;

	if (r->client.link != NULL || !link_is_plain(l) ||
	    !(l->transport->flags & TRANSPORT_LIVES))
		return;
	r->row = ledger_new(LEDGER_RELAY, r->s->row, r->guest ? "guest" : "");
	r->row->fd[LEDGER_IN] = r->client.fd;
	r->row->fd[LEDGER_PEER] = l->fd;
}

static void
relay_up(struct relay *r)
{
	struct session *s = r->s;
	struct link *l = r->peer.link;

	timer_clear(&r->timer);
	free(r->why);
	r->why = l->why = NULL;
	link_trace(l, NULL, 0);
	r->up = true;
	s->nlinks++;
	relay_tell(r);
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
	timer_set(&r->timer, ms < left ? ms : left, relay_try, r);
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
relay_try(void *arg)
{
	struct relay *r = arg;
	struct session *s = r->s;

	r->tries++;
	timer_set(&r->timer, s->options.link.timeout_connect, relay_late, r);
	dial_refresh(s);
	r->peer.link = link_new(s->transport, &s->dial, relay_changed, r,
	    r->why, relay_talks(s) ? relay_note : NULL);
	/* A header that would tell the peer of us is to tell of the client. */
	link_for(r->peer.link, r->client.fd);
}

void
relay_dial(struct relay *r)
{
	r->why = xcalloc(1, sizeof(*r->why));
	relay_try(r);
}

void
relay_resume(struct relay *r, int fd)
{
	r->why = xcalloc(1, sizeof(*r->why));
	timer_set(&r->timer, r->s->options.link.timeout_connect, relay_late,
	    r);
	r->peer.link = link_inherit(&r->s->dial, fd, &(struct link_owner){
	    relay_changed, r, r->why, NULL });
}
