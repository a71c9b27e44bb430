/*
 * Allocation for our own sizes: these functions end the program when memory
 * is out, so they never return NULL.  Sizes that come from a peer or a client
 * do not belong here; they go through a bounded buffer that refuses (buf.h).
 * The caller owns what is returned and gives it back to free(3).
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

/* n objects of `size` bytes, zeroed; dies on overflow. */
void *xcalloc(size_t n, size_t size);
/* `old` (may be NULL) grown or shrunk to n objects of `size` bytes. */
void *xreallocarray(void *old, size_t n, size_t size);
/* A copy of s; NULL gives NULL. */
char *xstrdup(const char *s);
/* printf(3) into fresh memory. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Give back to the system what a burst has left free, where the allocator
 * would keep it: malloc_trim(3).
 */
void xtrim(void);

#endif
