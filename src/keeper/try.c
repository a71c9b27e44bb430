/*
 * A program that is to take over is tried first: one that cannot be started,
 * or is of a version that does not understand us, would be the end of all
 * sessions.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/direct.h"
#include "keeper/request.h"

#define TRY_STEP_MS 5
#define TRY_MS 3000

static void
try_exec(const char *path)
{
	char number[16];
	char *const argv[] = { (char *)(uintptr_t)"fifod",
		(char *)(uintptr_t)"--protocol", number, NULL };

	setpgid(0, 0);
	snprintf(number, sizeof(number), "%d", REQUEST_PROTOCOL);
	closefrom(STDERR_FILENO + 1);
	execv(path, argv);
	_exit(127);
}

/*
 * Its exit status; -1: it has none.  What it leaves behind is killed while the
 * number of its group is still taken.
 */
static int
try_wait(pid_t pid)
{
	const struct timespec step = { 0, TRY_STEP_MS * 1000000L };
	const int peek = WEXITED | WNOHANG | WNOWAIT;
	siginfo_t info = { 0 };
	int ms, status;

	for (ms = 0; ms < TRY_MS && info.si_pid == 0; ms += TRY_STEP_MS) {
		if (waitid(P_PID, (id_t)pid, &info, peek) == -1)
			return -1;
		if (info.si_pid == 0)
			nanosleep(&step, NULL);
	}
	killpg(pid, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
direct_try(const char *path, struct why *why)
{
	pid_t pid = fork();
	int status;

	if (pid == -1)
		return why_fail(why, FAULT_REFUSED, "%s: cannot be tried: %s",
		    path, strerror(errno));
	if (pid == 0)
		try_exec(path);
	status = try_wait(pid);
	if (status == REQUEST_FITS)
		return 0;
	return why_fail(why, FAULT_REFUSED, status == 127 ?
	    "%s: cannot be started" : "%s: is no fifod that this broker could "
	    "go on with: stop the broker, and start it again", path);
}
