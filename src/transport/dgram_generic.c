#include <limits.h>
#include <sys/socket.h>

#include "transport/dgram.h"

/* Less and less, until the kernel takes it. */
void
dgram_enlarge(int fd, size_t size)
{
	int n = size < INT_MAX ? (int)size : INT_MAX;

	while (n > 4096 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n,
	    sizeof(n)) == -1)
		n /= 2;
}

int64_t
dgram_lost(int fd)
{
	(void)fd;
	return -1;
}
