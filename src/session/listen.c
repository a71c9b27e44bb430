#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "channel/directory.h"
#include "session/dial.h"
#include "session/heir.h"
#include "session/listen.h"
#include "session/peers.h"
#include "session/retry.h"
#include "session/state.h"
#include "session/status.h"
#include "transport/listener.h"

#define LISTEN_PEERS "peers"

struct listen {
	struct listener *listener;      /* NULL: none */
	struct peers *peers;            /* accept=one: NULL */
	size_t nlost;                   /* of accept=each, by an engine's end */
};

/* --- one peer: the session's link --- */

static void
listen_arrived(void *arg, int fd)
{
	struct session *s = arg;
	struct link_owner owner = { dial_changed, s, &s->why, dial_note };

	dial_refresh(s);
	if (s->listen->peers != NULL) {
		peers_arrived(s->listen->peers, fd);
		listen_take(s);
		return;
	}
	listener_want(s->listen->listener, false);
	timer_set(&s->deadline, s->options.link.timeout_connect,
	    dial_timeout, s);
	s->link = link_accept(s->transport, &s->dial, fd, &owner);
}

/* --- the sockets --- */

static void
listen_enter(struct session *s, const char *reason)
{
	char text[160], *p;

	listen_text(s, text, sizeof(text));
	while ((p = strchr(text, '\n')) != NULL)
		*p = ' ';
	s->told = true;
	state_enter(s, SESSION_LISTENING, "%s%sat %s", reason,
	    *reason != '\0' ? ", " : "", text);
	listen_take(s);
}

void
listen_take(struct session *s)
{
	const struct listen *w = s->listen;

	if (!listen_stands(s) || s->state == SESSION_CLOSING)
		return;
	if (w->peers != NULL)
		listener_spare(w->listener, peers_spare(w->peers));
	listener_want(w->listener, w->peers != NULL ? peers_room(w->peers) :
	    s->link == NULL);
}

static void
listen_failed(struct session *s, const struct why *why)
{
	s->why = *why;
	listen_close(s);
	retry_attempt_failed(s);
}

static void
listen_stand(void *arg, const struct why *why)
{
	struct session *s = arg;

	if (why != NULL) {
		listen_failed(s, why);
		return;
	}
	s->tries = 0;
	why_clear(&s->why);
	listen_enter(s, "");
}

static void
listen_late(void *arg)
{
	struct session *s = arg;
	struct why why;

	why_fail(&why, FAULT_TIMEOUT, "nowhere to listen within "
	    "timeout-connect=%g s: the name is not resolved",
	    s->options.link.timeout_connect / 1000.0);
	listen_failed(s, &why);
}

static void
listen_open(struct session *s, const char *reason)
{
	struct listener_plan plan = { .transport = s->waits, .url = &s->url,
		.link = &s->options.link, .name = s->name, .row = s->row,
		.mode = s->options.channel.mode, .gid = s->gid,
		.stands = listen_stand, .arrived = listen_arrived,
		.note = dial_note, .arg = s };

	state_enter(s, SESSION_RESOLVING, "%s", reason);
	timer_set(&s->deadline, s->options.link.timeout_connect, listen_late,
	    s);
	/* Peers of a former engine may be there already. */
	listener_free(s->listen->listener);
	s->listen->listener = listener_new(&plan);
}

void
listen_start(struct session *s, const char *reason)
{
	if (listen_stands(s))
		listen_enter(s, reason);
	else
		listen_open(s, reason);
}

bool
listen_stands(const struct session *s)
{
	return s->listen != NULL && listener_stands(s->listen->listener);
}

void
listen_again(struct session *s, const char *reason)
{
	listen_enter(s, reason);
}

bool
listen_drain(struct session *s)
{
	if (s->listen == NULL || s->listen->peers == NULL)
		return false;
	listener_want(s->listen->listener, false);
	return peers_drain(s->listen->peers);
}

void
listen_close(struct session *s)
{
	if (s->listen == NULL)
		return;
	listener_free(s->listen->listener);
	s->listen->listener = NULL;
	peers_clear(s->listen->peers);
}

void
listen_clear(struct session *s)
{
	if (s->listen == NULL)
		return;
	listen_close(s);
	peers_free(s->listen->peers);
	free(s->listen);
	s->listen = NULL;
}

void
listen_go_on(struct session *s)
{
	size_t n = s->listen != NULL ? s->listen->nlost : 0;

	if (s->listen != NULL)
		peers_go_on(s->listen->peers);
	if (n > 0)
		session_log(s, true, "%zu connection%s of peers ended with the "
		    "engine that had them", n, n == 1 ? "" : "s");
}

bool
listen_is_quiet(const struct session *s)
{
	return s->listen == NULL || s->listen->peers == NULL ||
	    peers_are_quiet(s->listen->peers);
}

/* The directory peers/: who may go there is who may go to the session's. */
static int
listen_make_peers(struct session *s, int dir_fd, struct why *why)
{
	int fd = s->left != NULL ? directory_open(dir_fd, LISTEN_PEERS) : -1;
	bool inherited = fd != -1;

	if (!inherited)
		fd = keeper_mkdir(dir_fd, LISTEN_PEERS,
		    pair_directory_mode(&s->options.channel) |
	    (s->options.channel.mode & 0044), s->gid, why);
	if (fd == -1)
		return why_prefix(why, LISTEN_PEERS);
	s->listen->peers = peers_new(s, fd);
	if (inherited)
		s->listen->nlost = peers_inherit(s->listen->peers);
	return 0;
}

int
listen_make(struct session *s, int dir_fd, struct why *why)
{
	if (s->waits == NULL)
		return 0;
	s->listen = xcalloc(1, sizeof(*s->listen));
	if (s->options.session.accept == ACCEPT_EACH)
		return listen_make_peers(s, dir_fd, why);
	if (s->options.session.accept == ACCEPT_MERGE)
		s->listen->peers = peers_new(s, -1);
	return 0;
}

void
listen_set(struct session *s, const char *key, const char *value)
{
	if (s->listen == NULL || s->listen->peers == NULL)
		return;
	peers_set(s->listen->peers, key, value);
	listen_take(s);
}

char *
listen_text(const struct session *s, char *out, size_t size)
{
	return listener_text(s->listen == NULL ? NULL : s->listen->listener,
	    out, size);
}

void
listen_each(const struct session *s,
    void (*call)(struct session *peer, void *arg), void *arg)
{
	if (s->listen != NULL)
		peers_each(s->listen->peers, call, arg);
}

size_t
listen_peers(const struct session *s)
{
	if (s->listen != NULL && s->listen->peers != NULL)
		return peers_count(s->listen->peers);
	return s->listen != NULL && s->link != NULL &&
	    s->link->told == LINK_UP;
}
