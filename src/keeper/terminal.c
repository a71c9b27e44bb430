#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "keeper/direct.h"

int
direct_terminal_pair(int *ours, int *theirs, struct why *why)
{
	char name[128];
	int fd;

	*theirs = -1;
	fd = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd == -1)
		goto fail;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (grantpt(fd) == -1 || unlockpt(fd) == -1 ||
	    ptsname_r(fd, name, sizeof(name)) != 0)
		goto fail;
	*theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*theirs == -1 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == -1)
		goto fail;
	*ours = fd;
	return 0;

fail:
	why_fail(why, FAULT_CONNECT, "no terminal can be made: %s",
	    strerror(errno));
	if (*theirs != -1)
		close(*theirs);
	if (fd != -1)
		close(fd);
	return -1;
}

/* O_NONBLOCK: a line without a carrier would have us wait for one. */
int
direct_terminal_open(const char *path, struct why *why)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1) {
		why_fail(why, FAULT_CONNECT, "%s: %s", path, errno == EBUSY ?
		    "another program has it for itself" : strerror(errno));
		return -1;
	}
	if (!isatty(fd)) {
		why_fail(why, FAULT_CONNECT, "%s: not a terminal", path);
	} else if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		why_fail(why, FAULT_CONNECT, "%s: another program has locked "
		    "it", path);
	} else {
		ioctl(fd, TIOCEXCL);
		return fd;
	}
	close(fd);
	return -1;
}
