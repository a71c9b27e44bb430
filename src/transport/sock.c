#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include "transport/sock.h"
#include "transport/unix_dial.h"
#include "transport/vsock.h"

int
sock_broken(struct link *l)
{
	switch (errno) {
	case EAGAIN:
	case EINTR:
		errno = EAGAIN;
		return -1;
	case ECONNRESET:
	case EPIPE:
		return link_fail(l, FAULT_RECEIVE,
		    "peer reset the connection");
	case ETIMEDOUT:
		return link_fail(l, FAULT_RECEIVE,
		    "peer has stopped answering");
	default:
		return link_fail(l, FAULT_RECEIVE, "connection broke: %s",
		    strerror(errno));
	}
}

ssize_t
sock_read(struct link *l, void *data, size_t size)
{
	ssize_t n;

	/* EAGAIN would promise that the loop tells when there is more. */
	do
		n = recv(l->fd, data, size, 0);
	while (n == -1 && errno == EINTR);
	return n == -1 ? sock_broken(l) : n;
}

ssize_t
sock_write(struct link *l, const void *data, size_t size)
{
	ssize_t n;

	if (size == 0)
		return 0;
	do
		n = send(l->fd, data, size, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? sock_broken(l) : n;
}

int
sock_finish(struct link *l)
{
	if (shutdown(l->fd, SHUT_WR) == -1 && errno != ENOTCONN)
		return sock_broken(l);
	return 0;
}

void
sock_close(struct link *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
}

/* "/run/x", "@name"; "" where it has none (unix(7)). */
static char *
sock_text_unix(const struct sockaddr *address, socklen_t length, char *out,
    size_t size)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)address;
	size_t n = length - offsetof(struct sockaddr_un, sun_path);

	if (length <= offsetof(struct sockaddr_un, sun_path))
		n = 0;
	if (n > 0 && un->sun_path[0] == '\0')
		snprintf(out, size, "@%.*s", (int)(n - 1), un->sun_path + 1);
	else
		snprintf(out, size, "%.*s", (int)n, un->sun_path);
	return out;
}

/* "2:1024" */
static bool
sock_text_vsock(const struct sockaddr *address, socklen_t length, char *out,
    size_t size)
{
	struct sockaddr_storage at = { 0 };
	uint32_t cid, port;

	memcpy(&at, address, length < sizeof(at) ? length : sizeof(at));
	if (!vsock_parts(&at, &cid, &port))
		return false;
	if (cid == VSOCK_ANY)
		snprintf(out, size, "any:%u", port);
	else
		snprintf(out, size, "%u:%u", cid, port);
	return true;
}

char *
sock_text(const struct sockaddr *address, socklen_t length, char *out,
    size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	int wrong;

	if (address->sa_family == AF_UNIX)
		return sock_text_unix(address, length, out, size);
	if (sock_text_vsock(address, length, out, size))
		return out;
	wrong = getnameinfo(address, length, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	if (wrong)
		snprintf(out, size, "(%s)", gai_strerror(wrong));
	else
		snprintf(out, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
		    host, port);
	return out;
}

bool
sock_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int wrong;

	if (l->fd == -1 || (fact != LINK_LOCAL && fact != LINK_PEER))
		return false;
	wrong = fact == LINK_LOCAL ?
	    getsockname(l->fd, (struct sockaddr *)&address, &length) :
	    getpeername(l->fd, (struct sockaddr *)&address, &length);
	if (wrong)
		return false;
	sock_text((struct sockaddr *)&address, length, out, size);
	return *out != '\0';
}

void
sock_tune_fd(int fd, const struct link_options *o)
{
	int on = 1, idle = o->keepalive_idle / 1000, probes = 5;
	int interval = idle / 8 > 0 ? idle / 8 : 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Urgent data is data: none is dropped, and none overtakes another. */
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	if (!o->keepalive)
		return;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
#else
	(void)probes;
	(void)interval;
#endif
}

void
sock_tune(struct link *l)
{
	sock_tune_fd(l->fd, l->dial->link);
}

size_t
sock_unacknowledged(int fd)
{
#ifdef SIOCOUTQ
	int n = 0;

	if (fd != -1 && ioctl(fd, SIOCOUTQ, &n) == 0 && n > 0)
		return (size_t)n;
#else
	(void)fd;
#endif
	return 0;
}

void
sock_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static int
accepted_open(struct link *l)
{
	(void)l;
	return 0;
}

static int
accepted_advance(struct link *l)
{
	(void)l;
	return 1;
}

/* Who has connected to a unix socket has no address, but an owner. */
static bool
accepted_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size)
{
	if (sock_fact(l, fact, out, size))
		return true;
	return fact == LINK_PEER && l->fd != -1 &&
	    unix_credentials(l->fd, out, size);
}

const struct transport transport_accepted = {
	.name = "accepted",
	.flags = TRANSPORT_PLAIN | TRANSPORT_LIVES,
	.size = sizeof(struct link),
	.open = accepted_open,
	.advance = accepted_advance,
	.read = sock_read,
	.write = sock_write,
	.finish = sock_finish,
	.close = sock_close,
	.fact = accepted_fact,
};
