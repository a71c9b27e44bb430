/*
 * How a child ended, in words.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "keeper/spawn.h"

/* Those that end programs. */
static const struct {
	int signo;
	const char *name;
} verdict_signals[] = {
	{ SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" },
	{ SIGILL, "SIGILL" }, { SIGABRT, "SIGABRT" }, { SIGFPE, "SIGFPE" },
	{ SIGBUS, "SIGBUS" }, { SIGKILL, "SIGKILL" }, { SIGSYS, "SIGSYS" },
	{ SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" },
	{ SIGUSR2, "SIGUSR2" }, { SIGPIPE, "SIGPIPE" },
	{ SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
	{ SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
};
#define VERDICT_NSIGNALS (sizeof(verdict_signals) / sizeof(verdict_signals[0]))

char *
keeper_child_exit(int status, char *out, size_t size)
{
	size_t i;

	if (!WIFSIGNALED(status)) {
		snprintf(out, size, "%d", WEXITSTATUS(status));
		return out;
	}
	snprintf(out, size, "signal %d", WTERMSIG(status));
	for (i = 0; i < VERDICT_NSIGNALS; i++)
		if (verdict_signals[i].signo == WTERMSIG(status))
			strlcpy(out, verdict_signals[i].name, size);
	return out;
}

char *
keeper_child_verdict(int status, char *out, size_t size)
{
	char how[32];

	keeper_child_exit(status, how, sizeof(how));
	snprintf(out, size, "%s %s",
	    WIFSIGNALED(status) ? "killed by" : "exit status", how);
	return out;
}
