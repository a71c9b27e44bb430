#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "session/door_internal.h"
#include "session/join.h"
#include "session/session.h"
#include "transport/sock.h"

#define DOOR_TEXT 160           /* an address in words */

/* --- how many --- */

/* Too many: the rest wait in the kernel until one has left. */
static bool
door_is_full(const struct session *s)
{
	return s->options.door.max_clients > 0 &&
	    s->doors->nclients >= (size_t)s->options.door.max_clients;
}

void
door_want(struct session *s)
{
	struct door *d;

	TAILQ_FOREACH(d, &s->doors->list, entry)
		if (d->stands)
			listener_want(d->listener, !door_is_full(s));
}

void
door_came(struct session *s)
{
	if (s->doors != NULL)
		s->doors->nclients++;
}

void
door_left(struct session *s)
{
	bool was_full;

	if (s->doors == NULL)
		return;
	was_full = door_is_full(s);
	s->doors->nclients--;
	if (was_full)
		door_want(s);
}

size_t
door_clients(const struct session *s)
{
	return s->doors == NULL ? 0 : s->doors->nclients;
}

/* --- who --- */

/* Of a unix socket the user alone is known. */
static bool
door_lets_in(const struct door *d, int fd, struct sockaddr_storage *from)
{
	struct access_client who = { (struct sockaddr *)from, (uid_t)-1 };
	socklen_t length = sizeof(*from);
	gid_t gid;

	memset(from, 0, sizeof(*from));
	if (d->s->doors->access.n == 0)
		return true;
	if (getpeername(fd, (struct sockaddr *)from, &length) == -1)
		return false;
	if (from->ss_family == AF_UNIX && getpeereid(fd, &who.uid, &gid) == -1)
		return false;
	return access_allows(&d->s->doors->access, &who);
}

static void
door_name_client(int fd, const struct sockaddr_storage *from, char *out,
    size_t size)
{
	uid_t uid = (uid_t)-1;
	gid_t gid;

	if (from->ss_family != AF_UNIX)
		sock_text((const struct sockaddr *)from, sizeof(*from), out,
		    size);
	else if (getpeereid(fd, &uid, &gid) == 0)
		snprintf(out, size, "uid %u", (unsigned)uid);
	else
		strlcpy(out, "a user unknown", size);
}

static void
door_turn_away(struct door *d, int fd, const struct sockaddr_storage *from)
{
	struct doors *doors = d->s->doors;
	char who[DOOR_TEXT], more[48] = "";
	uint64_t untold;

	doors->refused++;
	if (seldom_may(&doors->told, &untold)) {
		door_name_client(fd, from, who, sizeof(who));
		if (untold > 0)
			snprintf(more, sizeof(more), " (and %ju more before)",
			    (uintmax_t)untold);
		session_log(d->s, true, "listen=%s: %s%s: turned away, as "
		    "allow= and deny= say", d->text, who, more);
	}
	sock_reset(fd);
	close(fd);
}

void
door_arrived(void *arg, int fd)
{
	struct door *d = arg;
	struct session *s = d->s;
	struct sockaddr_storage from;

	if (!door_lets_in(d, fd, &from)) {
		door_turn_away(d, fd, &from);
		return;
	}
	s->doors->accepted++;
	s->doors->nclients++;
	if (d->accepted->over != NULL)
		arrival_new(d, fd);
	else
		join_guest(s, fd);
	if (door_is_full(s))
		door_want(s);
}

/* --- facts --- */

const struct why *
door_failure(const struct session *s)
{
	const struct door *d;

	if (s->doors != NULL)
		TAILQ_FOREACH(d, &s->doors->list, entry)
			if (d->listener == NULL)
				return &d->why;
	return NULL;
}

bool
door_pending(const struct session *s)
{
	const struct door *d;

	if (s->doors != NULL)
		TAILQ_FOREACH(d, &s->doors->list, entry)
			if (d->listener != NULL && !d->stands)
				return true;
	return false;
}

void
door_listening(const struct session *s, char *out, size_t size)
{
	const struct door *d;
	char text[512];

	if (s->doors == NULL)
		return;
	TAILQ_FOREACH(d, &s->doors->list, entry) {
		if (!d->stands)
			continue;
		if (out[0] != '\0')
			strlcat(out, "\n", size);
		strlcat(out, listener_text(d->listener, text, sizeof(text)),
		    size);
	}
}

uint64_t
door_accepted(const struct session *s)
{
	return s->doors == NULL ? 0 : s->doors->accepted;
}

uint64_t
door_refused(const struct session *s)
{
	return s->doors == NULL ? 0 : s->doors->refused;
}
