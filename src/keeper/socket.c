/*
 * Sockets: made in their place, and bound to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/holder.h"
#include "keeper/keeper.h"
#include "keeper/netns.h"

/* Descriptors that links leave to files and to those who come to see why. */
#define KEEPER_RESERVE 16
/* So many fewer, and each is looked at. */
#define KEEPER_NEAR 128
/* What waits to be accepted; the kernel has a limit of its own (somaxconn). */
#define KEEPER_BACKLOG 4096

/* The lowest free number tells how many are left. */
static bool
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

static int
socket_device(int fd, const char *device, struct why *why)
{
	if (device == NULL)
		return 0;
#ifdef SO_BINDTODEVICE
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
	    (socklen_t)strlen(device)) == 0)
		return 0;
#else
	(void)fd;
	errno = ENOTSUP;
#endif
	return why_fail(why, FAULT_CONNECT, "device=%s: %s", device,
	    errno == ENODEV ? "there is no such interface" : strerror(errno));
}

static int
socket_bind(int fd, int family, const char *text, struct why *why)
{
	struct keeper_address at;
	int on = 1;

	if (text == NULL)
		return 0;
	if (keeper_address(text, family, &at, why) == -1) {
		why->fault = FAULT_CONNECT;
		errno = EAFNOSUPPORT;
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
#ifdef IP_BIND_ADDRESS_NO_PORT
	/* A port is chosen at connect(2), when the peer is known: ip(7). */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
#endif
	if (bind(fd, (struct sockaddr *)&at.address, at.length) == 0)
		return 0;
	return why_fail(why, FAULT_CONNECT, "bind=%s: %s", text,
	    strerror(errno));
}

static int
socket_new(int family, int type, struct why *why)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd != -1 && keeper_is_full(fd, 0)) {
		close(fd);
		fd = -1;
		errno = EMFILE;
	}
	if (fd == -1)
		why_fail(why, FAULT_CONNECT, "no socket: %s",
		    strerror(errno));
	return fd;
}

/* After a failure: errno stays. */
static int
socket_drop(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

int
keeper_socket(int family, int type, const struct keeper_place *place,
    struct why *why)
{
	int fd;

	if (netns_enter(place->netns, why) == -1)
		return -1;
	fd = socket_new(family, type, why);
	netns_leave();
	if (fd != -1 && family != AF_UNIX &&
	    (socket_device(fd, place->device, why) == -1 ||
	    socket_bind(fd, family, place->bind, why) == -1))
		return socket_drop(fd);
	return fd;
}

/* A unix socket's file that nobody listens at any more. */
static void
listen_sweep(const struct keeper_address *at, int type)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&at->address;
	struct stat st;
	int fd;

	if (at->address.ss_family != AF_UNIX || un->sun_path[0] == '\0' ||
	    lstat(un->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)un, at->length) == -1 &&
	    errno == ECONNREFUSED)
		unlink(un->sun_path);
	close(fd);
}

static int
listen_fail(const struct keeper_address *at, int type, struct why *why)
{
	const struct sockaddr *sa = (const struct sockaddr *)&at->address;
	char holder[96] = "";
	int error = errno;

	if (error == EADDRINUSE)
		holder_find(sa, type, holder, sizeof(holder));
	errno = error;
	if (error == EADDRINUSE)
		return why_fail(why, FAULT_CONNECT, "the address is in use%s%s",
		    *holder != '\0' ? " by " : "", holder);
	if (error == EACCES && sa->sa_family != AF_UNIX)
		return why_fail(why, FAULT_CONNECT, "ports below 1024 need "
		    "the right to (CAP_NET_BIND_SERVICE)");
	return why_fail(why, FAULT_CONNECT, "%s", error == EADDRNOTAVAIL ?
	    "this is no address of ours" : strerror(error));
}

/* A unix socket's file is nobody else's from the beginning. */
static int
listen_name(int fd, const struct keeper_address *at)
{
	mode_t mask = umask(0177);
	int bound = bind(fd, (const struct sockaddr *)&at->address,
	    at->length), error = errno;

	umask(mask);
	errno = error;
	return bound;
}

static int
listen_bind(int fd, const struct keeper_address *at, int type)
{
	int on = 1, off = 0;

	if (at->address.ss_family != AF_UNIX && type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	listen_sweep(at, type);
	if (listen_name(fd, at) == -1)
		return -1;
	return type == SOCK_DGRAM ? 0 : listen(fd, KEEPER_BACKLOG);
}

int
keeper_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why)
{
	int fd;

	/* Who holds an address is looked for in the same namespace. */
	if (netns_enter(place->netns, why) == -1)
		return -1;
	fd = socket_new(at->address.ss_family, type, why);
	if (fd != -1 && (socket_device(fd, place->device, why) == -1 ||
	    (listen_bind(fd, at, type) == -1 &&
	    listen_fail(at, type, why) == -1)))
		fd = socket_drop(fd);
	netns_leave();
	return fd;
}

void
keeper_listen_share(const struct keeper_address *at, mode_t mode, gid_t gid)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&at->address;

	if (un->sun_path[0] == '\0')
		return;
	if (gid != (gid_t)-1)
		(void)!lchown(un->sun_path, (uid_t)-1, gid);
	if (mode != 0600)
		(void)!chmod(un->sun_path, mode);
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

	if (xalloc_short()) {
		errno = ENOMEM;
		return -1;
	}
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
	listen_sweep(&at, type);
}

bool
keeper_has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1)
		close(fd);
	return fd != -1;
}
