#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "channel/fifo.h"

/* The size that a fresh pipe has by default, and always may have again. */
#define FIFO_DEFAULT_SIZE 65536
#define FIFO_PAGE 1             /* is rounded up to a page */

void
fifo_grow(struct fifo *f, size_t size)
{
	if (f->grown)
		return;
	f->grown = true;
	if (fcntl(f->fd, F_SETPIPE_SZ, (int)size) == -1 &&
	    size > FIFO_DEFAULT_SIZE)
		fcntl(f->fd, F_SETPIPE_SZ, FIFO_DEFAULT_SIZE);
}

/* EBUSY: a writer was faster; it stays as it is and is tried again. */
void
fifo_begin(struct fifo *f)
{
	f->grown = fcntl(f->fd, F_SETPIPE_SZ, f->narrow ? FIFO_PAGE :
	    FIFO_IDLE_SIZE) == -1 && errno == EBUSY;
}

void
fifo_measure(struct fifo *f)
{
	f->grown = fcntl(f->fd, F_GETPIPE_SZ) > (f->narrow ?
	    (int)sysconf(_SC_PAGESIZE) : FIFO_IDLE_SIZE);
}

bool
fifo_shrink(struct fifo *f)
{
	if (f->grown && fifo_waiting(f->fd) == 0)
		fifo_begin(f);
	return !f->grown;
}

/* A page is a buffer, and a pipe is full when it has no buffer free. */
bool
fifo_narrow(struct fifo *f)
{
	if (f->narrow && !f->grown)
		return true;
	if (fcntl(f->fd, F_SETPIPE_SZ, FIFO_PAGE) == -1)
		return false;
	f->grown = false;
	return f->narrow;
}

int
fifo_exchange(int dir_fd, const char *a, const char *b)
{
	return renameat2(dir_fd, a, dir_fd, b, RENAME_EXCHANGE);
}

ssize_t
fifo_splice(int from, int to, size_t size)
{
	ssize_t n;

	do
		n = splice(from, NULL, to, NULL, size,
		    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	while (n == -1 && errno == EINTR);
	return n;
}

bool
fifo_can_splice(void)
{
	return true;
}
