#include <errno.h>
#include <fcntl.h>

#include "channel/fifo.h"

/* The size that a fresh pipe has by default, and always may have again. */
#define FIFO_DEFAULT_SIZE 65536

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

bool
fifo_shrink(struct fifo *f)
{
	if (!f->grown)
		return true;
	if (fifo_waiting(f->fd) > 0)
		return false;
	/* EBUSY: a writer was faster; it stays as it is and is tried again. */
	if (fcntl(f->fd, F_SETPIPE_SZ, FIFO_IDLE_SIZE) == -1 &&
	    errno == EBUSY)
		return false;
	f->grown = false;
	return true;
}

ssize_t
fifo_splice(int from, int to, size_t size)
{
	return splice(from, NULL, to, NULL, size,
	    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

bool
fifo_can_splice(void)
{
	return true;
}
