/*
 * many: N clients in one thread, each of which asks again as soon as it has
 * its reply, so that N requests of 100 bytes are always in flight.
 *
 * usage: many [-eru] -n N -t SECONDS PLACE
 *	PLACE	the FIFOs PLACE1/in and PLACE1/out to PLACEN/in, PLACEN/out
 *	-u	PLACE is a unix socket, to which each client connects
 *	-r	out is opened and closed anew for each reply
 *	-e	a reply ends with an end of file (with -r)
 * Prints exchanges a second, of all clients together.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

static const char request[] =
    "GET /50?01234567890123456789012345678901234567890"
    "012345678901234567890 HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct client {
	int	in_fd;
	int	out_fd;
	size_t	got;
	char	out[256];		/* its path */
	unsigned char reply[REPLY_MOST];
};

static int ep, reopen, eof;

static void
client_watch(struct client *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->out_fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
client_open_out(struct client *c)
{
	c->out_fd = open(c->out, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (c->out_fd == -1)
		err(1, "%s", c->out);
	client_watch(c);
}

static void
client_open_fifos(struct client *c, const char *place, int number)
{
	char path[256];

	snprintf(c->out, sizeof(c->out), "%s%d/out", place, number);
	snprintf(path, sizeof(path), "%s%d/in", place, number);
	if ((c->in_fd = open(path, O_WRONLY | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	if (!reopen)
		client_open_out(c);
}

static void
client_connect(struct client *c, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	c->in_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->in_fd == -1 ||
	    connect(c->in_fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	fcntl(c->in_fd, F_SETFL, O_NONBLOCK);
	c->out_fd = c->in_fd;
	client_watch(c);
}

static void
client_ask(struct client *c)
{
	c->got = 0;
	if (write_all(c->in_fd, request, sizeof(request) - 1) == -1)
		err(1, "write");
	if (reopen)
		client_open_out(c);
}

/* 1: it has its reply, and has asked anew. */
static int
client_turn(struct client *c)
{
	size_t length = 0;
	ssize_t n = 1;

	while (n > 0 && (length == 0 || c->got < length || eof)) {
		n = read(c->out_fd, c->reply + c->got,
		    sizeof(c->reply) - c->got);
		if (n == -1 && errno == EAGAIN)
			return 0;
		if (n == -1)
			err(1, "read");
		c->got += (size_t)n;
		length = reply_length(c->reply, c->got);
	}
	if (!reply_fits(c->reply, c->got))
		errx(1, "not the expected reply: %zu bytes: %.*s", c->got,
		    (int)c->got, (char *)c->reply);
	if (reopen)
		close(c->out_fd);
	client_ask(c);
	return 1;
}

/* Replies that came until then. */
static unsigned long
replies_until(double end)
{
	struct epoll_event ev[128];
	unsigned long count = 0;
	int i, n;

	while (now() < end) {
		if ((n = epoll_wait(ep, ev, 128, 5000)) == -1)
			err(1, "epoll_wait");
		if (n == 0)
			errx(1, "no reply for 5 seconds");
		for (i = 0; i < n; i++)
			count += (unsigned long)client_turn(ev[i].data.ptr);
	}
	return count;
}

static void
usage(void)
{
	fprintf(stderr, "usage: many [-eru] -n N -t SECONDS PLACE\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	struct client *clients;
	double seconds = 0, start;
	unsigned long count;
	int ch, i, n = 0, sock = 0;

	while ((ch = getopt(argc, argv, "erun:t:")) != -1) {
		switch (ch) {
		case 'e':
			eof = 1;
			break;
		case 'r':
			reopen = 1;
			break;
		case 'u':
			sock = 1;
			break;
		case 'n':
			n = atoi(optarg);
			break;
		case 't':
			seconds = atof(optarg);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1 || n < 1 || seconds <= 0)
		usage();
	signal(SIGPIPE, SIG_IGN);
	if ((clients = calloc((size_t)n, sizeof(*clients))) == NULL ||
	    (ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, NULL);
	for (i = 0; i < n; i++) {
		if (sock)
			client_connect(&clients[i], argv[optind]);
		else
			client_open_fifos(&clients[i], argv[optind], i + 1);
	}
	for (i = 0; i < n; i++)
		client_ask(&clients[i]);
	replies_until(now() + seconds / 5);
	start = now();
	count = replies_until(start + seconds);
	printf("%.0f\n", (double)count / (now() - start));
	free(clients);
	return 0;
}
