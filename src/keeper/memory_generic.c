#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/memory.h"

/* shm_open(3) with a name that is gone at once. */
int
memory_file(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/fifod-%.16s-%ld-%08x", name,
	    (long)getpid(), (unsigned)arc4random());
	fd = shm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd != -1)
		shm_unlink(path);
	return fd;
}
