/*
 * process: how long a whole process takes, from its start to its end.
 *
 * usage: process [-n N] INPUT BYTES COMMAND [ARGUMENT...]
 * Its standard input is the file INPUT, and BYTES is what it has to write.
 * Prints the median in microseconds.
 */
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>

#include "bench.h"

#define PIPE	(64 * 1024)	/* what a pipe holds, and BYTES is less */

extern char **environ;

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static pid_t
command_start(char *argv[], const char *input, int out_fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno != 0)
		err(1, "%s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static double
process_time(char *argv[], const char *input, ssize_t bytes)
{
	static char buf[PIPE];
	double start;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		err(1, "pipe");
	start = now();
	pid = command_start(argv, input, fds[1]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	start = now() - start;
	close(fds[1]);
	n = read(fds[0], buf, sizeof(buf));
	close(fds[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s: status %d", argv[0], status);
	if (n != bytes)
		errx(1, "%s: %zd bytes instead of %zd", argv[0], n, bytes);
	return start;
}

int
main(int argc, char *argv[])
{
	double *took;
	int ch, count = 100, i;

	while ((ch = getopt(argc, argv, "+n:")) == 'n')
		count = atoi(optarg);
	if (ch != -1 || argc - optind < 3 || count < 1) {
		fprintf(stderr, "usage: process [-n N] INPUT BYTES "
		    "COMMAND [ARGUMENT...]\n");
		return 2;
	}
	argv += optind;
	if ((took = calloc((size_t)count, sizeof(*took))) == NULL)
		err(1, NULL);
	for (i = 0; i < count; i++)
		took[i] = process_time(argv + 2, argv[0], atol(argv[1]));
	qsort(took, (size_t)count, sizeof(*took), compare);
	printf("%.2f\n", took[count / 2] * 1e6);
	free(took);
	return 0;
}
