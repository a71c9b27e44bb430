#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/netns.h"
#include "transport/link.h"
#include "transport/login.h"
#include "transport/sock.h"
#include "transport/trace.h"
#include "transport/via.h"
#include "transport/way.h"

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

int
link_check_netns(const char *value, struct why *why)
{
	if (value[0] != '/' && strchr(value, '/') != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.60s\" is neither a "
		    "name of ip-netns(8) nor an absolute path", value);
	return netns_available(why);
}

const struct option_row link_option_rows[11] = {
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
	    .available = netns_available,
	    .never_empty = true,
	    .text = "Resolve and connect in this network namespace and in no "
		    "other: a name of ip-netns(8), or the path of a namespace "
		    "file." },
	{ .name = "receive-buffer",
	    .type = OPTION_SIZE,
	    .offset = offsetof(struct link_options, receive_buffer),
	    .min = 4096,
	    .max = 1024 * 1024 * 1024,
	    .value = "1M",
	    .live = true,
	    .text = "Of datagrams, how many bytes the kernel keeps that are "
		    "not yet read, as far as it lets us "
		    "(net.core.rmem_max); from the next connection on." },
	{ .name = "via",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, via),
	    .check = via_check,
	    .never_empty = true,
	    .text = "Reach the endpoint over these proxies, in this order and "
		    "with commas between: socks5://HOST:PORT, "
		    "socks5h://HOST:PORT (the same), socks4a://HOST:PORT, "
		    "http://HOST:PORT (CONNECT), each with USER@ before HOST "
		    "if it wants one." },
	{ .name = "via-auth",
	    .type = OPTION_PATH,
	    .offset = offsetof(struct link_options, via_auth),
	    .never_empty = true,
	    .text = "File with a line USER:PASSWORD for each proxy of via, in "
		    "their order, an empty one where it wants none; read "
		    "before each connection." },
	{ .name = "proxy-protocol",
	    .type = OPTION_CHOICE,
	    .offset = offsetof(struct link_options, proxy_protocol),
	    .choices = "no|v1|v2",
	    .value = "no",
	    .text = "Begin the connection with a PROXY header of this "
		    "version, which names both its ends; with "
		    "connections=each, the client of a front door and whom "
		    "it has called." },
};

int
link_prepare(const struct transport *t, struct dial *dial, struct why *why)
{
	if (way_prepare(t, dial, why) == -1)
		return -1;
	return t->prepare == NULL ? 0 : t->prepare(dial, why);
}

void
link_forget(const struct transport *t, struct dial *dial)
{
	way_forget(dial);
	if (t != NULL && t->forget != NULL)
		t->forget(dial);
}

/* What drives a link through all phases before LINK_UP, and no longer. */
struct link_driver {
	struct watch readable, writable;
	struct deferred step;
	struct way *way;        /* NULL: not begun, or nothing to say */
	bool arrived;           /* at the endpoint: its way is done */
	bool inherited;         /* it was up before */
	struct prelude_ends *client;    /* for whom it is made; NULL: for us */
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

static void
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
	up = l->login != NULL || l->driver->inherited ? 1 : link_advance(l);
	if (up == 1 && !l->driver->inherited)
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
link_begin(struct link *l, const struct link_owner *owner,
    enum trace_step first)
{
	link_give(l, owner);
	l->driver = xcalloc(1, sizeof(*l->driver));
	l->trace = xcalloc(1, sizeof(*l->trace));
	trace_begin(l->trace, first);
	link_kick(l);
	return l;
}

static const struct link *
link_lowest(const struct link *l)
{
	while (l->below != NULL)
		l = l->below;
	return l;
}

struct link *
link_new(const struct transport *t, struct dial *dial, link_cb *changed,
    void *arg, struct why *why, void (*note)(void *arg, const char *text))
{
	struct link *l = link_stack(t, dial, NULL, -1);

	/* What checks its own form has no HOST:PORT, and looks up nothing. */
	return link_begin(l, &(struct link_owner){ changed, arg, why, note },
	    link_lowest(l)->transport->check == NULL ? TRACE_RESOLVE :
	    TRACE_CONNECT);
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
	return link_begin(l, owner, TRACE_HANDSHAKE);
}

struct link *
link_inherit(struct dial *dial, int fd, const struct link_owner *owner)
{
	struct link *l = link_stack(&transport_accepted, dial, NULL, fd);

	l->opened = true;
	l->phase = l->told = LINK_HANDSHAKE;
	link_begin(l, owner, TRACE_CONNECT);
	l->driver->inherited = true;
	return l;
}

static void
link_ahead_free(struct link *l)
{
	if (l->ahead != NULL)
		buf_clear(l->ahead);
	free(l->ahead);
	l->ahead = NULL;
}

void
link_for(struct link *l, int client_fd)
{
	free(l->driver->client);
	l->driver->client = way_client(l->dial, client_fd);
}

int64_t
link_trace(struct link *l, char *out, size_t size)
{
	int64_t us = 0;

	if (size > 0)
		out[0] = '\0';
	if (l->trace == NULL)
		return 0;
	us = trace_end(l->trace);
	if (size > 0)
		trace_text(l->trace, out, size);
	free(l->trace);
	l->trace = NULL;
	return us;
}

const char *
link_waits_for(const struct link *l)
{
	return l->driver == NULL ? NULL : way_waits_for(l->driver->way);
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	link_driver_free(l);
	login_free(l);
	link_ahead_free(l);
	free(l->trace);
	if (l->opened)
		l->transport->close(l);
	link_free(l->below);
	free(l);
}

/* What was read before the link was up comes first. */
static ssize_t
link_read_ahead(struct link *l, void *data, size_t size)
{
	size_t n = buf_length(l->ahead);

	if (n > size)
		n = size;
	memcpy(data, buf_peek(l->ahead), n);
	buf_drain(l->ahead, n);
	if (buf_length(l->ahead) == 0)
		link_ahead_free(l);
	return (ssize_t)n;
}

ssize_t
link_read(struct link *l, void *data, size_t size)
{
	if (l->ahead != NULL)
		return link_read_ahead(l, data, size);
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
	return l != NULL && l->ahead == NULL &&
	    l->transport->flags & TRANSPORT_PLAIN;
}

bool
link_is_datagram(const struct link *l)
{
	return l != NULL && l->transport->flags & TRANSPORT_DATAGRAM;
}

uint64_t
link_lost(const struct link *l)
{
	char text[32];

	return link_fact(l, LINK_LOST, text, sizeof(text)) ?
	    strtoull(text, NULL, 10) : 0;
}

bool
link_holds(const struct link *l)
{
	return l->ahead != NULL ||
	    (l->transport->holds != NULL && l->transport->holds(l));
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

void
link_tune(struct link *l)
{
	for (; l != NULL; l = l->below)
		if (l->transport->tune != NULL)
			l->transport->tune(l);
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
	return l->transport->unacknowledged == NULL ?
	    sock_unacknowledged(l->fd) : l->transport->unacknowledged(l);
}
