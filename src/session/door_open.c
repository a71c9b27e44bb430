/*
 * Doors are opened and closed, when a session begins and when its options
 * change.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/door_internal.h"
#include "session/session.h"
#include "session/status.h"
#include "transport/sock.h"

static struct door_list door_known = TAILQ_HEAD_INITIALIZER(door_known);

static void door_try(void *arg);

char *
door_text(const struct door *d, char *out, size_t size)
{
	struct sockaddr_storage at;
	socklen_t length = sizeof(at);

	if (getsockname(d->fd, (struct sockaddr *)&at, &length) == -1)
		strlcpy(out, d->text, size);
	else
		sock_text((struct sockaddr *)&at, length, out, size);
	return out;
}

/* --- the file of a unix socket --- */

static const char *
door_path(const struct door *d)
{
	const struct sockaddr_un *un =
	    (const struct sockaddr_un *)&d->address.at.address;

	return un->sun_family == AF_UNIX && un->sun_path[0] != '\0' ?
	    un->sun_path : NULL;
}

/* It has the mode and group of the FIFOs from its birth. */
static void
door_own(struct door *d)
{
	const char *path = door_path(d);
	struct stat st;

	if (path == NULL)
		return;
	if (d->s->gid != (gid_t)-1)
		(void)!lchown(path, (uid_t)-1, d->s->gid);
	if (lstat(path, &st) == 0) {
		d->device = st.st_dev;
		d->inode = st.st_ino;
	}
}

static void
door_disown(const struct door *d)
{
	const char *path = door_path(d);
	struct stat st;

	if (path != NULL && d->inode != 0 && lstat(path, &st) == 0 &&
	    st.st_dev == d->device && st.st_ino == d->inode)
		unlink(path);
}

/* --- one door --- */

static uint16_t
door_port(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET ?
	    ((const struct sockaddr_in *)sa)->sin_port :
	    ((const struct sockaddr_in6 *)sa)->sin6_port;
}

static bool
door_is_at(const struct door *d, const struct keeper_address *at)
{
	struct sockaddr_storage own;
	socklen_t length = sizeof(own);

	if (getsockname(d->fd, (struct sockaddr *)&own, &length) == -1)
		return false;
	if (own.ss_family == AF_UNIX || at->address.ss_family == AF_UNIX)
		return length == at->length &&
		    memcmp(&own, &at->address, length) == 0;
	return door_port((struct sockaddr *)&own) ==
	    door_port((const struct sockaddr *)&at->address);
}

static bool
door_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
door_is_beside(const struct door *a, const char *netns)
{
	const char *own = a->s->options.door.netns;

	return door_same(own, netns);
}

/* Where it is ourselves who have the address, the session's name says more. */
static void
door_blame(const struct door *d, struct why *why)
{
	const struct door *other;
	char pid[32];

	snprintf(pid, sizeof(pid), "in use by pid %d ", (int)getpid());
	if (strstr(why->text, pid) == NULL &&
	    d->address.at.address.ss_family != AF_UNIX)
		return;
	TAILQ_FOREACH(other, &door_known, known) {
		if (!door_is_at(other, &d->address.at) ||
		    !door_is_beside(other, d->s->options.door.netns))
			continue;
		why_fail(why, FAULT_CONNECT, "the address is in use by "
		    "session %s", other->s->name);
		return;
	}
}

static int
door_open(struct door *d, const struct options *o)
{
	const struct keeper_place place = { .netns = o->door.netns };
	mode_t mask = umask(0777 & ~o->channel.mode);

	d->fd = keeper_listen(&d->address.at, SOCK_STREAM, &place, &d->why);
	umask(mask);
	if (d->fd == -1) {
		door_blame(d, &d->why);
		return why_prefix(&d->why, "listen=%.60s", d->text);
	}
	if (door_path(d) == NULL && d->address.at.address.ss_family != AF_UNIX)
		sock_tune(d->fd, &o->link);
	door_own(d);
	d->tries = 0;
	TAILQ_INSERT_TAIL(&door_known, d, known);
	return 0;
}

static void
door_free(struct door *d)
{
	timer_clear(&d->timer);
	watch_clear(&d->readable);
	if (d->fd != -1) {
		TAILQ_REMOVE(&door_known, d, known);
		door_disown(d);
		close(d->fd);
	}
	free(d->text);
	free(d);
}

static int
door_later_ms(const struct door *d)
{
	const int *backoff = d->s->options.session.backoff;
	int64_t ms = backoff[0];
	int i;

	for (i = 1; i < d->tries && ms < backoff[1]; i++)
		ms *= 2;
	return (int)(ms < backoff[1] ? ms : backoff[1]);
}

/* The same reason is said once. */
static void
door_say_closed(struct door *d)
{
	struct session *s = d->s;

	if (d->tries > 1 && strcmp(s->why.text, d->why.text) == 0)
		return;
	s->why = d->why;
	dial_failure(s);
	session_log(s, true, "%s (it will be tried again)", d->why.text);
}

