#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/channel.h"

static void
channel_readable(void *arg)
{
	struct channel *c = arg;

	c->owner.readable(c->owner.arg);
}

static void
channel_writable(void *arg)
{
	struct channel *c = arg;

	watch_want(&c->writable, false);
	c->owner.ready(c->owner.arg);
}

void
channel_init(struct channel *c, const struct channel_kind *kind,
    const struct channel_owner *owner, int in_fd, int out_fd)
{
	c->kind = kind;
	c->owner = *owner;
	c->in_fd = in_fd;
	c->out_fd = out_fd;
	c->end_fd = -1;
	if (in_fd != -1)
		watch_init(&c->readable, in_fd, LOOP_READ, channel_readable,
		    c);
}

void
channel_rest(struct channel *c)
{
	watch_rest(&c->readable);
}

/* The descriptor may be another one by now (delivery.h). */
void
channel_await(struct channel *c)
{
	if (!c->writable.wanted)
		watch_init(&c->writable, c->out_fd, LOOP_WRITE,
		    channel_writable, c);
	watch_want(&c->writable, true);
}

ssize_t
channel_read(struct channel *c, void *data, size_t size)
{
	ssize_t n;

	/* A signal that came between is none of its troubles. */
	do
		n = c->kind->read(c, data, size);
	while (n == -1 && errno == EINTR);
	return n;
}

bool
channel_begin(struct channel *c)
{
	return c->kind->begin == NULL || c->kind->begin(c);
}

ssize_t
channel_write(struct channel *c, const void *data, size_t size)
{
	ssize_t n;

	do
		n = c->kind->write(c, data, size);
	while (n == -1 && errno == EINTR);
	return n;
}

void
channel_end(struct channel *c, bool failed)
{
	if (c->kind->end != NULL)
		c->kind->end(c, failed);
}

bool
channel_abandoned(struct channel *c)
{
	return c->kind->abandoned != NULL && c->kind->abandoned(c);
}

bool
channel_drop(struct channel *c, size_t *dropped)
{
	*dropped = 0;
	return c->kind->drop == NULL || c->kind->drop(c, dropped);
}

size_t
channel_waiting(const struct channel *c)
{
	return c->kind->waiting == NULL ? 0 : c->kind->waiting(c);
}

void
channel_finish(struct channel *c, bool again)
{
	if (c->kind->finish != NULL)
		c->kind->finish(c, again);
}

void
channel_want(struct channel *c, bool reading)
{
	watch_want(&c->readable, reading && !c->always);
}

bool
channel_retract(struct channel *c)
{
	return c->kind->retract != NULL && c->kind->retract(c);
}

/* The descriptor may be another one afterwards. */
bool
channel_flush(struct channel *c, int dir_fd, size_t *dropped)
{
	bool writing = dir_fd == -1;    /* it cannot be told: look again */

	*dropped = 0;
	if (c->kind->flush != NULL && dir_fd != -1) {
		watch_clear(&c->readable);
		writing = c->kind->flush(c, dir_fd, dropped);
		watch_init(&c->readable, c->in_fd, LOOP_READ,
		    channel_readable, c);
	}
	if (dir_fd != -1)
		close(dir_fd);
	return writing;
}

/* A descriptor of its own: one is not watched in both manners. */
void
channel_follow_end(struct channel *c)
{
	watch_want(&c->readable, false);
	if (c->end_fd != -1 ||
	    (c->end_fd = fcntl(c->in_fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return;
	watch_init(&c->ended, c->end_fd, LOOP_NEWS, channel_readable, c);
	watch_want(&c->ended, true);
}

void
channel_stop(struct channel *c)
{
	watch_clear(&c->readable);
	watch_clear(&c->writable);
	watch_clear(&c->ended);
	if (c->end_fd != -1)
		close(c->end_fd);
	c->end_fd = -1;
}

void
channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	channel_stop(c);
	ledger_free(c->row);
	c->kind->free(c);
}
