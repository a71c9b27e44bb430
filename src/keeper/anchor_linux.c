/*
 * clone(2) with CLONE_FILES.
 *
 * A question is up to ANCHOR_BATCH numbers; the answer is a byte for each, 1
 * where there is such a descriptor, and those descriptors (SCM_MAX_FD is 253).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/anchor.h"

#define ANCHOR_BATCH 200

union anchor_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(ANCHOR_BATCH * sizeof(int))];
};

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
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void
anchor_serve(int fd)
{
	int numbers[ANCHOR_BATCH];
	ssize_t n;

	while ((n = recv(fd, numbers, sizeof(numbers), 0)) > 0 ||
	    (n == -1 && errno == EINTR))
		if (n > 0)
			anchor_answer(fd, numbers,
			    (size_t)n / sizeof(numbers[0]));
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

int
anchor_begin(int fd, void (*confine)(void))
{
	long pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		anchor_run(fd, confine);
	return pid == -1 ? -1 : 0;
}

/* --- the engine that comes after --- */

/* One batch: how many descriptors came, in the order of their numbers. */
static size_t
anchor_receive(int fd, char *there, size_t n, int *fds)
{
	union anchor_control control;
	struct iovec v = { there, n };
	struct msghdr message = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	size_t size;

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != (ssize_t)n)
		memset(there, 0, n);
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

	if (send(fd, numbers, n * sizeof(numbers[0]), MSG_NOSIGNAL) != -1)
		found = anchor_receive(fd, there, n, came);
	for (i = 0; i < n; i++)
		fds[i] = there[i] && next < found ? came[next++] : -1;
	while (next < found)
		close(came[next++]);
}

void
anchor_fetch(int anchor_fd, const int *numbers, int *fds, size_t n)
{
	size_t batch;

	for (; n > 0; numbers += batch, fds += batch, n -= batch) {
		batch = n < ANCHOR_BATCH ? n : ANCHOR_BATCH;
		anchor_batch(anchor_fd, numbers, fds, batch);
	}
}
