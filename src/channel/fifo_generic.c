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

bool
fifo_shrink(struct fifo *f)
{
	f->grown = false;
	return true;
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
