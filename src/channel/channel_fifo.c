/*
 * The FIFOs of a directory as a channel.  In a stream session, and with
 * delivery=stream, `out` is one FIFO that bytes are written to; otherwise two
 * slots take turns (slots.h), which tell when they are ready by themselves.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/channel.h"

struct channel_fifo {
	struct channel channel;         /* first: it is a channel */
	struct pair *pair;
};

static struct pair *
pair_of(const struct channel *c)
{
	return ((const struct channel_fifo *)c)->pair;
}

static ssize_t
channel_fifo_read(struct channel *c, void *data, size_t size)
{
	return read(c->in_fd, data, size);
}

static bool
channel_fifo_begin(struct channel *c)
{
	struct pair *p = pair_of(c);

	return p->slots == NULL || slots_begin(p->slots);
}

static ssize_t
channel_fifo_write(struct channel *c, const void *data, size_t size)
{
	struct pair *p = pair_of(c);
	ssize_t n;

	if (p->slots != NULL)
		return slots_write(p->slots, data, size);
	/* An end of file is owed first: the pair tells when it was met. */
	if (!delivery_open(&p->out)) {
		errno = EAGAIN;
		return -1;
	}
	n = write(p->out.fifo.fd, data, size);
	if (n == -1) {
		c->out_fd = p->out.fifo.fd;
		channel_await(c);
	}
	return n;
}

static void
channel_fifo_end(struct channel *c, bool failed)
{
	struct pair *p = pair_of(c);

	if (p->slots != NULL)
		slots_end(p->slots, failed);
}

static bool
channel_fifo_abandoned(struct channel *c)
{
	struct pair *p = pair_of(c);

	return p->slots != NULL && slots_abandoned(p->slots);
}

static bool
channel_fifo_drop(struct channel *c, size_t *dropped)
{
	struct pair *p = pair_of(c);

	if (p->slots != NULL)
		return slots_drop(p->slots, dropped);
	*dropped = delivery_drop(&p->out);
	return true;
}

static size_t
channel_fifo_waiting(const struct channel *c)
{
	const struct pair *p = pair_of(c);

	return p->slots != NULL ? slots_waiting(p->slots) :
	    fifo_waiting(p->out.fifo.fd);
}

static bool
channel_fifo_flush(struct channel *c, int dir_fd, size_t *dropped)
{
	struct pair *p = pair_of(c);
	bool writing = fifo_is_written(&p->in, dir_fd);

	/* After that: what a writer who has left meanwhile wrote, too. */
	*dropped = fifo_drop(p->in.fd);
	c->in_fd = p->in.fd;
	return writing;
}

static bool
channel_fifo_retract(struct channel *c)
{
	struct pair *p = pair_of(c);

	return p->slots != NULL && slots_retract(p->slots);
}

static void
channel_fifo_finish(struct channel *c, bool again)
{
	struct pair *p = pair_of(c);

	if (p->slots == NULL)
		return;
	if (again)
		slots_resume(p->slots);
	else
		slots_close(p->slots);
}

static void
channel_fifo_free(struct channel *c)
{
	free(c);
}

static const struct channel_kind channel_kind_fifo = {
	.name = "FIFO",
	.read = channel_fifo_read,
	.begin = channel_fifo_begin,
	.write = channel_fifo_write,
	.end = channel_fifo_end,
	.abandoned = channel_fifo_abandoned,
	.drop = channel_fifo_drop,
	.waiting = channel_fifo_waiting,
	.flush = channel_fifo_flush,
	.retract = channel_fifo_retract,
	.finish = channel_fifo_finish,
	.free = channel_fifo_free,
};

struct channel *
channel_fifo(struct pair *pair, const struct channel_owner *owner)
{
	struct channel_fifo *f = xcalloc(1, sizeof(*f));

	f->pair = pair;
	channel_init(&f->channel, &channel_kind_fifo, owner, pair->in.fd,
	    pair->out.fifo.fd);
	return &f->channel;
}
