#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/sync.h"
#include "base/xalloc.h"

#define SYNC_STACK (128 * 1024)         /* of addresses; little of it is used */

/* Orders and answers pass through a pair of sockets, one a message. */
struct sync {
	int fd;
	struct watch readable;
	sync_cb *cb;
	void *arg;
};

struct sync_order {
	int fd;
	int close;              /* after it; no answer */
};

/*
 * One that went without reading our last answer is told of once, before the
 * orders that it has left (ECONNRESET).
 */
static bool
sync_next(int fd, struct sync_order *order)
{
	ssize_t n;

	do
		n = recv(fd, order, sizeof(*order), 0);
	while (n == -1 && (errno == ECONNRESET || errno == EINTR));
	return n == (ssize_t)sizeof(*order);
}

/* The other side has gone when its orders are done. */
static void *
sync_thread(void *arg)
{
	int fd = (int)(intptr_t)arg, error;
	struct sync_order order;

	while (sync_next(fd, &order)) {
		error = fdatasync(order.fd) == -1 ? errno : 0;
		/* What cannot be synced, a terminal or a FIFO, need not be. */
		if (error == EINVAL)
			error = 0;
		if (order.close)
			close(order.fd);
		else if (send(fd, &error, sizeof(error), MSG_NOSIGNAL) == -1)
			shutdown(fd, SHUT_WR);
	}
	close(fd);
	return NULL;
}

static void
sync_answered(void *arg)
{
	struct sync *y = arg;
	int error;
	ssize_t n = recv(y->fd, &error, sizeof(error), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	/* That there is no answer is one. */
	if (n != (ssize_t)sizeof(error)) {
		error = n == -1 ? errno : EPIPE;
		watch_clear(&y->readable);
	}
	y->cb(error, y->arg);
}

/* The thread has `fd` for its own.  0, or an errno. */
static int
sync_start(int fd)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, SYNC_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, &attributes, sync_thread,
	    (void *)(intptr_t)fd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

struct sync *
sync_new(sync_cb *cb, void *arg)
{
	struct sync *y;
	int fds[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return NULL;
	error = sync_start(fds[1]);
	if (error != 0) {
		close(fds[0]);
		close(fds[1]);
		errno = error;
		return NULL;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	y = xcalloc(1, sizeof(*y));
	y->fd = fds[0];
	y->cb = cb;
	y->arg = arg;
	watch_init(&y->readable, y->fd, LOOP_READ, sync_answered, y);
	watch_want(&y->readable, true);
	return y;
}

static int
sync_order(struct sync *y, int fd, bool closes)
{
	const struct sync_order order = { .fd = fd, .close = closes };

	return send(y->fd, &order, sizeof(order), MSG_NOSIGNAL) == -1 ? -1 : 0;
}

int
sync_begin(struct sync *y, int fd)
{
	return sync_order(y, fd, false);
}

void
sync_close(struct sync *y, int fd)
{
	if (sync_order(y, fd, true) == -1)
		close(fd);
}

void
sync_free(struct sync *y)
{
	if (y == NULL)
		return;
	watch_clear(&y->readable);
	close(y->fd);
	free(y);
}
