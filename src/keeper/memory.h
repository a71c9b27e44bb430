/*
 * Files that are nowhere but in memory, to be shared by their descriptors.
 */
#ifndef KEEPER_MEMORY_H
#define KEEPER_MEMORY_H

#include <stddef.h>

/* A fresh one, empty; -1 + errno.  `name' is for those who look at /proc. */
int memory_file(const char *name);
/* Add n bytes at its end. 0, or -1 + errno. */
int memory_write(int fd, const void *bytes, size_t n);

#endif
