#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/listen.h"
#include "session/retry.h"
#include "session/state.h"
#include "session/status.h"
#include "transport/listener.h"

struct listen {
	struct listener *listener;
};

/* --- one peer: the session's link --- */

static void
listen_arrived(void *arg, int fd)
{
	struct session *s = arg;
	struct link_owner owner = { dial_changed, s, &s->why, dial_note };

	listener_want(s->listen->listener, false);
	dial_refresh(s);
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
	listener_want(s->listen->listener, s->link == NULL);
}

static void
listen_failed(struct session *s, const struct why *why)
{
	s->why = *why;
	listen_clear(s);
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
		.link = &s->options.link, .name = s->name,
		.mode = s->options.channel.mode, .gid = s->gid,
		.stands = listen_stand, .arrived = listen_arrived,
		.note = dial_note, .arg = s };

	state_enter(s, SESSION_RESOLVING, "%s", reason);
	timer_set(&s->deadline, s->options.link.timeout_connect, listen_late,
	    s);
	listen_clear(s);
	s->listen = xcalloc(1, sizeof(*s->listen));
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

void
listen_clear(struct session *s)
{
	if (s->listen == NULL)
		return;
	listener_free(s->listen->listener);
	free(s->listen);
	s->listen = NULL;
}

char *
listen_text(const struct session *s, char *out, size_t size)
{
	return listener_text(s->listen == NULL ? NULL : s->listen->listener,
	    out, size);
}

size_t
listen_peers(const struct session *s)
{
	return s->waits != NULL && s->link != NULL &&
	    s->link->told == LINK_UP;
}
