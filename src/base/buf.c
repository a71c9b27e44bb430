#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define BUF_LEAST	512	/* the smallest allocation */

static size_t buf_allocated;

void
buf_init(struct buf *b, size_t limit)
{
	memset(b, 0, sizeof(*b));
	b->limit = limit;
}

void
buf_clear(struct buf *b)
{
	buf_allocated -= b->size;
	free(b->data);
	buf_init(b, b->limit);
}

size_t
buf_length(const struct buf *b)
{
	return b->end - b->start;
}

size_t
buf_memory(void)
{
	return buf_allocated;
}

const uint8_t *
buf_peek(const struct buf *b)
{
	return buf_length(b) == 0 ? NULL : b->data + b->start;
}

void
buf_drain(struct buf *b, size_t n)
{
	b->start += n;
	if (b->start >= b->end)
		buf_clear(b);
}

void
buf_shorten(struct buf *b, size_t n)
{
	b->end -= n;
	if (b->start == b->end)
		buf_clear(b);
}

int
buf_append(struct buf *b, const void *data, size_t n)
{
	uint8_t *room;

	if (n == 0)
		return 0;
	room = buf_reserve(b, n);
	if (room == NULL)
		return -1;
	memcpy(room, data, n);
	buf_commit(b, n);
	return 0;
}

/* Move the bytes to the front, where those already taken lay. */
static void
buf_compact(struct buf *b)
{
	if (b->start == 0)
		return;
	memmove(b->data, b->data + b->start, buf_length(b));
	b->end -= b->start;
	b->start = 0;
}

/*
 * What to allocate for `need` bytes: twice as much as now, so that n appends
 * cost O(n), but never more than the limit: that is what is promised to
 * whoever adds up the memory of a session.
 */
static size_t
buf_size_for(const struct buf *b, size_t need)
{
	size_t size = b->size > SIZE_MAX / 2 ? SIZE_MAX : b->size * 2;

	if (size < BUF_LEAST)
		size = BUF_LEAST;
	if (b->limit != 0 && size > b->limit)
		size = b->limit;
	return size < need ? need : size;
}

uint8_t *
buf_reserve(struct buf *b, size_t n)
{
	size_t length = buf_length(b), most = b->limit ? b->limit : SIZE_MAX;
	size_t size;
	uint8_t *data;

	if (length > most || n > most - length) {
		errno = ENOBUFS;
		return NULL;
	}
	if (b->data != NULL && n <= b->size - b->end)
		return b->data + b->end;
	buf_compact(b);
	if (b->data == NULL || n > b->size - b->end) {
		size = buf_size_for(b, length + n);
		data = xalloc_try(b->data, size);
		if (data == NULL) {
			errno = ENOMEM;
			return NULL;
		}
		buf_allocated += size - b->size;
		b->data = data;
		b->size = size;
	}
	return b->data + b->end;
}

void
buf_commit(struct buf *b, size_t n)
{
	b->end += n;
	if (b->start == b->end)
		buf_clear(b);
}
