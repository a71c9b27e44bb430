#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/hearing.h"
#include "keeper/home.h"
#include "keeper/netns.h"

/* How long a child may take to end by itself, and then when told to. */
#define SPAWN_GENTLE_MS 2000
#define SPAWN_KILL_MS 3000
/* The same when the broker waits for them at its own end. */
#define SPAWN_END_MS 1000
#define SPAWN_END_STEP_MS 10

struct keeper_child {
	TAILQ_ENTRY(keeper_child) entry;
	struct keeper_child_events events;      /* none once it is released */
	pid_t pid;
	struct hearing hearing; /* of its standard error */
	int kept_fd;            /* released gently: of its standard input */
	struct timer deadline;  /* released: the next signal */
	bool told_to_end;
};

static TAILQ_HEAD(, keeper_child) children = TAILQ_HEAD_INITIALIZER(children);

/* --- in the child --- */

static void
spawn_signals(void)
{
	sigset_t none;
	int signo;

	for (signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Our last words are for the log, as the program's own are. */
static void
spawn_refuse(const char *what, const char *reason)
{
	dprintf(STDERR_FILENO, "%s%s%s\n", what, *what ? ": " : "", reason);
	_exit(126);
}

static void
spawn_child(const struct keeper_program *p, int error_fd)
{
	const char *argv[] = { "sh", "-c", "--", p->command, NULL };
	struct why why;

	setsid();
	dup2(p->fd, STDIN_FILENO);
	dup2(p->fd, STDOUT_FILENO);
	dup2(p->merged ? p->fd : error_fd, STDERR_FILENO);
	if (p->terminal)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	closefrom(STDERR_FILENO + 1);
	if (netns_live_in(p->netns, &why) == -1)
		spawn_refuse("", why.text);
	if (home_enter(p->home) == -1)
		spawn_refuse(p->home != NULL ? p->home->cwd : "/",
		    strerror(errno));
	spawn_signals();
	execve(_PATH_BSHELL, (char **)(uintptr_t)argv, home_environ(p->home));
	spawn_refuse(_PATH_BSHELL, strerror(errno));
}

/* --- its end --- */

static void
child_drop_kept(struct keeper_child *c)
{
	if (c->kept_fd != -1)
		close(c->kept_fd);
	c->kept_fd = -1;
}

static void
child_free(struct keeper_child *c)
{
	timer_clear(&c->deadline);
	hearing_end(&c->hearing);
	child_drop_kept(c);
	free(c);
}

/* It is gone: what it last said first, and then that. */
static void
child_ended(struct keeper_child *c, int status)
{
	hearing_rest(&c->hearing);
	TAILQ_REMOVE(&children, c, entry);
	if (c->events.ended != NULL)
		c->events.ended(status, c->events.arg);
	child_free(c);
}

/*
 * Has it ended?  What it leaves behind in its process group is hung up on
 * while the number of that group is still taken.
 */
static bool
child_reap(struct keeper_child *c)
{
	siginfo_t info = { 0 };
	int status = 0;

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	    -1 || info.si_pid == 0)
		return false;
	killpg(c->pid, SIGHUP);
	waitpid(c->pid, &status, 0);
	child_ended(c, status);
	return true;
}

static struct keeper_child *
child_find(pid_t pid)
{
	struct keeper_child *c;

	TAILQ_FOREACH(c, &children, entry)
		if (c->pid == pid)
			return c;
	return NULL;
}

/*
 * One call for each that has ended, however many there are; but where a
 * look-up's child (resolve.c) stands in front, each of ours is asked for.
 */
static void
spawn_reap(void *arg)
{
	struct keeper_child *c, *next;
	siginfo_t info;

	(void)arg;
	do {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ==
		    -1 || info.si_pid == 0)
			return;
		c = child_find(info.si_pid);
	} while (c != NULL && child_reap(c));
	TAILQ_FOREACH_SAFE(c, &children, entry, next)
		child_reap(c);
}

static void
child_kill(void *arg)
{
	struct keeper_child *c = arg;

	killpg(c->pid, SIGKILL);
}

/* SIGCONT: what is stopped would not hear of the others. */
static void
child_terminate(void *arg)
{
	struct keeper_child *c = arg;

	if (c->told_to_end)
		return;
	c->told_to_end = true;
	child_drop_kept(c);
	killpg(c->pid, SIGHUP);
	killpg(c->pid, SIGTERM);
	killpg(c->pid, SIGCONT);
	timer_set(&c->deadline, SPAWN_KILL_MS, child_kill, c);
}

void
keeper_child_release(struct keeper_child *c, int fd)
{
	if (c == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	c->events = (struct keeper_child_events){ 0 };
	c->kept_fd = fd;
	c->hearing.said = NULL;
	hearing_end(&c->hearing);
	if (fd != -1)
		timer_set(&c->deadline, SPAWN_GENTLE_MS, child_terminate, c);
	else
		child_terminate(c);
}

/* Until none is left, or ms have passed. */
static void
spawn_wait(int ms)
{
	const struct timespec step = { 0, SPAWN_END_STEP_MS * 1000000L };

	for (; ms > 0; ms -= SPAWN_END_STEP_MS) {
		spawn_reap(NULL);
		if (TAILQ_EMPTY(&children))
			return;
		nanosleep(&step, NULL);
	}
}

void
keeper_children_end(void)
{
	struct keeper_child *c;

	spawn_wait(SPAWN_GENTLE_MS);
	TAILQ_FOREACH(c, &children, entry)
		child_terminate(c);
	spawn_wait(SPAWN_END_MS);
	TAILQ_FOREACH(c, &children, entry)
		child_kill(c);
	spawn_wait(SPAWN_END_MS);
	while ((c = TAILQ_FIRST(&children)) != NULL) {
		TAILQ_REMOVE(&children, c, entry);
		child_free(c);
	}
}

/* --- its beginning --- */

int
keeper_pair(int *ours, int *theirs, struct why *why)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return why_fail(why, FAULT_CONNECT, "no sockets for a "
		    "program: %s", strerror(errno));
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}

/* All signals wait: a handler of ours would be the child's for a moment. */
static pid_t
spawn_fork(const struct keeper_program *p, int error_fd)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		spawn_child(p, error_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static void
spawn_watch_ends(void)
{
	static bool watched;
	sigset_t child;

	if (watched)
		return;
	watched = true;
	loop_signal(SIGCHLD, spawn_reap, NULL);
	/* Whoever started us may have had it blocked. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &child, NULL);
}

struct keeper_child *
keeper_spawn(const struct keeper_program *program,
    const struct keeper_child_events *events, struct why *why)
{
	struct keeper_child *c;
	int fds[2] = { -1, -1 };
	pid_t pid = -1;

	spawn_watch_ends();
	if (pipe2(fds, O_CLOEXEC) == 0)
		pid = spawn_fork(program, fds[1]);
	if (fds[1] != -1)
		close(fds[1]);
	if (pid == -1) {
		why_fail(why, FAULT_CONNECT, "no program can be started: %s",
		    strerror(errno));
		if (fds[0] != -1)
			close(fds[0]);
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->events = *events;
	c->pid = pid;
	c->kept_fd = -1;
	c->hearing.said = events->said;
	c->hearing.arg = events->arg;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	hearing_begin(&c->hearing, fds[0]);
	TAILQ_INSERT_TAIL(&children, c, entry);
	return c;
}

pid_t
keeper_child_pid(const struct keeper_child *c)
{
	return c->pid;
}
