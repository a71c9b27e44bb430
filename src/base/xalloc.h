/*
 * Allocation for our own sizes: these functions end the program when memory
 * is out, so they never return NULL.  Sizes that come from a peer or a client
 * do not belong here; they go through a bounded buffer that refuses (buf.h).
 * The caller owns what is returned and gives it back to free(3).
 *
 * A program that is to outlive a want of memory keeps a reserve, which these
 * functions use up before they die, and takes on nothing new while it is gone.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Keep a reserve from now on. */
void xalloc_keep(void);
/* Is it gone, and cannot be had again?  Never where none is kept. */
bool xalloc_short(void);

/*
 * Memory was out: is another try worth while?  Then the reserve has been given
 * up for it.
 */
bool xalloc_again(void);
/*
 * realloc(3) that uses up the reserve before it says NULL: for libraries which
 * fare ill without memory.
 */
void *xalloc_try(void *old, size_t size);

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
