#include <stdio.h>
#include <sys/socket.h>

#include "transport/unix_dial.h"

int
unix_abstract(struct why *why)
{
	(void)why;
	return 0;
}

/* The kernel chooses an abstract name: unix(7), autobind. */
int
unix_bind_own(int fd, char *out, size_t size)
{
	struct sockaddr none = { .sa_family = AF_UNIX };

	(void)size;
	out[0] = '\0';
	return bind(fd, &none, sizeof(none.sa_family));
}

/* Of datagrams nobody is known: pid 0. */
bool
unix_credentials(int fd, char *out, size_t size)
{
	struct ucred who;
	socklen_t length = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) == -1 ||
	    who.pid == 0)
		return false;
	snprintf(out, size, "pid %d, uid %u", (int)who.pid,
	    (unsigned)who.uid);
	return true;
}
