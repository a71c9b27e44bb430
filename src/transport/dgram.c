#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "transport/dgram.h"
#include "transport/sock.h"

ssize_t
dgram_read(struct link *l, void *data, size_t size, bool ends)
{
	ssize_t n = recv(l->fd, data, size, 0);

	if (n > 0 || (n == 0 && ends))
		return n;
	if (n == 0 || errno == EINTR)
		errno = EAGAIN;
	return -1;
}

ssize_t
dgram_write(struct link *l, const void *data, size_t size)
{
	ssize_t n;

	if (size == 0)
		return 0;
	n = send(l->fd, data, size, MSG_NOSIGNAL);
	if (n != -1)
		return n;
	if (errno == EINTR || errno == ENOBUFS)
		errno = EAGAIN;
	if (errno == EMSGSIZE) {
		link_fail(l, FAULT_USAGE, "a datagram of %zu bytes is too "
		    "long for %s; it was not sent", size,
		    l->transport->usage);
		errno = EMSGSIZE;
	}
	return -1;
}

/* Nobody is told by the lack of datagrams that there will be none. */
int
dgram_finish(struct link *l)
{
	(void)l;
	return 0;
}

bool
dgram_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	int64_t lost;

	if (fact != LINK_LOST)
		return sock_fact(l, fact, out, size);
	lost = l->fd == -1 ? -1 : dgram_lost(l->fd);
	if (lost == -1)
		return false;
	snprintf(out, size, "%" PRId64, lost);
	return true;
}
