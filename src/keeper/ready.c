#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "keeper/ready.h"

bool
ready_wanted(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

/* fd: -1: none. */
static void
ready_send(int to_fd, const struct msghdr *to, const char *state, int fd)
{
	struct iovec v = { (void *)(uintptr_t)state, strlen(state) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = *to;

	message.msg_iov = &v;
	message.msg_iovlen = 1;
	if (fd != -1) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	sendmsg(to_fd, &message, MSG_NOSIGNAL);
}

void
ready_tell(const char *state)
{
	ready_tell_with(state, -1);
}

void
ready_tell_with(const char *state, int with)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length;
	int fd;

	if (path == NULL || strchr("/@", *path) == NULL ||
	    (length = strlen(path)) >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, length);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	ready_send(fd, &(struct msghdr){ .msg_name = &to, .msg_namelen =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length) },
	    state, with);
	close(fd);
}

void
ready_tell_reloading(void)
{
	char state[80];
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
	ready_tell(state);
}

/* A number of the environment; 0 where it is missing, or is none. */
static int64_t
ready_number(const char *key)
{
	const char *value = getenv(key);

	return value == NULL ? 0 : strtonum(value, 1, LLONG_MAX, NULL);
}

int64_t
ready_watchdog_ms(void)
{
	int64_t pid = ready_number("WATCHDOG_PID");
	int64_t usec = ready_number("WATCHDOG_USEC");

	if (!ready_wanted() || usec == 0)
		return 0;
	if (getenv("WATCHDOG_PID") != NULL && pid != getpid())
		return 0;
	return usec < 2000 ? 1 : usec / 2000;
}

void
ready_forget(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}
