/*
 * A bounded byte buffer: bytes are appended at the end and taken from the
 * front.  It refuses to grow over its limit instead of dying, because what
 * goes in comes from outside.  An empty buffer holds no memory.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t start;           /* first byte not yet taken */
	size_t end;             /* one past the last byte */
	size_t size;            /* allocated */
	size_t limit;           /* the most it may hold; 0 is none */
};

/* Embedded: a zeroed struct is an empty buffer without a limit. */
void buf_init(struct buf *b, size_t limit);
void buf_clear(struct buf *b);

size_t buf_length(const struct buf *b);
/* Bytes that all buffers there are have allocated. */
size_t buf_memory(void);
/* Borrow the bytes; NULL when empty. Valid until the next call. */
const uint8_t *buf_peek(const struct buf *b);
/* Drop n bytes from the front (n <= length). */
void buf_drain(struct buf *b, size_t n);
/* Drop n bytes from the end (n <= length). */
void buf_shorten(struct buf *b, size_t n);
/* Append; 0, or -1 with ENOBUFS (limit) or ENOMEM, nothing appended. */
int buf_append(struct buf *b, const void *data, size_t n);
/*
 * Room for n more bytes to be written by the caller, then buf_commit() of
 * those that were; NULL as buf_append().
 */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

#endif
