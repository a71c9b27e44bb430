#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/unix_dial.h"

int
unix_abstract(struct why *why)
{
	return why_fail(why, FAULT_USAGE, "abstract names (@NAME) of unix "
	    "sockets are Linux's; this build has none");
}

/* A file, which the peer, whoever it is, must be allowed to answer to. */
int
unix_bind_own(int fd, char *out, size_t size)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/.fifod-%ld-%08x",
	    (long)getpid(), (unsigned)arc4random());
	out[0] = '\0';
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) == -1)
		return -1;
	strlcpy(out, un.sun_path, size);
	return chmod(out, 0666);
}

bool
unix_credentials(int fd, char *out, size_t size)
{
	uid_t uid;
	gid_t gid;

	if (getpeereid(fd, &uid, &gid) == -1)
		return false;
	snprintf(out, size, "uid %u", (unsigned)uid);
	return true;
}
