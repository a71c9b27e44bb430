/*
 * bulk: one timed transfer through a pair of FIFOs.
 *
 * usage: bulk put|get MIB IN OUT [PID...]
 * Prints GiB/s, and the CPU seconds that the processes PID, which do the
 * relaying, spent on each GiB.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

#define PIECE	(128 * 1024)	/* what the client writes and reads at once */

static unsigned char buf[PATTERN_PERIOD + CHUNK];

/* CPU seconds of all threads of a process; schedstat counts nanoseconds. */
static double
process_cpu(const char *pid)
{
	char path[600];
	struct dirent *entry;
	unsigned long long ns;
	double sum = 0;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	if ((dir = opendir(path)) == NULL)
		err(1, "%s", path);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task/%s/schedstat", pid,
		    entry->d_name);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		if (fscanf(f, "%llu", &ns) == 1)
			sum += (double)ns / 1e9;
		fclose(f);
	}
	closedir(dir);
	return sum;
}

static double
cpu(char *pids[])
{
	double sum = 0;

	while (*pids != NULL)
		sum += process_cpu(*pids++);
	return sum;
}

static void
head_receive(int fd, uint64_t length)
{
	char got[256], want[256];
	size_t have = 0, n;
	ssize_t r;

	n = reply_head(want, sizeof(want), length);
	while (have < n) {
		if ((r = read(fd, got + have, n - have)) <= 0)
			err(1, "read of the reply's head");
		have += (size_t)r;
	}
	if (memcmp(got, want, n) != 0)
		errx(1, "not the expected reply: %.*s", (int)n, got);
}

static void
put(int in_fd, int out_fd, uint64_t length)
{
	char head[128];
	uint64_t done;
	size_t n;

	n = (size_t)snprintf(head, sizeof(head), "PUT / HTTP/1.1\r\n"
	    "Host: localhost\r\nContent-Length: %llu\r\n\r\n",
	    (unsigned long long)length);
	if (write_all(in_fd, head, n) == -1)
		err(1, "write");
	for (done = 0; done < length; done += n) {
		n = length - done < PIECE ? (size_t)(length - done) : PIECE;
		if (write_all(in_fd, buf + done % PATTERN_PERIOD, n) == -1)
			err(1, "write");
	}
	head_receive(out_fd, 0);
}

static void
get(int in_fd, int out_fd, uint64_t length)
{
	char head[128];
	uint64_t done;
	size_t want;
	ssize_t n;

	n = snprintf(head, sizeof(head),
	    "GET /%llu HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    (unsigned long long)length);
	if (write_all(in_fd, head, (size_t)n) == -1)
		err(1, "write");
	head_receive(out_fd, length);
	for (done = 0; done < length; done += (uint64_t)n) {
		want = length - done < PIECE ? (size_t)(length - done) : PIECE;
		if ((n = read(out_fd, buf, want)) <= 0)
			err(1, "read after %llu bytes",
			    (unsigned long long)done);
		if (!pattern_fits(buf, (size_t)n, done))
			errx(1, "misplaced bytes near offset %llu",
			    (unsigned long long)done);
	}
}

int
main(int argc, char *argv[])
{
	double gib, spent, start, took;
	uint64_t length;
	int in_fd, out_fd;

	if (argc < 5 || (strcmp(argv[1], "put") != 0 &&
	    strcmp(argv[1], "get") != 0) || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: bulk put|get MIB IN OUT [PID...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	pattern_fill(buf);
	length = (uint64_t)atoi(argv[2]) << 20;
	gib = (double)length / (1 << 30);
	if ((in_fd = open(argv[3], O_WRONLY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[3]);
	if ((out_fd = open(argv[4], O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[4]);

	spent = cpu(argv + 5);
	start = now();
	if (strcmp(argv[1], "put") == 0)
		put(in_fd, out_fd, length);
	else
		get(in_fd, out_fd, length);
	took = now() - start;
	spent = cpu(argv + 5) - spent;
	printf("%.4f %.4f\n", gib / took, spent / gib);
	return 0;
}
