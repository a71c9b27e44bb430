#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include "base/xalloc.h"
#include "keeper/netns.h"
#include "transport/link.h"
#include "transport/sock.h"

static int
link_check_bind(const char *value, struct why *why)
{
	struct keeper_address at;

	return keeper_address(value, AF_UNSPEC, &at, why);
}

static int
link_check_device(const char *value, struct why *why)
{
	if (strlen(value) < IF_NAMESIZE && strchr(value, '/') == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is no name of an "
	    "interface", value);
}

static int
link_check_netns(const char *value, struct why *why)
{
	if (value[0] != '/' && strchr(value, '/') != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.60s\" is neither a "
		    "name of ip-netns(8) nor an absolute path", value);
	return netns_available(why);
}

const struct option_row link_option_rows[7] = {
	{ .name = "timeout-connect",
	    .type = OPTION_TIME,
	    .offset = offsetof(struct link_options, timeout_connect),
	    .min = 100,
	    .max = 3600000,
	    .value = "15",
	    .live = true,
	    .text = "Give up when resolving, connecting and the handshake "
		    "together take longer than this." },
	{ .name = "family",
	    .type = OPTION_CHOICE,
	    .offset = offsetof(struct link_options, family),
	    .choices = "any|inet|inet6",
	    .value = "any",
	    .live = true,
	    .text = "Use only IPv4 (inet) or IPv6 (inet6) addresses." },
	{ .name = "keepalive",
	    .type = OPTION_BOOL,
	    .offset = offsetof(struct link_options, keepalive),
	    .value = "yes",
	    .live = true,
	    .text = "Have the kernel probe an idle connection, so that a dead "
		    "peer is noticed; from the next connection on." },
	{ .name = "keepalive-idle",
	    .type = OPTION_TIME,
	    .offset = offsetof(struct link_options, keepalive_idle),
	    .min = 1000,
	    .max = 32767000,
	    .value = "60",
	    .live = true,
	    .text = "Probe after so long without a byte; five probes, an "
		    "eighth of it apart, must fail." },
	{ .name = "bind",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, place.bind),
	    .check = link_check_bind,
	    .never_empty = true,
	    .live = true,
	    .text = "Connect from this address of ours, with or without a "
		    "port: 192.0.2.1, [2001:db8::1]:99; from the next "
		    "connection on." },
	{ .name = "device",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, place.device),
	    .check = link_check_device,
	    .never_empty = true,
	    .live = true,
	    .text = "Connect by this network interface and no other; from the "
		    "next connection on." },
	{ .name = "netns",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, place.netns),
	    .check = link_check_netns,
	    .never_empty = true,
	    .text = "Resolve and connect in this network namespace and in no "
		    "other: a name of ip-netns(8), or the path of a namespace "
		    "file." },
};

/* What drives a link through all phases before LINK_UP, and no longer. */
struct link_driver {
	struct watch readable, writable;
	struct deferred step;
};

static struct link *
link_top(struct link *l)
{
	while (l->above != NULL)
		l = l->above;
	return l;
}

