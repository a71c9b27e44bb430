/*
 * rtt: round trips of a request of 100 bytes and its reply of 200 through a
 * pair of FIFOs that are held open.
 *
 * usage: rtt [-3] [-n ROUND-TRIPS] [-w UNCOUNTED-FIRST] IN OUT
 * -3 sends the request in three writes, one a line, as bash's printf does.
 * Prints the median in microseconds.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

#define REPLY	200

static const char *const lines[] = {
	"GET /160?0123456789012345678901234567890123456789"
	    "012345678901234567890 HTTP/1.1\r\n",
	"Host: localhost\r\n",
	"\r\n",
};
static char request[101];

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
request_send(int fd, int three)
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
	unsigned char buf[REPLY + 1];
	char head[64];
	size_t got, n;
	ssize_t r;

	for (got = 0; got < REPLY; got += (size_t)r) {
		r = read(fd, buf + got, sizeof(buf) - got);
		if (r <= 0)
			err(1, "read after %zu bytes of the reply", got);
	}
	n = reply_head(head, sizeof(head), REPLY - 40);
	if (got != REPLY || memcmp(buf, head, n) != 0 ||
	    !pattern_fits(buf + n, REPLY - n, 0))
		errx(1, "not the expected reply: %.60s", (char *)buf);
}

int
main(int argc, char *argv[])
{
	double *took, start;
	int ch, count = 1000, first = 0, i, in_fd, out_fd, three = 0;

	while ((ch = getopt(argc, argv, "3n:w:")) != -1) {
		switch (ch) {
		case '3':
			three = 1;
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 'w':
			first = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 2 || count < 1) {
		fprintf(stderr, "usage: rtt [-3] [-n N] [-w N] IN OUT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	snprintf(request, sizeof(request), "%s%s%s", lines[0], lines[1],
	    lines[2]);
	if (strlen(request) != 100)
		errx(1, "the request has %zu bytes", strlen(request));
	if ((in_fd = open(argv[optind], O_WRONLY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[optind]);
	if ((out_fd = open(argv[optind + 1], O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[optind + 1]);
	if ((took = calloc((size_t)count, sizeof(*took))) == NULL)
		err(1, NULL);

	for (i = -first; i < count; i++) {
		start = now();
		request_send(in_fd, three);
		reply_receive(out_fd);
		if (i >= 0)
			took[i] = now() - start;
	}
	qsort(took, (size_t)count, sizeof(*took), compare);
	printf("%.2f\n", took[count / 2] * 1e6);
	free(took);
	return 0;
}
