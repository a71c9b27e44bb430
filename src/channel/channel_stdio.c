/*
 * A caller's standard input and output as a channel, for one request.  The
 * descriptors are shared with the caller's shell, so O_NONBLOCK must not be
 * set on them: a pipe or a terminal is opened anew through /proc, which gives
 * a description of our own; where that cannot be, poll(2) goes before each
 * read and each small write.  What never waits, a regular file or /dev/null,
 * cannot be watched (epoll(7) says EPERM): it may be read at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/channel.h"

struct channel_stdio {
	struct channel channel;         /* first: it is a channel */
	bool in_poll, out_poll;         /* may wait: poll goes first */
};

static struct channel_stdio *
stdio_of(struct channel *c)
{
	return (struct channel_stdio *)c;
}

static bool
stdio_ready(int fd, short event)
{
	struct pollfd p = { .fd = fd, .events = event };

	return poll(&p, 1, 0) == 1;
}

static ssize_t
channel_stdio_read(struct channel *c, void *data, size_t size)
{
	struct channel_stdio *o = stdio_of(c);
	ssize_t n;

	if (o->in_poll && !stdio_ready(c->in_fd, POLLIN)) {
		errno = EAGAIN;
		return -1;
	}
	n = read(c->in_fd, data, size);
	/* A terminal that has hung up, or is not ours to read from: no more. */
	if (n == -1 && errno == EIO)
		return 0;
	return n;
}

/* What is in the way of a write to a full pipe is less than PIPE_BUF long. */
static ssize_t
channel_stdio_write(struct channel *c, const void *data, size_t size)
{
	struct channel_stdio *o = stdio_of(c);
	ssize_t n = -1;

	if (o->out_poll && size > PIPE_BUF)
		size = PIPE_BUF;
	errno = EAGAIN;
	if (!o->out_poll || stdio_ready(c->out_fd, POLLOUT))
		n = write(c->out_fd, data, size);
	if (n == -1 && errno == EAGAIN)
		channel_await(c);
	return n;
}

static void
channel_stdio_free(struct channel *c)
{
	struct channel_stdio *o = stdio_of(c);

	close(c->in_fd);
	close(c->out_fd);
	free(o);
}

static const struct channel_kind channel_kind_stdio = {
	.name = "standard input and output",
	.read = channel_stdio_read,
	.write = channel_stdio_write,
	.free = channel_stdio_free,
};

/* Does reading or writing it ever wait? */
static bool
stdio_waits(int fd, const struct stat *st)
{
	return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) || isatty(fd);
}

/*
 * A description of our own for what *fd is open on, where it may be had, and
 * true; else poll(2) is to be asked before each step.  Sockets cannot be
 * opened anew.
 */
static bool
stdio_own(int *fd, int access)
{
	char path[64];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	own = open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own == -1)
		return false;
	close(*fd);
	*fd = own;
	return true;
}

/* `wrong`: how it must not be open. */
static int
stdio_check(int fd, int wrong, struct stat *st, struct why *why)
{
	const char *which = wrong == O_WRONLY ? "standard input" :
	    "standard output";
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fstat(fd, st) == -1)
		return why_fail(why, FAULT_REFUSED, "%s: %s", which,
		    strerror(errno));
	if ((flags & O_ACCMODE) == wrong)
		return why_fail(why, FAULT_REFUSED, "%s is not open for %s",
		    which, wrong == O_WRONLY ? "reading" : "writing");
	if (S_ISDIR(st->st_mode))
		return why_fail(why, FAULT_REFUSED, "%s is a directory",
		    which);
	return 0;
}

struct channel *
channel_stdio(int in, int out, const struct channel_owner *owner,
    struct why *why)
{
	struct stat st_in, st_out;
	struct channel_stdio *o;
	bool in_waits, out_waits;

	if (stdio_check(in, O_WRONLY, &st_in, why) == -1 ||
	    stdio_check(out, O_RDONLY, &st_out, why) == -1) {
		close(in);
		close(out);
		return NULL;
	}
	o = xcalloc(1, sizeof(*o));
	in_waits = stdio_waits(in, &st_in);
	out_waits = stdio_waits(out, &st_out);
	o->in_poll = in_waits && !stdio_own(&in, O_RDONLY);
	o->out_poll = out_waits && !stdio_own(&out, O_WRONLY);
	o->channel.once = o->channel.exact = true;
	o->channel.always = !in_waits;
	channel_init(&o->channel, &channel_kind_stdio, owner, in, out);
	return &o->channel;
}
