/*
 * relays: a bare relay of many links in one thread, which does nothing but
 * relay: the limit for a broker of many sessions.
 *
 * usage: relays -n N PLACE PORT
 * Makes PLACE1/in and PLACE1/out to PLACEN/in and PLACEN/out, and says "ready".
 *
 * Edge-triggered: a message is smaller than the buffer, so that a short read
 * has emptied its source, and smaller than a pipe, so that no write is short.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "bench.h"

struct direction {
	int	from_fd;
	int	to_fd;
};

static char buf[16 * 1024];

static int
fifo_open(const char *place, int number, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s%d", place, number);
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		err(1, "%s", path);
	snprintf(path, sizeof(path), "%s%d/%s", place, number, name);
	if (mkfifo(path, 0600) == -1 ||
	    (fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	return fd;
}

static int
tcp_connect(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd, one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
direction_add(struct direction *d, int from_fd, int to_fd, int ep)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = d };

	d->from_fd = from_fd;
	d->to_fd = to_fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, from_fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
direction_turn(const struct direction *d)
{
	ssize_t n;

	do {
		if ((n = read(d->from_fd, buf, sizeof(buf))) == 0)
			errx(1, "the peer has closed");
		if (n == -1 && errno != EAGAIN)
			err(1, "read");
		if (n > 0 && write(d->to_fd, buf, (size_t)n) != n)
			err(1, "write");
	} while (n == (ssize_t)sizeof(buf));
}

int
main(int argc, char *argv[])
{
	struct direction *d;
	struct epoll_event ev[128];
	int ch, count = 0, ep, i, n, sock;

	while ((ch = getopt(argc, argv, "n:")) == 'n')
		count = atoi(optarg);
	if (ch != -1 || argc - optind != 2 || count < 1) {
		fprintf(stderr, "usage: relays -n N PLACE PORT\n");
		return 2;
	}
	if ((d = calloc((size_t)count * 2, sizeof(*d))) == NULL ||
	    (ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, NULL);
	for (i = 0; i < count; i++) {
		sock = tcp_connect(atoi(argv[optind + 1]));
		direction_add(&d[2 * i], fifo_open(argv[optind], i + 1, "in"),
		    sock, ep);
		direction_add(&d[2 * i + 1], sock,
		    fifo_open(argv[optind], i + 1, "out"), ep);
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(ep, ev, 128, -1);
		for (i = 0; i < n; i++)
			direction_turn(ev[i].data.ptr);
	}
}
