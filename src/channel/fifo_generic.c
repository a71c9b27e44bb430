/*
 * Where pipes have one size and nothing can be spliced.
 */
#include <errno.h>

#include "channel/fifo.h"

void
fifo_grow(struct fifo *f, size_t size)
{
	(void)f;
	(void)size;
}

void
fifo_begin(struct fifo *f)
{
	f->grown = false;
}

void
fifo_measure(struct fifo *f)
{
	(void)f;
}

bool
fifo_shrink(struct fifo *f)
{
	f->grown = false;
	return true;
}

bool
fifo_narrow(struct fifo *f)
{
	(void)f;
	return false;
}

int
fifo_exchange(int dir_fd, const char *a, const char *b)
{
	(void)dir_fd;
	(void)a;
	(void)b;
	errno = ENOSYS;
	return -1;
}

ssize_t
fifo_splice(int from, int to, size_t size)
{
	(void)from;
	(void)to;
	(void)size;
	errno = ENOSYS;
	return -1;
}

bool
fifo_can_splice(void)
{
	return false;
}
