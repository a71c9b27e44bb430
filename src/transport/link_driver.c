/*
 * A link's way up: one layer after the other, the lowest first, then what is
 * said before the connection is its owner's.
 */
#include <stdlib.h>

#include "transport/link_internal.h"
#include "transport/login.h"
#include "transport/trace.h"
#include "transport/way.h"

void
link_enter(struct link *l, enum link_phase phase)
{
	static const enum trace_step steps[] = {
		[LINK_RESOLVING] = TRACE_RESOLVE,
		[LINK_CONNECTING] = TRACE_CONNECT,
		[LINK_HANDSHAKE] = TRACE_HANDSHAKE,
	};
	struct link *top = link_top(l);

	top->phase = phase;
	trace_enter(top->trace, steps[phase]);
	link_kick(l);
}

/* The bottom has its connection: what is to be said before it is ours? */
static int
link_go(struct link *l)
{
	struct link_driver *d = link_top(l)->driver;
	int up = 1;

	if (d->arrived)
		return 1;
	if (d->way == NULL) {
		if (l->dial->via != NULL)
			trace_enter(link_top(l)->trace, TRACE_PROXY);
		up = way_new(l, d->client, &d->way);
	}
	if (up == 1 && d->way != NULL)
		up = way_advance(d->way, l);
	if (up != 1)
		return up;
	way_free(d->way);
	d->way = NULL;
	d->arrived = true;
	return 1;
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
	up = l->transport->advance(l);
	return up == 1 && l->below == NULL ? link_go(l) : up;
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

void
link_driver_free(struct link *l)
{
	struct link_driver *d = l->driver;

	l->driver = NULL;
	if (d == NULL)
		return;
	way_free(d->way);
	free(d->client);
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
	up = l->login != NULL || l->inherited ? 1 : link_advance(l);
	if (up == 1 && !l->inherited)
		up = login_advance(l);
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

void
link_wake(struct link *l)
{
	struct link *top = link_top(l);

	l->hushed = top->hushed = false;
	if (top->driver != NULL) {
		link_kick(l);
		return;
	}
	top->phase = LINK_NEWS;
	top->changed(top, top->arg);
}

void
link_for(struct link *l, int client_fd)
{
	free(l->driver->client);
	l->driver->client = way_client(l->dial, client_fd);
}

const char *
link_waits_for(const struct link *l)
{
	return l->driver == NULL ? NULL : way_waits_for(l->driver->way);
}
