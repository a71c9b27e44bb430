/*
 * The bytes of a reply, into the current slot.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

#include "channel/slots_internal.h"
#include "channel/stage.h"

/* The first bytes of it are those that nobody may have read: exactly. */
static ssize_t
slots_writev_once(struct slots *d, const struct iovec *v, int n)
{
	if (d->size == 0)
		return stage_write(d->row, d->current->fifo.fd, v, n);
	d->row->number[0] = LEDGER_UNKNOWN;
	return writev(d->current->fifo.fd, v, n);
}

/* As much as fits, the pipe grown to its size where that is not all. */
static ssize_t
slots_writev(struct slots *d, struct iovec *v, int n, size_t size)
{
	struct fifo *f = &d->current->fifo;
	ssize_t wrote, more;
	size_t skip;
	int i;

	do
		wrote = slots_writev_once(d, v, n);
	while (wrote == -1 && errno == EINTR);
	if (f->grown || (wrote == -1 && errno != EAGAIN) ||
	    (wrote >= 0 && (size_t)wrote == size))
		return wrote;
	fifo_grow(f, d->pipe_size);
	skip = wrote > 0 ? (size_t)wrote : 0;
	for (i = 0; i < n - 1 && skip >= v[i].iov_len; i++)
		skip -= v[i].iov_len;
	v[i].iov_base = (uint8_t *)v[i].iov_base + skip;
	v[i].iov_len -= skip;
	d->row->number[0] = LEDGER_UNKNOWN;
	more = writev(f->fd, v + i, n - i);
	if (more == -1)
		return wrote;
	return wrote > 0 ? wrote + more : more;
}

static ssize_t
slots_put(struct slots *d, struct iovec *v, int n, size_t size)
{
	ssize_t wrote = slots_writev(d, v, n, size);

	if (wrote == -1 && errno == EAGAIN) {
		d->full = true;
		slots_want(d);
	}
	return wrote;
}

/*
 * All but the last byte, which may be the reply's last.  What was kept before
 * goes first; of a part that was written, the byte after it is kept.
 */
static ssize_t
slots_put_but_one(struct slots *d, const uint8_t *data, size_t size)
{
	uint8_t before = (uint8_t)d->kept;
	size_t first = d->kept != -1;
	struct iovec v[2] = {
		{ &before, first },
		{ (void *)(uintptr_t)data, size - 1 },
	};
	ssize_t n = 0;

	if (first + size - 1 > 0)
		n = slots_put(d, v, 2, first + size - 1);
	if (n == -1)
		return -1;
	n -= (ssize_t)first;
	d->kept = data[n];
	slots_look_soon(d);
	return n + 1;
}

ssize_t
slots_write(struct slots *d, const void *data, size_t size)
{
	struct iovec v = { (void *)(uintptr_t)data, size };
	ssize_t n;

	if (size == 0)
		return 0;
	n = d->told ? slots_put(d, &v, 1, size) :
	    slots_put_but_one(d, data, size);
	if (n > 0)
		d->size += (uint64_t)n;
	d->row->number[0] = d->size;
	return n;
}
