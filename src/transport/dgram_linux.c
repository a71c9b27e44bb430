#include <limits.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "transport/dgram.h"

/* The kernel takes double, for what it needs itself: socket(7). */
void
dgram_enlarge(int fd, size_t size)
{
	int n = size < INT_MAX ? (int)size : INT_MAX;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof(n)) == -1)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

int64_t
dgram_lost(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t length = sizeof(memory);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) == -1 ||
	    length < (SK_MEMINFO_DROPS + 1) * sizeof(memory[0]))
		return -1;
	return memory[SK_MEMINFO_DROPS];
}
