/*
 * Addresses in numbers, and connections that wait: no keeper is needed for
 * either.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/ask.h"
#include "keeper/keeper.h"

/* Descriptors that links leave to files and to those who come to see why. */
#define KEEPER_RESERVE 16
/* So many fewer, and each is looked at. */
#define KEEPER_NEAR 128

/* The lowest free number tells how many are left. */
bool
keeper_is_full(int fd, size_t spare)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    (rlim_t)fd + spare + KEEPER_RESERVE >= limit.rlim_cur;
}

/* "[::1]:443", "192.0.2.1:80", "::1", ":80", "*": both parts, each may be "". */
static int
address_split(char *text, char **host, char **port)
{
	char *end = strrchr(text, ':');

	*port = strchr(text, '\0');
	*host = text;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return -1;
		*host = text + 1;
		*end++ = '\0';
		if (*end == '\0')
			return 0;
	} else if (end == NULL || strchr(text, ':') != end) {
		return 0;
	}
	*end = '\0';
	*port = end + 1;
	return 0;
}

int
keeper_address(const char *text, int family, struct keeper_address *out,
    struct why *why)
{
	struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found = NULL;
	char *copy = xstrdup(text), *host, *port;
	int code = EAI_NONAME;

	if (address_split(copy, &host, &port) == 0) {
		if (strcmp(host, "*") == 0)
			*host = '\0';
		if (*host == '\0' && family == AF_UNSPEC)
			hints.ai_family = AF_INET6;
		code = getaddrinfo(*host != '\0' ? host : NULL,
		    *port != '\0' ? port : "0", &hints, &found);
	}
	free(copy);
	if (code != 0)
		return why_fail(why, FAULT_USAGE, "\"%.80s\" is not an "
		    "address%s in numbers, like 192.0.2.1:80 or [::1]:80",
		    text, family == AF_INET ? " of IPv4" :
		    family == AF_INET6 ? " of IPv6" : "");
	memset(out, 0, sizeof(*out));
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	out->length = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* Is there a descriptor that may be used?  The lowest free number tells. */
static bool
keeper_has_room(int fd, size_t spare)
{
	int next = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (next == -1)
		return false;
	close(next);
	return !keeper_is_full(next, spare);
}

int
keeper_accept(int fd, size_t spare)
{
	static int newest;
	int next;

	/*
	 * Known before: one that was accepted cannot be put back.  Where the
	 * newest had a low number it need not be looked at each time.
	 */
	if (keeper_is_full(newest + KEEPER_NEAR, spare) &&
	    !keeper_has_room(fd, spare)) {
		errno = EMFILE;
		return -1;
	}
	next = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (next != -1)
		newest = next;
	return next;
}

bool
keeper_accept_rests(int error)
{
	static const int ours[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS,
		EINVAL };       /* nobody listens there any more */
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (error == ours[i])
			return true;
	return false;
}

bool
keeper_accepts(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int listens = 0;
	socklen_t length = sizeof(listens);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &length) == 0 && listens && poll(&p, 1, 0) != -1 &&
	    !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

void
keeper_listen_end(int fd)
{
	struct keeper_address at = { .length = sizeof(at.address) };
	int type = SOCK_STREAM;
	socklen_t length = sizeof(type);

	if (getsockname(fd, (struct sockaddr *)&at.address, &at.length) == -1)
		at.address.ss_family = AF_UNSPEC;
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	close(fd);
	ask_listen_sweep(&at, type);
}
