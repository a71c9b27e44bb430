/*
 * An engine that dies is followed by the next one at once; one that crashes
 * again and again, after a rest that doubles.  What kills it from outside
 * (SIGKILL, the kernel out of memory) when it was ready is no crash of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/answer.h"
#include "keeper/direct.h"
#include "keeper/failed.h"
#include "keeper/held.h"
#include "keeper/held_file.h"
#include "keeper/keep.h"
#include "keeper/ready.h"

#define KEEP_CRASHES 3          /* from so many in a row on there is a rest */
#define KEEP_REST_MS 100        /* the first; each is twice the last, ... */
#define KEEP_REST_MAX_MS 30000  /* ... up to this */
#define KEEP_FAILED_MS 1000     /* a longer one is a failure to be told */
#define KEEP_LIVED_MS 10000     /* who lived so long begins anew */
#define KEEP_END_MS 5000        /* who is told to end at once, and does not */
#define KEEP_QUESTIONS 64       /* are answered in one turn of the loop */
#define KEEP_LAST 65536         /* are answered of an engine that died */

static struct {
	const struct keep *is;
	struct answers answers;
	pid_t pid;              /* 0: none, the next one is due later */
	int fd;                 /* our end of its questions */
	int control_fd;
	struct watch readable;
	struct timer rest;
	struct timer alive;     /* in a rest: when that is told again */
	struct timer end;       /* until it is killed */
	int64_t started_ms;
	unsigned generation;
	int crashes;            /* in a row */
	unsigned faults;        /* of these, before they were ready, by their
				   own doing */
	bool was_ready;         /* one of them */
	bool misbehaved;        /* we have killed it */
	unsigned told_to_stop;  /* so often */
	int status;
} keep;

char *
keep_path(const char *argv0)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n > 0) {
		path[n] = '\0';
		return xstrdup(path);
	}
	if (strchr(argv0, '/') != NULL && realpath(argv0, path) != NULL)
		return xstrdup(path);
	return access(SBINDIR "/fifod", X_OK) == 0 ?
	    xstrdup(SBINDIR "/fifod") : NULL;
}

/* --- in the child --- */

