/*
 * Without it what the engine held is closed when it is killed.
 */
#include <errno.h>

#include "keeper/anchor.h"

int
anchor_sockets(int fds[2])
{
	fds[0] = fds[1] = -1;
	errno = ENOSYS;
	return -1;
}

int
anchor_begin(int fd, void (*confine)(void))
{
	(void)fd;
	(void)confine;
	errno = ENOSYS;
	return -1;
}

void
anchor_watch(loop_cb *cb, void *arg)
{
	(void)cb;
	(void)arg;
}

pid_t
anchor_pid(void)
{
	return 0;
}

void
anchor_owns(const int *fds, size_t n)
{
	(void)fds;
	(void)n;
}

void
anchor_end(int anchor_fd)
{
	(void)anchor_fd;
}

void
anchor_fetch(int anchor_fd, const int *numbers, int *fds, size_t n)
{
	(void)anchor_fd;
	(void)numbers;
	while (n > 0)
		fds[--n] = -1;
}
