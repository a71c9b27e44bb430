/*
 * The keeper's children but the engine: programs, and look-ups.  Nobody but
 * their parent can wait for them, and only what is still waited for is
 * signalled: by then no other process can have its number.
 */
#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/direct.h"
#include "keeper/lookup.h"
#include "keeper/netns.h"

/* How long a child may take to end by itself, and then when told to. */
#define CHILD_GENTLE_MS 2000
#define CHILD_KILL_MS 3000
/* The same when the broker waits for them at its own end. */
#define CHILD_END_MS 1000
#define CHILD_END_STEP_MS 10

struct child {
	TAILQ_ENTRY(child) entry;
	uint64_t number;
	pid_t pid;
	bool look_up;           /* else a program, in a group of its own */
	bool released;
	bool told_to_end;
	int ended_fd;           /* where its status is wanted */
	int kept_fd;            /* released gently: of its standard input */
	struct timer deadline;  /* released: the next signal */
};

static TAILQ_HEAD(, child) children = TAILQ_HEAD_INITIALIZER(children);
static uint64_t children_newest;

/* --- in the child --- */

static void
program_signals(void)
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
program_refuse(const char *what, const char *reason)
{
	dprintf(STDERR_FILENO, "%s%s%s\n", what, *what ? ": " : "", reason);
	_exit(126);
}

static void
program_child(const struct direct_program *p, int error_fd)
{
	const struct home *home = home_find(p->home);
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
		program_refuse("", why.text);
	if (home_enter(home) == -1)
		program_refuse(home_directory(home), strerror(errno));
	program_signals();
	execve(_PATH_BSHELL, (char **)(uintptr_t)argv, home_environ(home));
	program_refuse(_PATH_BSHELL, strerror(errno));
}

/* --- its end --- */

static void
child_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
child_free(struct child *c)
{
	TAILQ_REMOVE(&children, c, entry);
	timer_clear(&c->deadline);
	child_close(&c->ended_fd);
	child_close(&c->kept_fd);
	free(c);
}

/*
 * Has it ended?  What it leaves behind in its process group is hung up on
 * while the number of that group is still taken.
 */
static bool
child_reap(struct child *c)
{
	const int peek = WEXITED | WNOHANG | WNOWAIT;
	siginfo_t info = { 0 };
	int status;

	if (waitid(P_PID, (id_t)c->pid, &info, peek) == -1 || info.si_pid == 0)
		return false;
	if (!c->look_up)
		killpg(c->pid, SIGHUP);
	waitpid(c->pid, &status, 0);
	if (c->ended_fd != -1)
		(void)!write(c->ended_fd, &status, sizeof(status));
	child_free(c);
	return true;
}

static struct child *
child_of(pid_t pid)
{
	struct child *c;

	TAILQ_FOREACH(c, &children, entry)
		if (c->pid == pid)
			return c;
	return NULL;
}

static struct child *
child_find(uint64_t number)
{
	struct child *c;

	TAILQ_FOREACH(c, &children, entry)
		if (c->number == number)
			return c;
	return NULL;
}

/*
 * One call for each that has ended, however many there are; but where one
 * that is not of these (the engine) stands in front, each is asked for.
 */
static void
children_reap(void *arg)
{
	struct child *c, *next;
	siginfo_t info;

	(void)arg;
	do {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ==
		    -1 || info.si_pid == 0)
			return;
		c = child_of(info.si_pid);
	} while (c != NULL && child_reap(c));
	TAILQ_FOREACH_SAFE(c, &children, entry, next)
		child_reap(c);
}

static void
child_signal(struct child *c, int signo)
{
	if (c->look_up)
		kill(c->pid, signo);
	else
		killpg(c->pid, signo);
}

static void
child_kill(void *arg)
{
	child_signal(arg, SIGKILL);
}

/* SIGCONT: what is stopped would not hear of the others. */
static void
child_terminate(void *arg)
{
	struct child *c = arg;

	if (c->told_to_end)
		return;
	c->told_to_end = true;
	child_close(&c->kept_fd);
	child_signal(c, SIGHUP);
	child_signal(c, SIGTERM);
	child_signal(c, SIGCONT);
	timer_set(&c->deadline, CHILD_KILL_MS, child_kill, c);
}

static void
child_release(struct child *c, int fd, bool gently)
{
	if (c->look_up) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		if (fd != -1)
			close(fd);
		child_free(c);
		return;
	}
	child_close(&c->ended_fd);
	if (c->kept_fd == -1)
		c->kept_fd = fd;
	else if (fd != -1)
		close(fd);
	if (gently && !c->released)
		timer_set(&c->deadline, CHILD_GENTLE_MS, child_terminate, c);
	else if (!gently)
		child_terminate(c);
	c->released = true;
}

