/*
 * A crowd of clients, and the server that they meet: what front doors are
 * tested and measured with.
 *
 *	crowd serve [PORT]	the server: "port N", then until it is killed
 *	crowd short N SECONDS PORT	N clients at a time, each: connect, 1 KiB
 *				there, 1 KiB back, end of file; "DONE FAILED"
 *	crowd up MIB PORT	so much there; "MiB/s"
 *	crowd down MIB PORT	so much back
 *	crowd hold N PORT	N connections that say one byte and stay, "held N",
 *				until standard input ends
 *
 * The first byte that a client sends says what it wants: s, u, d or h.  It is
 * quick for its size: epoll(7), few system calls, no clock in the way.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE 1024              /* of a short connection, each way */
#define BLOCK (256 * 1024)
#define EVENTS 512

static char block[BLOCK];
static int ep;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct sockaddr_in
address(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static void
watch(int op, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	if (epoll_ctl(ep, op, fd, &e) == -1)
		err(1, "epoll_ctl");
}

static void
descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the server --- */

/* What is known of a connection, by its descriptor. */
static struct peer {
	char wants;             /* 0: nothing is known yet */
	uint64_t n;             /* bytes got, or still to be sent */
} *peers;
static size_t npeers;

static void
peer_close(int fd)
{
	peers[fd].wants = 0;
	close(fd);
}

static void
peer_accept(int listening)
{
	int fd, on = 1;

	while ((fd = accept4(listening, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		if ((size_t)fd >= npeers) {
			npeers = (size_t)fd * 2;
			peers = reallocarray(peers, npeers, sizeof(*peers));
			if (peers == NULL)
				err(1, NULL);
		}
		peers[fd] = (struct peer){ 0, 0 };
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(EPOLL_CTL_ADD, fd, EPOLLIN);
	}
}

static void
peer_give(int fd)
{
	struct peer *p = &peers[fd];
	ssize_t n;

	while (p->n > 0) {
		n = send(fd, block, p->n < BLOCK ? p->n : BLOCK, MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN) {
			watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
			return;
		}
		if (n <= 0)
			break;
		p->n -= (uint64_t)n;
	}
	peer_close(fd);
}

/* The first bytes: for d, eight more say how many it wants. */
static void
peer_learn(int fd, const char *got, ssize_t n)
{
	struct peer *p = &peers[fd];

	p->wants = got[0];
	p->n = 0;
	if (p->wants == 'd' && n >= 9)
		memcpy(&p->n, got + 1, 8);
	if (p->wants == 'h')
		(void)!send(fd, "h", 1, MSG_NOSIGNAL);
}

static void
peer_read(int fd)
{
	static char got[BLOCK];
	struct peer *p = &peers[fd];
	ssize_t n = recv(fd, got, sizeof(got), 0);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		if (n == 0 && p->wants == 'u')
			(void)!send(fd, "u", 1, MSG_NOSIGNAL);
		peer_close(fd);
		return;
	}
	if (p->wants == 0)
		peer_learn(fd, got, n);
	if (p->wants == 'd')
		peer_give(fd);
	if (p->wants != 's' || (p->n += (uint64_t)n) < PIECE)
		return;
	(void)!send(fd, block, PIECE, MSG_NOSIGNAL);
	peer_close(fd);
}

static int
serve(const char *port)
{
	struct sockaddr_in a = address(port);
	struct epoll_event events[EVENTS];
	socklen_t length = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), i, n;
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 4096) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &length) == -1)
		err(1, "listen");
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	watch(EPOLL_CTL_ADD, fd, EPOLLIN);
	for (;;) {
		n = epoll_wait(ep, events, EVENTS, -1);
		for (i = 0; i < n; i++) {
			if (events[i].data.fd == fd)
				peer_accept(fd);
			else if (events[i].events & EPOLLOUT)
				peer_give(events[i].data.fd);
			else
				peer_read(events[i].data.fd);
		}
	}
}

/* --- clients --- */

static int
call(const struct sockaddr_in *a, int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd == -1)
		err(1, "socket");
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

static uint16_t *got;           /* of each short connection, by descriptor */
static uint64_t ndone, nfailed;

