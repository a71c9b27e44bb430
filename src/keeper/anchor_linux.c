/*
 * clone(2) with CLONE_FILES.
 *
 * A question is up to ANCHOR_BATCH numbers; the answer is a byte for each, 1
 * where there is such a descriptor, and those descriptors (SCM_MAX_FD is 253).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/loop.h"
#include "keeper/anchor.h"

#define ANCHOR_BATCH 200
#define ANCHOR_PATIENCE_MS 5000 /* with all that do not answer, nor end */

union anchor_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(ANCHOR_BATCH * sizeof(int))];
};

/* Of the engine: itself (pidfd_open(2)), and what is its alone. */
static struct {
	int pid_fd;
	int anchor_fd;          /* the anchor, for the engine */
	pid_t anchor_pid;       /* 0: none, or gone */
	int fds[ANCHOR_OWN];
	size_t n;
} anchor_own = { .pid_fd = -1, .anchor_fd = -1 };
static struct watch anchor_gone;
static loop_cb *anchor_tell;

/* --- the anchor --- */

static void
anchor_answer(int fd, const int *numbers, size_t n)
{
	union anchor_control control = { 0 };
	char there[ANCHOR_BATCH];
	struct iovec v = { there, n };
	struct msghdr message = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c = &control.header;
	int *fds = (int *)(void *)CMSG_DATA(c);
	size_t i, found = 0;

	for (i = 0; i < n; i++) {
		there[i] = fcntl(numbers[i], F_GETFD) != -1;
		if (there[i])
			fds[found++] = numbers[i];
	}
	if (found > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(found * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(found * sizeof(int));
	}
	if (sendmsg(fd, &message, MSG_NOSIGNAL) != -1 || found == 0)
		return;
	/* Too many are on their way: none, rather than no answer. */
	memset(there, 0, n);
	message.msg_control = NULL;
	message.msg_controllen = 0;
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* The engine is gone. */
static void
anchor_close_own(void)
{
	while (anchor_own.n > 0)
		close(anchor_own.fds[--anchor_own.n]);
	close(anchor_own.pid_fd);
	anchor_own.pid_fd = -1;
}

/* Something has been asked, or the engine is gone. */
static void
anchor_wait(int fd)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
		{ .fd = anchor_own.pid_fd, .events = POLLIN } };

	if (poll(p, 2, -1) > 0 && p[1].revents != 0)
		anchor_close_own();
}

static void
anchor_serve(int fd)
{
	int numbers[ANCHOR_BATCH];
	ssize_t n;

	do {
		anchor_wait(fd);
		n = recv(fd, numbers, sizeof(numbers), MSG_DONTWAIT);
		if (n > 0)
			anchor_answer(fd, numbers,
			    (size_t)n / sizeof(numbers[0]));
	} while (n > 0 || (n == -1 && (errno == EINTR || errno == EAGAIN)));
}

/* The engine's signals are not ours: it is told of them, we are of its end. */
static void
anchor_run(int fd, void (*confine)(void))
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setproctitle("-fifod: anchor");
	confine();
	anchor_serve(fd);
	_exit(0);
}

/* --- the engine that begins it --- */

int
anchor_sockets(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

void
anchor_owns(const int *fds, size_t n)
{
	anchor_own.n = n < ANCHOR_OWN ? n : ANCHOR_OWN;
	memcpy(anchor_own.fds, fds, anchor_own.n * sizeof(fds[0]));
}

int
anchor_begin(int fd, void (*confine)(void))
{
	long pid;

	anchor_own.pid_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		anchor_run(fd, confine);
	if (pid == -1)
		return -1;
	anchor_own.anchor_pid = (pid_t)pid;
	anchor_own.anchor_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

pid_t
anchor_pid(void)
{
	return anchor_own.anchor_pid;
}

static void
anchor_ended(void *arg)
{
	watch_clear(&anchor_gone);
	anchor_own.anchor_pid = 0;
	anchor_tell(arg);
}

void
anchor_watch(loop_cb *cb, void *arg)
{
	watch_clear(&anchor_gone);
	if (cb == NULL || anchor_own.anchor_fd == -1)
		return;
	anchor_tell = cb;
	watch_init(&anchor_gone, anchor_own.anchor_fd, LOOP_READ, anchor_ended,
	    arg);
	watch_want(&anchor_gone, true);
}

/* --- the engine that comes after --- */

static int64_t anchor_waited_ms;

/* What comes after that is no answer to anything. */
static bool
anchor_is_late(void)
{
	return anchor_waited_ms >= ANCHOR_PATIENCE_MS;
}

/*
 * Something comes, or it ends; or we have waited long enough, for this one or
 * for others: what was left by an engine that was not sound must not keep its
 * heirs from starting.
 */
static bool
anchor_await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t before = loop_now_ms(), now;
	int came = 0;

	while (!anchor_is_late()) {
		came = poll(&p, 1,
		    (int)(ANCHOR_PATIENCE_MS - anchor_waited_ms));
		now = loop_now_ms();
		anchor_waited_ms += now - before;
		before = now;
		if (came > 0 || (came == -1 && errno != EINTR))
			break;
	}
	return came > 0;
}

/* One batch: how many descriptors came, in the order of their numbers. */
static size_t
anchor_receive(int fd, char *there, size_t n, int *fds)
{
	union anchor_control control;
	struct iovec v = { there, n };
	struct msghdr message = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t said;
	size_t size;

	if (!anchor_await(fd))
		return 0;
	said = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (said != (ssize_t)n)
		memset(there, 0, n);
	if (said == -1)
		return 0;
	c = CMSG_FIRSTHDR(&message);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		return 0;
	size = c->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(c), size);
	return size / sizeof(int);
}

static void
anchor_batch(int fd, const int *numbers, int *fds, size_t n)
{
	char there[ANCHOR_BATCH] = { 0 };
	int came[ANCHOR_BATCH];
	size_t i, found = 0, next = 0;

	if (!anchor_is_late() && send(fd, numbers, n * sizeof(numbers[0]),
	    MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		found = anchor_receive(fd, there, n, came);
	for (i = 0; i < n; i++)
		fds[i] = there[i] && next < found ? came[next++] : -1;
	while (next < found)
		close(came[next++]);
}

/* Whatever they are, they must not stop the loop. */
static void
anchor_tame(const int *fds, size_t n)
{
	for (; n > 0; n--, fds++)
		if (*fds != -1)
			fcntl(*fds, F_SETFL, fcntl(*fds, F_GETFL) | O_NONBLOCK);
}

void
anchor_fetch(int anchor_fd, const int *numbers, int *fds, size_t n)
{
	size_t batch;

	for (; n > 0; numbers += batch, fds += batch, n -= batch) {
		batch = n < ANCHOR_BATCH ? n : ANCHOR_BATCH;
		anchor_batch(anchor_fd, numbers, fds, batch);
		anchor_tame(fds, batch);
	}
}

void
anchor_end(int anchor_fd)
{
	shutdown(anchor_fd, SHUT_WR);
	anchor_await(anchor_fd);
}
