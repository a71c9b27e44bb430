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
#include "keeper/home.h"
#include "keeper/netns.h"

/* How long a child may take to end by itself, and then when told to. */
#define SPAWN_GENTLE_MS 2000
#define SPAWN_KILL_MS 3000
/* The same when the broker waits for them at its own end. */
#define SPAWN_END_MS 1000
#define SPAWN_END_STEP_MS 10
/* Of standard error: the longest line, and how many lines a second. */
#define SPAWN_LINE 200
#define SPAWN_LINES 100

struct keeper_child {
	TAILQ_ENTRY(keeper_child) entry;
	struct keeper_child_events events;      /* none once it is released */
	pid_t pid;
	int error_fd;           /* our end of its standard error; -1: closed */
	int kept_fd;            /* released gently: of its standard input */
	struct watch readable;
	char line[SPAWN_LINE];  /* one that is not whole yet */
	size_t length;
	int lines;              /* told in this second */
	size_t left_out;
	int64_t second_ms;      /* when it began */
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

/* --- what it says --- */

static void
child_tell(struct keeper_child *c, const char *line)
{
	if (c->events.said != NULL)
		c->events.said(line, c->events.arg);
}

/* Too many lines in one second are counted, not told. */
static bool
child_may_tell(struct keeper_child *c)
{
	char text[80];

	if (loop_now_ms() - c->second_ms >= 1000) {
		c->second_ms = loop_now_ms();
		c->lines = 0;
		if (c->left_out > 0) {
			snprintf(text, sizeof(text), "(%zu lines left out)",
			    c->left_out);
			c->left_out = 0;
			child_tell(c, text);
		}
	}
	if (c->lines++ < SPAWN_LINES)
		return true;
	c->left_out++;
	return false;
}

static void
child_line(struct keeper_child *c)
{
	c->line[c->length] = '\0';
	c->length = 0;
	if (c->line[0] != '\0' && child_may_tell(c))
		child_tell(c, c->line);
}

/* Once: some of what there is; false: nothing now, or never again. */
static bool
child_listen(struct keeper_child *c)
{
	char data[4096];
	ssize_t n, i;

	errno = 0;
	n = c->error_fd == -1 ? 0 : read(c->error_fd, data, sizeof(data));
	for (i = 0; i < n; i++) {
		if (data[i] == '\n' || c->length == sizeof(c->line) - 1)
			child_line(c);
		if (data[i] != '\n' && data[i] != '\r' && data[i] != '\0')
			c->line[c->length++] = data[i];
	}
	return n > 0 || (n == -1 && errno == EINTR);
}

static void
child_deafen(struct keeper_child *c)
{
	watch_clear(&c->readable);
	if (c->error_fd != -1)
		close(c->error_fd);
	c->error_fd = -1;
}

static void
child_readable(void *arg)
{
	struct keeper_child *c = arg;

	if (!child_listen(c) && errno != EAGAIN)
		child_deafen(c);
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
	child_deafen(c);
	child_drop_kept(c);
	free(c);
}

/* It is gone: what it last said first, and then that. */
static void
child_ended(struct keeper_child *c, int status)
{
	int pieces = 0;

	while (pieces++ < SPAWN_LINES && child_listen(c))
		;
	if (c->length > 0)
		child_line(c);
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

static void
spawn_reap(void *arg)
{
	struct keeper_child *c, *next;

	(void)arg;
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
	child_deafen(c);
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

/* Those that end programs. */
static const struct {
	int signo;
	const char *name;
} spawn_signames[] = {
	{ SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" },
	{ SIGILL, "SIGILL" }, { SIGABRT, "SIGABRT" }, { SIGFPE, "SIGFPE" },
	{ SIGBUS, "SIGBUS" }, { SIGKILL, "SIGKILL" }, { SIGSYS, "SIGSYS" },
	{ SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" },
	{ SIGUSR2, "SIGUSR2" }, { SIGPIPE, "SIGPIPE" },
	{ SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
	{ SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
};
#define SPAWN_NSIGNAMES (sizeof(spawn_signames) / sizeof(spawn_signames[0]))

char *
keeper_child_exit(int status, char *out, size_t size)
{
	size_t i;

	if (!WIFSIGNALED(status)) {
		snprintf(out, size, "%d", WEXITSTATUS(status));
		return out;
	}
	snprintf(out, size, "signal %d", WTERMSIG(status));
	for (i = 0; i < SPAWN_NSIGNAMES; i++)
		if (spawn_signames[i].signo == WTERMSIG(status))
			strlcpy(out, spawn_signames[i].name, size);
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
	c->error_fd = fds[0];
	c->kept_fd = -1;
	fcntl(c->error_fd, F_SETFL, O_NONBLOCK);
	watch_init(&c->readable, c->error_fd, LOOP_READ, child_readable, c);
	watch_want(&c->readable, true);
	TAILQ_INSERT_TAIL(&children, c, entry);
	return c;
}

pid_t
keeper_child_pid(const struct keeper_child *c)
{
	return c->pid;
}