static void
short_begin(const struct sockaddr_in *a)
{
	int fd = call(a, SOCK_NONBLOCK);

	if (fd == -1) {
		nfailed++;
		return;
	}
	got[fd] = UINT16_MAX;
	watch(EPOLL_CTL_ADD, fd, EPOLLOUT);
}

/* It goes on, or has ended: true. */
static bool
short_step(int fd)
{
	char data[2 * PIECE];
	ssize_t n;

	if (got[fd] == UINT16_MAX) {
		got[fd] = 0;
		block[0] = 's';
		if (send(fd, block, PIECE, MSG_NOSIGNAL) == PIECE) {
			watch(EPOLL_CTL_MOD, fd, EPOLLIN);
			return false;
		}
	} else if ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		got[fd] = (uint16_t)(got[fd] + n);
		return false;
	} else if (n == 0 && got[fd] == PIECE) {
		ndone++;
		return true;
	}
	nfailed++;
	return true;
}

static int
short_run(int n, double seconds, const char *port)
{
	struct sockaddr_in a = address(port);
	struct epoll_event events[EVENTS];
	double began = now();
	int i, ready, open = n;

	got = calloc(1 << 20, sizeof(*got));
	for (i = 0; i < n; i++)
		short_begin(&a);
	while (open > 0) {
		ready = epoll_wait(ep, events, EVENTS, 10000);
		if (ready == 0)
			break;
		for (i = 0; i < ready; i++) {
			if (!short_step(events[i].data.fd))
				continue;
			close(events[i].data.fd);
			open--;
			if (now() - began < seconds) {
				short_begin(&a);
				open++;
			}
		}
	}
	nfailed += (uint64_t)open;
	printf("%.1f %ju\n", (double)ndone / (now() - began),
	    (uintmax_t)nfailed);
	return nfailed > 0;
}

static int
bulk_run(char way, uint64_t mib, const char *port)
{
	struct sockaddr_in a = address(port);
	uint64_t size = mib << 20, left = size;
	double began = now();
	int fd = call(&a, 0);
	ssize_t n = 1;

	if (fd == -1)
		err(1, "connect");
	block[0] = way;
	memcpy(block + 1, &size, 8);
	if (way == 'd' && send(fd, block, 9, 0) != 9)
		err(1, "send");
	while (left > 0 && n > 0) {
		n = way == 'u' ? send(fd, block, left < BLOCK ? left : BLOCK,
		    MSG_NOSIGNAL) : recv(fd, block, BLOCK, 0);
		left -= n > 0 ? (uint64_t)n : 0;
	}
	if (way == 'u' && (shutdown(fd, SHUT_WR) == -1 ||
	    recv(fd, block, 1, 0) != 1))
		errx(1, "no answer");
	if (left > 0)
		errx(1, "%ju bytes are missing", (uintmax_t)left);
	printf("%.1f\n", (double)mib / (now() - began));
	return 0;
}

static int
hold_run(int n, const char *port)
{
	struct sockaddr_in a = address(port);
	char c;
	int i, fd;

	for (i = 0; i < n; i++) {
		fd = call(&a, 0);
		if (fd == -1 || send(fd, "h", 1, MSG_NOSIGNAL) != 1 ||
		    recv(fd, &c, 1, 0) != 1)
			err(1, "connection %d", i);
	}
	printf("held %d\n", n);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

int
main(int argc, char *argv[])
{
	signal(SIGPIPE, SIG_IGN);
	descriptors();
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	if (argc >= 2 && strcmp(argv[1], "serve") == 0)
		return serve(argc > 2 ? argv[2] : "0");
	if (argc == 5 && strcmp(argv[1], "short") == 0)
		return short_run(atoi(argv[2]), atof(argv[3]), argv[4]);
	if (argc == 4 && strcmp(argv[1], "hold") == 0)
		return hold_run(atoi(argv[2]), argv[3]);
	if (argc == 4 && (strcmp(argv[1], "up") == 0 ||
	    strcmp(argv[1], "down") == 0))
		return bulk_run(argv[1][0], (uint64_t)atoi(argv[2]), argv[3]);
	fprintf(stderr, "usage: crowd serve [PORT] | short N SECONDS PORT | "
	    "up|down MIB PORT | hold N PORT\n");
	return 2;
}