int
link_fail(struct link *l, enum fault fault, const char *fmt, ...)
{
	struct link *top = link_top(l);
	char text[sizeof(top->why->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	why_fail(top->why, fault, "%s", text);
	errno = EIO;
	return -1;
}

void
link_note(struct link *l, const char *fmt, ...)
{
	struct link *top = link_top(l);
	char text[256];
	va_list ap;

	if (top->note == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	top->note(top->arg, text);
}

void
link_enter(struct link *l, enum link_phase phase)
{
	link_top(l)->phase = phase;
	link_kick(l);
}

/* Advance the lowest layer that is not up yet: 1 all up, 0 not yet, -1. */
static int
link_advance(struct link *l)
{
	int up;

	if (l->below != NULL) {
		up = link_advance(l->below);
		if (up <= 0) {
			l->want_read = l->below->want_read;
			l->want_write = l->below->want_write;
			return up;
		}
		l->fd = l->below->fd;
	}
	if (!l->opened) {
		l->opened = true;
		if (l->below != NULL)
			link_enter(l, LINK_HANDSHAKE);
		if (l->transport->open(l) == -1)
			return -1;
	}
	return l->transport->advance(l);
}

static void link_step(void *arg);

/* Wait for what the member wants; its descriptor may be a new one. */
static void
link_watch(struct link *l)
{
	struct link_driver *d = l->driver;
	int fd = l->fd;

	if (fd == -1 && l->below != NULL)
		fd = l->below->fd;
	if (fd == -1)
		return;
	watch_init(&d->readable, fd, LOOP_READ, link_step, l);
	watch_init(&d->writable, fd, LOOP_WRITE, link_step, l);
	watch_want(&d->readable, l->want_read);
	watch_want(&d->writable, l->want_write);
}

static void
link_driver_free(struct link *l)
{
	struct link_driver *d = l->driver;

	l->driver = NULL;
	if (d == NULL)
		return;
	deferred_clear(&d->step);
	watch_clear(&d->readable);
	watch_clear(&d->writable);
	free(d);
}

/*
 * One step of the driver: everything before LINK_UP happens here, and the
 * owner is told last, because it may free the link.
 */
static void
link_step(void *arg)
{
	struct link *l = arg;
	int up;

	watch_clear(&l->driver->readable);
	watch_clear(&l->driver->writable);
	l->want_read = l->want_write = false;
	up = link_advance(l);
	if (up == 0)
		link_watch(l);
	else
		l->phase = up == 1 ? LINK_UP : LINK_FAILED;
	if (l->phase == l->told)
		return;
	if (up != 0)
		link_driver_free(l);
	l->told = l->phase;
	l->changed(l, l->arg);
}

void
link_kick(struct link *l)
{
	struct link *top = link_top(l);

	if (top->driver != NULL)
		deferred_queue(&top->driver->step, link_step, top);
}

/* With a socket (fd is not -1) that is the lowest layer. */
static struct link *
link_stack(const struct transport *t, struct dial *dial, struct link *above,
    int fd)
{
	struct link *l;

	if (fd != -1 && t->over == NULL)
		t = &transport_accepted;
	l = xcalloc(1, t->size);
	l->transport = t;
	l->dial = dial;
	l->above = above;
	l->fd = t->over == NULL ? fd : -1;
	if (t->over != NULL)
		l->below = link_stack(transport_find(t->over, NULL), dial, l,
		    fd);
	return l;
}

void
link_give(struct link *l, const struct link_owner *owner)
{
	l->changed = owner->changed;
	l->arg = owner->arg;
	l->why = owner->why;
	l->note = owner->note;
}

static struct link *
link_begin(struct link *l, const struct link_owner *owner)
{
	link_give(l, owner);
	l->driver = xcalloc(1, sizeof(*l->driver));
	link_kick(l);
	return l;
}

struct link *
link_new(const struct transport *t, struct dial *dial, link_cb *changed,
    void *arg, struct why *why, void (*note)(void *arg, const char *text))
{
	return link_begin(link_stack(t, dial, NULL, -1),
	    &(struct link_owner){ changed, arg, why, note });
}

/* Nobody has to be found or called any more. */
struct link *
link_accept(const struct transport *t, struct dial *dial, int fd,
    const struct link_owner *owner)
{
	struct link *l = link_stack(t, dial, NULL, fd), *lowest = l;

	while (lowest->below != NULL)
		lowest = lowest->below;
	lowest->opened = true;
	l->phase = l->told = LINK_CONNECTING;
	sock_tune(lowest);
	return link_begin(l, owner);
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	link_driver_free(l);
	if (l->opened)
		l->transport->close(l);
	link_free(l->below);
	free(l);
}

ssize_t
link_read(struct link *l, void *data, size_t size)
{
	return l->transport->read(l, data, size);
}

ssize_t
link_write(struct link *l, const void *data, size_t size)
{
	return l->transport->write(l, data, size);
}

size_t
link_pending(const struct link *l)
{
	return l->transport->pending == NULL ? 0 : l->transport->pending(l);
}

size_t
link_unsent(const struct link *l)
{
	return l->transport->unsent == NULL ? link_pending(l) :
	    l->transport->unsent(l);
}

void
link_broken(struct link *l)
{
	sock_broken(l);
}

bool
link_is_plain(const struct link *l)
{
	return l != NULL && l->transport->flags & TRANSPORT_PLAIN;
}

bool
link_holds(const struct link *l)
{
	return l->transport->holds != NULL && l->transport->holds(l);
}

int
link_finish(struct link *l)
{
	if (l->finished)
		return 0;
	if (l->transport->finish(l) == -1)
		return -1;
	l->finished = true;
	return 0;
}

bool
link_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	for (; l != NULL; l = l->below) {
		if (l->transport->fact != NULL &&
		    l->transport->fact(l, fact, out, size))
			return true;
	}
	return false;
}

char *
link_certificates(const struct link *l)
{
	if (l->transport->certificates == NULL)
		return NULL;
	return l->transport->certificates(l);
}

size_t
link_unacknowledged(const struct link *l)
{
#ifdef SIOCOUTQ
	int n = 0;

	if (l->fd != -1 && ioctl(l->fd, SIOCOUTQ, &n) == 0 && n > 0)
		return (size_t)n;
#else
	(void)l;
#endif
	return 0;
}