static void
door_say_open(struct door *d)
{
	struct session *s = d->s;
	char text[160];

	session_log(s, false, "listening at %s", door_text(d, text,
	    sizeof(text)));
	if (strncmp(s->why.text, "listen=", strlen("listen=")) == 0)
		why_clear(&s->why);
	status_changed(s);
}

static void
door_try(void *arg)
{
	struct door *d = arg;

	if (door_open(d, &d->s->options) == 0) {
		door_say_open(d);
		door_serve(d);
		return;
	}
	d->tries++;
	timer_set(&d->timer, door_later_ms(d), door_try, d);
	door_say_closed(d);
}

/* --- all of a session --- */

struct door_plan {
	struct session *s;
	const struct options *options;
	struct door_list list, kept;
};

static int
door_plan_add(const char *text, void *arg, struct why *why)
{
	struct door_plan *plan = arg;
	struct door *d = xcalloc(1, sizeof(*d));

	d->s = plan->s;
	d->fd = -1;
	d->text = xstrdup(text);
	TAILQ_INSERT_TAIL(&plan->list, d, entry);
	return door_address_parse(&d->address, text, why);
}

static void
door_list_free(struct door_list *list)
{
	struct door *d;

	while ((d = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, d, entry);
		door_free(d);
	}
}

static void
door_make(struct session *s)
{
	if (s->doors != NULL)
		return;
	s->doors = xcalloc(1, sizeof(*s->doors));
	TAILQ_INIT(&s->doors->list);
}

void
door_init(struct session *s)
{
	const struct door_options *o = &s->options.door;
	struct door_plan plan = { .s = s, .options = &s->options };
	struct door *d;
	struct why why;

	if (o->listen == NULL)
		return;
	door_make(s);
	TAILQ_INIT(&plan.list);
	/* The words have been checked. */
	(void)door_address_each(o->listen, door_plan_add, &plan, &why);
	(void)access_parse(&s->doors->access, o->allow, o->deny, &why);
	TAILQ_CONCAT(&s->doors->list, &plan.list, entry);
	TAILQ_FOREACH(d, &s->doors->list, entry)
		door_try(d);
}

void
door_close(struct session *s)
{
	if (s->doors != NULL)
		door_list_free(&s->doors->list);
}

void
door_clear(struct session *s)
{
	if (s->doors == NULL)
		return;
	door_list_free(&s->doors->list);
	access_clear(&s->doors->access);
	free(s->doors);
	s->doors = NULL;
}

void
door_retry(struct session *s)
{
	struct door *d;

	if (s->doors == NULL)
		return;
	TAILQ_FOREACH(d, &s->doors->list, entry) {
		if (d->fd != -1)
			continue;
		timer_clear(&d->timer);
		door_try(d);
	}
}

static struct door *
door_find(const struct session *s, const char *text)
{
	struct door *d;

	TAILQ_FOREACH(d, &s->doors->list, entry)
		if (d->fd != -1 && strcmp(d->text, text) == 0)
			return d;
	return NULL;
}

/* Open what is new; what stands already stays open. */
static int
door_plan_open(struct door_plan *plan, struct why *why)
{
	struct door *d;

	TAILQ_FOREACH(d, &plan->list, entry) {
		if (door_find(plan->s, d->text) != NULL)
			continue;
		if (door_open(d, plan->options) == -1) {
			*why = d->why;
			return -1;
		}
	}
	return 0;
}

/* The old list becomes the new one. */
static void
door_plan_take(struct door_plan *plan)
{
	struct session *s = plan->s;
	struct door *d, *old;

	while ((d = TAILQ_FIRST(&plan->list)) != NULL) {
		TAILQ_REMOVE(&plan->list, d, entry);
		old = d->fd == -1 ? door_find(s, d->text) : NULL;
		if (old != NULL) {
			TAILQ_REMOVE(&s->doors->list, old, entry);
			door_free(d);
			d = old;
		} else {
			door_say_open(d);
			door_serve(d);
		}
		TAILQ_INSERT_TAIL(&plan->kept, d, entry);
	}
	door_list_free(&s->doors->list);
	TAILQ_CONCAT(&s->doors->list, &plan->kept, entry);
}

int
door_change(struct session *s, const struct options *options,
    struct why *why)
{
	const struct door_options *o = &options->door;
	struct door_plan plan = { .s = s, .options = options };
	struct access access;
	bool listens;
	int fine;

	if (s->doors == NULL && o->listen == NULL)
		return 0;
	door_make(s);
	TAILQ_INIT(&plan.list);
	TAILQ_INIT(&plan.kept);
	fine = access_parse(&access, o->allow, o->deny, why);
	listens = !door_same(o->listen, s->options.door.listen);
	if (fine == 0 && listens)
		fine = door_address_each(o->listen, door_plan_add, &plan,
		    why);
	if (fine == 0 && listens)
		fine = door_plan_open(&plan, why);
	if (fine == -1) {
		access_clear(&access);
		door_list_free(&plan.list);
		return -1;
	}
	access_clear(&s->doors->access);
	s->doors->access = access;
	if (listens)
		door_plan_take(&plan);
	return 0;
}
