/*
 * A connected socket as a channel: its end, a half-close and a client that
 * has gone are all seen.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/channel.h"

static ssize_t
channel_socket_read(struct channel *c, void *data, size_t size)
{
	struct pollfd p = { .fd = c->in_fd };
	ssize_t n = recv(c->in_fd, data, size, 0);

	/* Both directions closed is a client that waits for no reply. */
	if (n == 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLHUP)) {
		errno = EPIPE;
		return -1;
	}
	if (n == -1 && errno == EINTR)
		errno = EAGAIN;
	return n;
}

static ssize_t
channel_socket_write(struct channel *c, const void *data, size_t size)
{
	ssize_t n = send(c->out_fd, data, size, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		errno = EAGAIN;
		channel_await(c);
	}
	return n;
}

static void
channel_socket_finish(struct channel *c, bool again)
{
	if (!again)
		shutdown(c->out_fd, SHUT_WR);
}

static void
channel_socket_free(struct channel *c)
{
	close(c->in_fd);
	free(c);
}

static const struct channel_kind channel_kind_socket = {
	.name = "socket",
	.read = channel_socket_read,
	.write = channel_socket_write,
	.finish = channel_socket_finish,
	.free = channel_socket_free,
};

struct channel *
channel_socket(int fd, const struct channel_owner *owner)
{
	struct channel *c = xcalloc(1, sizeof(*c));

	c->exact = true;
	channel_init(c, &channel_kind_socket, owner, fd, fd);
	return c;
}
