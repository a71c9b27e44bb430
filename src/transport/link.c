/*
 * A link as a whole, from its layers' making to their end: what its owner and
 * its members say of it or through it goes to the layer that it is for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "transport/link_internal.h"
#include "transport/login.h"
#include "transport/sock.h"
#include "transport/trace.h"

struct link *
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

	l->opened = l->inherited = true;
	l->phase = l->told = LINK_HANDSHAKE;
	link_begin(l, owner, TRACE_CONNECT);
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
