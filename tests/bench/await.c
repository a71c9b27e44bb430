/*
 * await: waits until sessions s1 to sN of a run directory are up, by their
 * status files alone.
 *
 * usage: await [-e ENGINE] [-p PID] [-t SECONDS] RUNDIR N
 * Gives up when process PID has ended, or after SECONDS (30).  What the engine
 * of process ENGINE has written does not count.  Prints the capacity in bytes
 * of the smaller of the two FIFOs of session sN.
 */
#include <sys/prctl.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

/* The value of `key', which is "\nKEY=", copied out; "" if there is none. */
static void
status_fact(const char *status, const char *key, char *value, size_t size)
{
	const char *p = strstr(status, key);

	value[0] = '\0';
	if (p == NULL)
		return;
	p += strlen(key);
	snprintf(value, size, "%.*s", (int)strcspn(p, "\n"), p);
}

/* The state is copied out, "" if there is none yet but of that engine. */
static void
session_state(const char *rundir, int number, pid_t engine, char *state,
    size_t size)
{
	char buf[4096], path[4096], pid[32];
	ssize_t n;
	int fd;

	state[0] = '\0';
	snprintf(path, sizeof(path), "%s/s%d/status", rundir, number);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return;
	buf[n] = '\0';
	status_fact(buf, "\nengine=", pid, sizeof(pid));
	if (engine == 0 || atoi(pid) != engine)
		status_fact(buf, "\nstate=", state, size);
}

static void
session_await(const char *rundir, int number, pid_t engine, pid_t pid,
    double deadline)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	char state[32];

	for (;;) {
		session_state(rundir, number, engine, state, sizeof(state));
		if (strcmp(state, "up") == 0)
			return;
		if (strcmp(state, "failed") == 0)
			errx(1, "session s%d has failed", number);
		if (pid > 0 && kill(pid, 0) == -1 && errno == ESRCH)
			errx(1, "the broker has ended");
		if (now() > deadline)
			errx(1, "session s%d is not up but '%s'", number,
			    state);
		nanosleep(&nap, NULL);
	}
}

static int
fifo_capacity(const char *rundir, int number, const char *name, int flags)
{
	char path[4096];
	int fd, size;

	snprintf(path, sizeof(path), "%s/s%d/%s", rundir, number, name);
	fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || (size = fcntl(fd, F_GETPIPE_SZ)) == -1)
		err(1, "%s", path);
	close(fd);
	return size;
}

int
main(int argc, char *argv[])
{
	double deadline;
	pid_t engine = 0, pid = 0;
	int ch, count, i, in, out, seconds = 30;

	while ((ch = getopt(argc, argv, "e:p:t:")) != -1) {
		if (ch == 'e')
			engine = atoi(optarg);
		else if (ch == 'p')
			pid = atoi(optarg);
		else if (ch == 't')
			seconds = atoi(optarg);
		else
			return 2;
	}
	if (argc - optind != 2 || (count = atoi(argv[optind + 1])) < 1) {
		fprintf(stderr,
		    "usage: await [-e ENGINE] [-p PID] [-t SECONDS] RUNDIR "
		    "N\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1UL);
	deadline = now() + seconds;
	for (i = 1; i <= count; i++)
		session_await(argv[optind], i, engine, pid, deadline);
	in = fifo_capacity(argv[optind], count, "in", O_WRONLY);
	out = fifo_capacity(argv[optind], count, "out", O_RDONLY);
	printf("%d\n", in < out ? in : out);
	return 0;
}
