/*
 * Chunks: the large blocks that bytes on their way through wait in.  Whoever
 * moves bytes takes one, and gives it back as soon as it is empty, so that an
 * idle session holds none and a busy broker uses the same few, warm ones.
 */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of payload, and room for what TLS adds to it: a header, a tag and a
 * content type a record of 16384 bytes (RFC 8446 5.2), rounded up.
 */
#define CHUNK_PAYLOAD (256 * 1024)
#define CHUNK_SIZE (CHUNK_PAYLOAD + 8 * 1024)

struct chunk {
	struct chunk *next;     /* free list; the owner may use it */
	uint32_t start;         /* first byte not yet taken */
	uint32_t end;           /* one past the last byte */
	uint8_t data[CHUNK_SIZE];
};

/*
 * Take no more than so many bytes of memory for all of them; 0: any.  Those
 * that are taken already stay.
 */
void chunk_limit(size_t bytes);
/* An empty chunk; NULL when memory, or what may be taken of it, is out. */
struct chunk *chunk_take(void);
/*
 * The same whatever may be taken: for a layer beneath one that has taken its
 * own, and would break without.
 */
struct chunk *chunk_need(void);
/* With so many bytes beside them: is it as much as may be taken? */
bool chunk_is_full(size_t beside);
/* Give it back; NULL is allowed. */
void chunk_give(struct chunk *c);
/* Give *c back and forget it, if nothing is left in it. */
void chunk_settle(struct chunk **c);
/* Bytes that wait in it; 0 for NULL. */
uint32_t chunk_length(const struct chunk *c);
/* How many are taken. */
size_t chunk_count(void);
/* Free the cached ones, at exit. */
void chunk_free_all(void);

#endif
