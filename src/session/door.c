#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/door_internal.h"
#include "session/join.h"
#include "session/session.h"
#include "transport/sock.h"

#define DOOR_REST_MS 1000       /* after descriptors have run out */
#define DOOR_BATCH 32           /* clients of one door in a turn */
#define DOOR_TEXT 160           /* an address in words */

static void door_readable(void *arg);

/* --- clients --- */

/* Too many: the rest wait in the kernel until one has left. */
static bool
door_is_full(const struct session *s)
{
	return s->options.door.max_clients > 0 &&
	    s->doors->nclients >= (size_t)s->options.door.max_clients;
}

static void
door_want(struct door *d)
{
	watch_want(&d->readable, d->fd != -1 && !d->timer.set &&
	    !door_is_full(d->s));
}

void
door_left(struct session *s)
{
	struct door *d;
	bool was_full;

	if (s->doors == NULL)
		return;
	was_full = door_is_full(s);
	s->doors->nclients--;
	if (was_full && !door_is_full(s))
		TAILQ_FOREACH(d, &s->doors->list, entry)
			door_want(d);
}

static void
door_rested(void *arg)
{
	door_want(arg);
}

static void
door_say(struct door *d, struct seldom *told, const char *who,
    const char *what)
{
	char more[48] = "";
	uint64_t untold;

	if (!seldom_may(told, &untold))
		return;
	if (untold > 0)
		snprintf(more, sizeof(more), " (and %ju more before it)",
		    (uintmax_t)untold);
	session_log(d->s, true, "%s: %s%s: %s", d->text, who, more, what);
}

/*
 * Whoever came has given up again (accept(2)), or there is no descriptor left:
 * then all wait in the kernel for a second, and nobody is refused.
 */
static bool
door_trouble(struct door *d)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return false;
	if (errno != EMFILE && errno != ENFILE && errno != ENOMEM &&
	    errno != ENOBUFS)
		return true;
	door_say(d, &d->s->doors->tired, "clients have to wait",
	    strerror(errno));
	timer_set(&d->timer, DOOR_REST_MS, door_rested, d);
	door_want(d);
	return false;
}

/* A user at a unix socket has no address, and another has one. */
static bool
door_lets_in(struct door *d, int fd, const struct sockaddr *from)
{
	struct access_client who = { from, (uid_t)-1 };
	gid_t gid;

	if (d->s->doors->access.n == 0)
		return true;
	if (from->sa_family == AF_UNIX && getpeereid(fd, &who.uid, &gid) == -1)
		return false;
	return access_allows(&d->s->doors->access, &who);
}

static void
door_refuse(struct door *d, int fd, const struct sockaddr *from,
    socklen_t length)
{
	char who[DOOR_TEXT];
	uid_t uid = (uid_t)-1;
	gid_t gid;

	d->s->doors->refused++;
	if (from->sa_family == AF_UNIX && getpeereid(fd, &uid, &gid) == 0)
		snprintf(who, sizeof(who), "uid %u", (unsigned)uid);
	else
		sock_text(from, length, who, sizeof(who));
	door_say(d, &d->s->doors->told, who, "turned away, as allow= and deny= "
	    "say");
	sock_reset(fd);
	close(fd);
}

/* One client; false: no more for now. */
static bool
door_accept(struct door *d)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	struct session *s = d->s;
	int fd;

	if (door_is_full(s)) {
		door_want(d);
		return false;
	}
	from.ss_family = d->address.at.address.ss_family;
	fd = accept4(d->fd, (struct sockaddr *)&from, &length,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1)
		return door_trouble(d);
	if (!door_lets_in(d, fd, (struct sockaddr *)&from)) {
		door_refuse(d, fd, (struct sockaddr *)&from, length);
		return true;
	}
	s->doors->accepted++;
	s->doors->nclients++;
	join_guest(s, fd);
	return true;
}

static void
door_readable(void *arg)
{
	struct door *d = arg;
	int n = 0;

	while (n < DOOR_BATCH && door_accept(d))
		n++;
}

void
door_serve(struct door *d)
{
	watch_init(&d->readable, d->fd, LOOP_READ, door_readable, d);
	door_want(d);
}

/* --- facts --- */

const struct why *
door_failure(const struct session *s)
{
	const struct door *d;

	if (s->doors != NULL)
		TAILQ_FOREACH(d, &s->doors->list, entry)
			if (d->fd == -1)
				return &d->why;
	return NULL;
}

size_t
door_listening(const struct session *s, char *out, size_t size)
{
	const struct door *d;
	char text[DOOR_TEXT];
	size_t n = 0;

	if (s->doors == NULL)
		return 0;
	TAILQ_FOREACH(d, &s->doors->list, entry) {
		if (d->fd == -1)
			continue;
		if (n++ > 0)
			strlcat(out, "\n", size);
		strlcat(out, door_text(d, text, sizeof(text)), size);
	}
	return n;
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
