#include <errno.h>
#include <unistd.h>

#include "keeper/memory.h"

int
memory_write(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;
	ssize_t done;

	for (; n > 0; n -= (size_t)done, at += done) {
		done = write(fd, at, n);
		if (done == -1 && errno == EINTR)
			done = 0;
		else if (done <= 0)
			return -1;
	}
	return 0;
}
