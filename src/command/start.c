#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "command/start.h"
#include "keeper/keeper.h"
#include "keeper/ready.h"

char *
start_path(void)
{
	char self[PATH_MAX], *slash, *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL) {
		*slash = '\0';
		path = xasprintf("%s/fifod", self);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return xstrdup(SBINDIR "/fifod");
}

/*
 * In the child.  Nothing of the caller's is handed down: a lock or a pipe that
 * a script holds on descriptor 9 must not live as long as the broker; and where
 * a service's script starts it, the broker is not that service.
 */
static void
start_exec(const char *path, const char *rundir, int error_fd)
{
	int null_fd = open("/dev/null", O_RDWR);

	if (null_fd != -1) {
		dup2(null_fd, STDIN_FILENO);
		dup2(null_fd, STDOUT_FILENO);
	}
	dup2(error_fd, STDERR_FILENO);
	closefrom(STDERR_FILENO + 1);
	ready_forget();
	execl(path, "fifod", "-r", rundir, "-t", (char *)NULL);
	dprintf(STDERR_FILENO, "fifod: %s: %s\n", path, strerror(errno));
	_exit(127);
}

/* Its exit status, and in `text` the first line of what it said. */
static int
start_run(const char *rundir, char *text, size_t size)
{
	char *path = start_path();
	int fds[2], status = -1;
	ssize_t n = -1;
	pid_t pid;

	text[0] = '\0';
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1) {
		free(path);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		start_exec(path, rundir, fds[1]);
	free(path);
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	/* What is there: the broker itself may hold the other end. */
	if (pid != -1)
		n = read(fds[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fds[0]);
	close(fds[1]);
	return status;
}

/* Is a broker there that does not answer yet, or not any more? */
static bool
start_contended(const char *rundir)
{
	int fd = keeper_rundir_open(rundir, false, NULL);
	bool held;

	if (fd == -1)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int
start_broker(const char *rundir, struct why *why)
{
	char text[sizeof(why->text)];
	const char *said = text;
	int status = start_run(rundir, text, sizeof(text));
	bool contended = status != 0 && start_contended(rundir);

	if (status == 0 || contended)
		return contended;
	if (strncmp(said, "fifod: ", 7) == 0)
		said += 7;
	return why_fail(why, FAULT_REFUSED, "the broker cannot be started%s%s",
	    *said != '\0' ? ": " : "", said);
}