static void
keep_exec(int ask_fd)
{
	int fds[] = { ask_fd, keep.is->rundir_fd, keep.control_fd };
	sigset_t none;
	int i, n = KEEP_NFDS - KEEP_ASK_FD, signo;

	/*
	 * Signals of a terminal are ours to pass on.  A group is enough: a
	 * session of its own would be scheduled apart from its clients
	 * (sched(7), autogroup).
	 */
	setpgid(0, 0);
	for (i = 0; i < n; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, KEEP_NFDS);
	for (i = 0; i < n; i++)
		dup2(fds[i], KEEP_ASK_FD + i);
	closefrom(KEEP_NFDS);
	for (signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	ready_forget();
	execv(keep.is->path, keep.is->argv);
	dprintf(STDERR_FILENO, "fifod: %s: %s\n", keep.is->path,
	    strerror(errno));
	_exit(127);
}

/* --- the engine begins --- */

static void keep_start(void *arg);
static void keep_died(int status);

/*
 * What it asks, until there is nothing left, or that was `most'; what it has
 * not read of our answers when it died is an error first (ECONNRESET), and its
 * questions follow.  As answer_next().
 */
static int
keep_answer(int most, struct why *why)
{
	int rv;

	do
		rv = answer_next(&keep.answers, keep.fd, why);
	while (--most > 0 && (rv == 1 || (rv == 0 && errno == ECONNRESET)));
	return rv;
}

static void
keep_readable(void *arg)
{
	struct why why;
	int rv = keep_answer(KEEP_QUESTIONS, &why);

	(void)arg;
	/* What was used of the reserve is there for the next want. */
	xalloc_short();
	if (rv == 1 || (rv == 0 && errno == EAGAIN))
		return;
	/* The end of its socket is that of the engine, or has to be. */
	watch_want(&keep.readable, false);
	if (rv == -1) {
		log_warn("engine: it put %s: killed", why.text);
		keep.misbehaved = true;
		kill(keep.pid, SIGKILL);
	}
}

static void
keep_ready(void *arg)
{
	(void)arg;
	/* What it was told while it started it does as it should. */
	if (keep.told_to_stop < 2)
		timer_clear(&keep.end);
	direct_home_drop();
	if (keep.was_ready)
		ready_tell("READY=1");
	else
		keep.is->ready(keep.is->arg);
	keep.was_ready = true;
}

/* Between two engines it is we who live. */
static void
keep_tell_alive(void)
{
	if (keep.was_ready && ready_watchdog_ms() > 0)
		ready_tell("WATCHDOG=1");
}

/* A rest may be longer than the service manager's patience. */
static void
keep_alive(void *arg)
{
	(void)arg;
	keep_tell_alive();
	timer_set(&keep.alive, ready_watchdog_ms(), keep_alive, NULL);
}

static pid_t
keep_fork(int ask_fd)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		keep_exec(ask_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static void
keep_watch(int fd)
{
	keep.fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	keep.answers = (struct answers){ .rundir_fd = keep.is->rundir_fd,
		.generation = keep.generation, .faults = keep.faults,
		.path = keep.is->path, .on_ready = keep_ready };
	keep.misbehaved = false;
	keep.started_ms = loop_now_ms();
	watch_init(&keep.readable, fd, LOOP_READ, keep_readable, NULL);
	watch_want(&keep.readable, true);
}

static void
keep_start(void *arg)
{
	int size = 2 * MESSAGE_MAX, fds[2], i;

	(void)arg;
	/* They could undo it: it is the same for all who have the directory. */
	flock(keep.is->rundir_fd, LOCK_EX | LOCK_NB);
	timer_clear(&keep.alive);
	keep_tell_alive();
	held_file_generation(keep.generation);
	keep.answers.ready = keep.answers.stopping = false;
	keep.answers.handing_over = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1) {
		keep_died(-1);
		return;
	}
	for (i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	keep_watch(fds[0]);
	keep.pid = keep_fork(fds[1]);
	close(fds[1]);
	if (keep.pid == -1)
		keep_died(-1);
}

/* --- and ends --- */

static void
keep_stop(int status)
{
	keep.status = status;
	loop_stop();
}

/*
 * It need not wait for an answer to what the next engine is to find: that is
 * there still.
 */
static void
keep_hear_last(void)
{
	struct why why;

	if (keep.fd == -1 || keep.misbehaved ||
	    keep_answer(KEEP_LAST, &why) != -1)
		return;
	log_warn("engine: it put %s, and died", why.text);
	keep.misbehaved = true;
}

/* If there can be none, the former one stays. */
static void
keep_listen(void)
{
	int fd = keep.is->control(keep.is->arg);

	if (fd == -1)
		return;
	close(keep.control_fd);
	keep.control_fd = fd;
}

/*
 * It did what no sound engine does, or what the sandbox kills for: it may have
 * been in somebody else's hands.  What it left is not believed.
 */
static void
keep_distrust(int status)
{
	if (status == -1 || keep.answers.innocent || (!keep.misbehaved &&
	    !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)))
		return;
	if (held_count() > 0)
		log_warn("engine: what it left is not believed: sessions begin "
		    "anew, those of the configuration file");
	held_drop_all();
	keep_listen();
}

/* Nothing of what it asked for is wanted any more. */
static void
keep_forget(void)
{
	watch_clear(&keep.readable);
	timer_clear(&keep.end);
	if (keep.fd != -1)
		close(keep.fd);
	keep.fd = -1;
	keep.pid = 0;
	direct_children_orphan();
	direct_home_orphan();
}

/* Is this end one that was meant? */
static bool
keep_is_over(int status)
{
	if (status == -1)
		return keep.told_to_stop;
	return keep.told_to_stop || keep.answers.stopping ||
	    (!keep.was_ready && WIFEXITED(status));
}

static int
keep_exit_status(int status)
{
	if (status != -1 && WIFEXITED(status))
		return WEXITSTATUS(status);
	return keep.told_to_stop && status != -1 &&
	    WTERMSIG(status) == SIGTERM ? 0 : 1;
}

/* From outside, not for what it did? */
static bool
keep_was_killed(int status)
{
	return status != -1 && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL && !keep.misbehaved;
}

static bool
keep_is_crash(int status)
{
	if (keep.answers.handing_over)
		return false;
	if (!keep.answers.ready)
		return true;
	return !keep_was_killed(status) &&
	    loop_now_ms() - keep.started_ms < KEEP_LIVED_MS;
}

/* One that is killed before it is ready need not wait for long. */
static int
keep_rest_ms(int status)
{
	int most = keep_was_killed(status) ? KEEP_FAILED_MS : KEEP_REST_MAX_MS;
	int over = keep.crashes - KEEP_CRASHES, ms = KEEP_REST_MS;

	if (over < 0)
		return 0;
	while (over-- > 0 && ms < most)
		ms *= 2;
	return ms < most ? ms : most;
}

static void
keep_rest(int status, const char *how)
{
	int ms = keep_rest_ms(status);
	char text[160];

	if (ms == 0) {
		if (keep.answers.handing_over)
			log_info("engine: %s takes its place", keep.is->path);
		else
			log_warn("engine: %s, started again", how);
		keep_start(NULL);
		return;
	}
	snprintf(text, sizeof(text), "the engine has died %d times in a row, "
	    "at last: %s", keep.crashes, how);
	log_warn("engine: %s, %d times in a row, started again in %d.%d s",
	    how, keep.crashes, ms / 1000, ms % 1000 / 100);
	if (ms > KEEP_FAILED_MS)
		failed_tell(keep.is->rundir_fd, text);
	timer_set(&keep.rest, ms, keep_start, NULL);
	if (ready_watchdog_ms() > 0)
		keep_alive(NULL);
}

/* -1: it could not even be started. */
static void
keep_died(int status)
{
	char how[48];

	if (status == -1)
		snprintf(how, sizeof(how), "%.40s", strerror(errno));
	else
		keeper_child_verdict(status, how, sizeof(how));
	keep_hear_last();
	keep_forget();
	if (keep_is_over(status)) {
		if (status != -1 && WIFSIGNALED(status))
			log_warn("engine: %s while it stopped", how);
		keep_stop(keep_exit_status(status));
		return;
	}
	keep_distrust(status);
	keep.generation++;
	keep.crashes = keep_is_crash(status) ? keep.crashes + 1 : 0;
	if (keep.answers.ready)
		keep.faults = 0;
	else
		keep.faults += !keep_was_killed(status);
	if (!keep.was_ready && keep.crashes >= KEEP_CRASHES) {
		log_warn("the engine does not start: %s", how);
		keep_stop(1);
		return;
	}
	keep_rest(status, how);
}

static void
keep_child(void *arg)
{
	int status;

	(void)arg;
	if (keep.pid > 0 && waitpid(keep.pid, &status, WNOHANG) == keep.pid)
		keep_died(status);
}

/* --- signals are for the engine --- */

static void
keep_kill(void *arg)
{
	(void)arg;
	if (keep.pid <= 0)
		return;
	log_warn("engine: it does not end: killed");
	kill(keep.pid, SIGKILL);
}

/*
 * The first may take the time that exchanges take; the second, or one while it
 * starts, may not.
 */
static void
keep_terminate(int signo)
{
	bool at_once = keep.told_to_stop++ > 0 || !keep.answers.ready;

	if (keep.pid <= 0) {
		keep_stop(0);
		return;
	}
	kill(keep.pid, signo);
	if (at_once && !keep.end.set)
		timer_set(&keep.end, KEEP_END_MS, keep_kill, NULL);
}

static void
keep_sigterm(void *arg)
{
	(void)arg;
	keep_terminate(SIGTERM);
}

static void
keep_sigint(void *arg)
{
	(void)arg;
	keep_terminate(SIGINT);
}

/* One that is about to begin reads the configuration file anyhow. */
static void
keep_sighup(void *arg)
{
	(void)arg;
	if (keep.pid > 0 && keep.answers.ready)
		kill(keep.pid, SIGHUP);
}

static void
keep_signals(void)
{
	sigset_t child;

	signal(SIGPIPE, SIG_IGN);
	loop_signal(SIGTERM, keep_sigterm, NULL);
	loop_signal(SIGINT, keep_sigint, NULL);
	loop_signal(SIGHUP, keep_sighup, NULL);
	loop_signal(SIGCHLD, keep_child, NULL);
	/* Whoever started us may have had it blocked. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &child, NULL);
}

int
keep_run(const struct keep *is)
{
	keep.is = is;
	keep.fd = -1;
	keep.control_fd = is->control_fd;
	keep.generation = held_file_begin();
	/* A want of memory that passes is not the end of all sessions. */
	xalloc_keep();
	keep_signals();
	keep_start(NULL);
	loop_run();
	/* Whoever comes now comes to the next broker. */
	close(keep.control_fd);
	timer_clear(&keep.rest);
	timer_clear(&keep.alive);
	/* While there is still no end of file for anybody there. */
	if (keep.was_ready)
		is->sweep(is->arg);
	keep_forget();
	direct_children_end();
	held_drop_all();
	direct_home_drop();
	return keep.status;
}
