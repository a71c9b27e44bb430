/*
 * rtt: round trips of a request of 100 bytes and its reply of 200, one after
 * the other.
 *
 * usage: rtt [-3ert] [-n N] [-w N] IN OUT | SOCKET | -t HOST PORT
 *	IN OUT		FIFOs
 *	SOCKET		a unix socket
 *	-t HOST PORT	TCP, without anything between
 *	-3	the request in three writes, one a line, as bash's printf does
 *	-r	all is opened and closed anew for each round trip
 *	-e	a reply ends with an end of file
 *	-n N	so many; -w N: after so many that do not count
 * Prints the median in microseconds.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

#define DIGITS	"01234567890123456789012345678901234567890123456789012345678901"

static const char *const lines[] = {
	"GET /50?" DIGITS " HTTP/1.1\r\n",
	"Host: localhost\r\n",
	"\r\n",
};
static char request[101];
static int three, reopen, eof, tcp;

/* The way there and the way back: two FIFOs, or twice one socket. */
struct way {
	char	**argv;
	int	argc;
	int	in_fd;
	int	out_fd;
};

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int
tcp_open(const char *host, const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd, one = 1;

	sin.sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		errx(1, "%s: not an IPv4 address", host);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "%s %s", host, port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int
unix_open(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	return fd;
}

static int
fifo_open(const char *path, int flags)
{
	int fd;

	if ((fd = open(path, flags | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	return fd;
}

static void
way_open_in(struct way *w)
{
	if (tcp)
		w->in_fd = w->out_fd = tcp_open(w->argv[0], w->argv[1]);
	else if (w->argc == 1)
		w->in_fd = w->out_fd = unix_open(w->argv[0]);
	else
		w->in_fd = fifo_open(w->argv[0], O_WRONLY);
}

static void
way_open_out(struct way *w)
{
	if (!tcp && w->argc == 2)
		w->out_fd = fifo_open(w->argv[1], O_RDONLY);
}

static void
request_send(int fd)
{
	size_t i;

	if (!three && write_all(fd, request, sizeof(request) - 1) == -1)
		err(1, "write");
	for (i = 0; three && i < 3; i++)
		if (write_all(fd, lines[i], strlen(lines[i])) == -1)
			err(1, "write");
}

static void
reply_receive(int fd)
{
	unsigned char buf[REPLY_MOST];
	size_t got = 0, length = 0;
	ssize_t n = 1;

	while (n > 0 && (length == 0 || got < length || eof)) {
		n = read(fd, buf + got, sizeof(buf) - got);
		got += n > 0 ? (size_t)n : 0;
		length = reply_length(buf, got);
	}
	if (n == -1)
		err(1, "read after %zu bytes of the reply", got);
	if (!reply_fits(buf, got))
		errx(1, "not the expected reply: %zu bytes: %.*s", got,
		    (int)got, (char *)buf);
}

/* As a shell does it: in is closed before out is opened. */
static void
round_trip(struct way *w)
{
	if (!reopen) {
		request_send(w->in_fd);
		reply_receive(w->out_fd);
		return;
	}
	way_open_in(w);
	request_send(w->in_fd);
	if (w->in_fd != w->out_fd)
		close(w->in_fd);
	way_open_out(w);
	reply_receive(w->out_fd);
	close(w->out_fd);
	w->in_fd = w->out_fd = -1;
}

static double
median(struct way *w, int first, int count)
{
	double *took, start, middle;
	int i;

	if ((took = calloc((size_t)count, sizeof(*took))) == NULL)
		err(1, NULL);
	for (i = -first; i < count; i++) {
		start = now();
		round_trip(w);
		if (i >= 0)
			took[i] = now() - start;
	}
	qsort(took, (size_t)count, sizeof(*took), compare);
	middle = took[count / 2];
	free(took);
	return middle;
}

static void
usage(void)
{
	fprintf(stderr, "usage: rtt [-3er] [-n N] [-w N] "
	    "IN OUT | SOCKET | -t HOST PORT\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	struct way w = { .in_fd = -1, .out_fd = -1 };
	int ch, count = 1000, first = 0;

	while ((ch = getopt(argc, argv, "3ertn:w:")) != -1) {
		switch (ch) {
		case '3':
			three = 1;
			break;
		case 'e':
			eof = 1;
			break;
		case 'r':
			reopen = 1;
			break;
		case 't':
			tcp = 1;
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 'w':
			first = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	w.argc = argc - optind;
	w.argv = argv + optind;
	if (count < 1 || (w.argc != 2 && (tcp || w.argc != 1)))
		usage();
	signal(SIGPIPE, SIG_IGN);
	snprintf(request, sizeof(request), "%s%s%s", lines[0], lines[1],
	    lines[2]);
	if (strlen(request) != 100)
		errx(1, "the request has %zu bytes", strlen(request));
	if (!reopen) {
		way_open_in(&w);
		way_open_out(&w);
	}
	printf("%.2f\n", median(&w, first, count) * 1e6);
	return 0;
}
