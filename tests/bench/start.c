/*
 * start: from the start of a program to the first byte of the first reply.
 *
 * usage: start [-f] [-n STARTS] IN OUT COMMAND [ARGUMENT...]
 * Without -f COMMAND makes the FIFOs IN and OUT itself, and the request is
 * written as soon as they are there.  With -f COMMAND is a filter, as
 * COMMAND <IN >OUT: the FIFOs are there before, and hold the request.
 * Prints the median in milliseconds.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>

#include "bench.h"

#define PATIENCE	5	/* seconds */

extern char **environ;

static const char request[] = "GET /50 HTTP/1.1\r\nHost: localhost\r\n\r\n";

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static pid_t
command_start(char *argv[], int in_fd, int out_fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (in_fd != -1) {
		posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
		posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	}
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno != 0)
		err(1, "%s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Ends it and waits for that, so that the next start finds nothing of it. */
static void
command_stop(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	double deadline = now() + PATIENCE;

	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (now() > deadline)
			kill(pid, SIGKILL);
		nanosleep(&nap, NULL);
	}
}

/* -1 if the FIFO is not there, or nobody holds it, within PATIENCE. */
static int
fifo_await(const char *path, int flags)
{
	const struct timespec nap = { .tv_nsec = 20000 };
	double deadline = now() + PATIENCE;
	int fd;

	while ((fd = open(path, flags | O_NONBLOCK | O_CLOEXEC)) == -1) {
		if ((errno != ENOENT && errno != ENXIO) || now() > deadline)
			return -1;
		nanosleep(&nap, NULL);
	}
	return fd;
}

/* -1 unless the reply begins within PATIENCE. */
static int
first_byte(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&pfd, 1, PATIENCE * 1000) != 1 || read(fd, &byte, 1) != 1)
		return -1;
	return byte == 'H' ? 0 : -1;
}

static double
one_start(char *argv[], int filter)
{
	double start, took;
	int in_fd = -1, out_fd = -1, failed;
	pid_t pid;

	if (filter) {
		/* Held for both, and gone with all that is left in them. */
		in_fd = open(argv[0], O_RDWR | O_CLOEXEC);
		out_fd = open(argv[1], O_RDWR | O_CLOEXEC);
		if (in_fd == -1 || out_fd == -1 ||
		    write_all(in_fd, request, sizeof(request) - 1) == -1)
			err(1, "%s", argv[0]);
	}
	start = now();
	pid = command_start(argv + 2, in_fd, out_fd);
	if (!filter) {
		in_fd = fifo_await(argv[0], O_WRONLY);
		out_fd = fifo_await(argv[1], O_RDONLY);
	}
	failed = in_fd == -1 || out_fd == -1 || (!filter &&
	    write_all(in_fd, request, sizeof(request) - 1) == -1) ||
	    first_byte(out_fd) == -1;
	took = now() - start;
	command_stop(pid);
	close(in_fd);
	close(out_fd);
	if (failed)
		errx(1, "no reply through %s", argv[2]);
	return took;
}

int
main(int argc, char *argv[])
{
	double *took;
	int ch, count = 10, filter = 0, i;

	while ((ch = getopt(argc, argv, "+fn:")) != -1) {
		if (ch == 'f')
			filter = 1;
		else if (ch == 'n')
			count = atoi(optarg);
		else
			return 2;
	}
	if (argc - optind < 3 || count < 1) {
		fprintf(stderr, "usage: start [-f] [-n STARTS] IN OUT "
		    "COMMAND [ARGUMENT...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1UL);
	if ((took = calloc((size_t)count, sizeof(*took))) == NULL)
		err(1, NULL);
	for (i = 0; i < count; i++)
		took[i] = one_start(argv + optind, filter);
	qsort(took, (size_t)count, sizeof(*took), compare);
	printf("%.3f\n", took[count / 2] * 1e3);
	free(took);
	return 0;
}