void
direct_child_end(uint64_t number, int fd)
{
	struct child *c = child_find(number);

	if (c != NULL)
		child_release(c, fd, fd != -1);
	else if (fd != -1)
		close(fd);
}

/* Their end of file came with the engine's end: time to end by themselves. */
void
direct_children_orphan(void)
{
	struct child *c, *next;

	TAILQ_FOREACH_SAFE(c, &children, entry, next)
		child_release(c, -1, true);
}

/* Until none is left, or ms have passed. */
static void
children_wait(int ms)
{
	const struct timespec step = { 0, CHILD_END_STEP_MS * 1000000L };

	for (; ms > 0; ms -= CHILD_END_STEP_MS) {
		children_reap(NULL);
		if (TAILQ_EMPTY(&children))
			return;
		nanosleep(&step, NULL);
	}
}

void
direct_children_end(void)
{
	struct child *c;

	children_wait(CHILD_GENTLE_MS);
	TAILQ_FOREACH(c, &children, entry)
		child_terminate(c);
	children_wait(CHILD_END_MS);
	TAILQ_FOREACH(c, &children, entry)
		child_kill(c);
	children_wait(CHILD_END_MS);
	while ((c = TAILQ_FIRST(&children)) != NULL)
		child_free(c);
}

/* --- its beginning --- */

static void
children_watch(void)
{
	static bool watched;
	sigset_t child;

	if (watched)
		return;
	watched = true;
	loop_signal(SIGCHLD, children_reap, NULL);
	/* Whoever started us may have had it blocked. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &child, NULL);
}

/* All signals wait: a handler of ours would be the child's for a moment. */
static pid_t
children_fork(sigset_t *before)
{
	sigset_t all;
	pid_t pid;

	children_watch();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, before);
	pid = fork();
	if (pid != 0)
		sigprocmask(SIG_SETMASK, before, NULL);
	return pid;
}

static struct child *
children_add(pid_t pid, int ended_fd, bool look_up)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->number = ++children_newest;
	c->pid = pid;
	c->look_up = look_up;
	c->ended_fd = ended_fd;
	c->kept_fd = -1;
	TAILQ_INSERT_TAIL(&children, c, entry);
	return c;
}

/* Two pipes; the one for its status must not make us wait. */
static int
children_pipes(int said[2], int ended[2])
{
	if (pipe2(said, O_CLOEXEC) == -1)
		return -1;
	if (pipe2(ended, O_CLOEXEC | O_NONBLOCK) == 0) {
		if (!keeper_is_full(ended[1], 0))
			return 0;
		close(ended[0]);
		close(ended[1]);
		errno = EMFILE;
	}
	close(said[0]);
	close(said[1]);
	return -1;
}

static int
children_fail(struct why *why, int error)
{
	why_fail(why, FAULT_CONNECT, "no program can be started: %s",
	    strerror(error));
	errno = error;
	return -1;
}

int
direct_program(const struct direct_program *program,
    struct direct_child *out, struct why *why)
{
	int said[2], ended[2], error;
	sigset_t before;
	pid_t pid;

	if (program->home != 0 && home_find(program->home) == NULL)
		return why_fail(why, FAULT_CONNECT, "no program can be "
		    "started: the directory and the environment that it was "
		    "to run in are lost: close the session, and open it "
		    "again");
	if (children_pipes(said, ended) == -1)
		return children_fail(why, errno);
	pid = children_fork(&before);
	if (pid == 0)
		program_child(program, said[1]);
	error = errno;
	close(said[1]);
	if (pid == -1) {
		close(said[0]);
		close(ended[0]);
		close(ended[1]);
		return children_fail(why, error);
	}
	*out = (struct direct_child){
		.number = children_add(pid, ended[1], false)->number,
		.pid = pid, .said_fd = said[0], .ended_fd = ended[0] };
	return 0;
}

int
direct_look_up(const struct keeper_look_up *what, struct direct_child *out,
    struct why *why)
{
	int fds[2] = { -1, -1 }, error;
	sigset_t before;
	pid_t pid = -1;

	if (pipe2(fds, O_CLOEXEC) == 0)
		pid = children_fork(&before);
	if (pid == 0) {
		program_signals();
		lookup_child(fds[1], what);
	}
	error = errno;
	child_close(&fds[1]);
	if (pid == -1) {
		child_close(&fds[0]);
		errno = error;
		return why_fail(why, FAULT_RESOLVE, "%s: the look-up cannot "
		    "be started: %s", what->host, strerror(error));
	}
	*out = (struct direct_child){
		.number = children_add(pid, -1, true)->number, .pid = pid,
		.said_fd = fds[0], .ended_fd = -1 };
	return 0;
}
