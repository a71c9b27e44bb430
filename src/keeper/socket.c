/*
 * Sockets: made in their place, and bound to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper/direct.h"
#include "keeper/holder.h"
#include "keeper/netns.h"
#include "keeper/sandbox.h"

/* What waits to be accepted; the kernel has a limit of its own (somaxconn). */
#define KEEPER_BACKLOG 4096

bool
socket_family_is_plain(int family)
{
#ifdef AF_VSOCK
	if (family == AF_VSOCK)
		return true;
#endif
	return family == AF_UNIX || family == AF_INET || family == AF_INET6;
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

/* In its namespace, on its device, bound to its address; -1 + why. */
static int
socket_in_place(int family, int type, const struct keeper_place *place,
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

static bool
place_is_any(const struct keeper_place *place)
{
	return place->netns == NULL && place->device == NULL &&
	    place->bind == NULL;
}

int
direct_socket(int family, int type, const struct keeper_place *place,
    struct why *why)
{
	int fd;

	if (place_is_any(place))
		return socket_new(family, type, why);
	sandbox_raise();
	fd = socket_in_place(family, type, place, why);
	sandbox_lower();
	return fd;
}

void
direct_listen_sweep(const struct keeper_address *at, int type)
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
	direct_listen_sweep(at, type);
	if (listen_name(fd, at) == -1)
		return -1;
	return type == SOCK_DGRAM ? 0 : listen(fd, KEEPER_BACKLOG);
}

/* Who holds an address is looked for in the same namespace. */
static int
listen_in_place(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why)
{
	int fd;

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

int
direct_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why)
{
	int fd;

	sandbox_raise();
	fd = listen_in_place(at, type, place, why);
	sandbox_lower();
	return fd;
}

/*
 * In a directory of another's something else may have the name by now: what is
 * there is opened, looked at, and then given away, if it is a socket of ours.
 */
static void
listen_give(const char *path, mode_t mode, gid_t gid)
{
#ifdef __linux__
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char by_fd[32];
	struct stat st;

	if (fd == -1)
		return;
	snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_uid == geteuid()) {
		if (gid != (gid_t)-1)
			(void)!fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH);
		if (mode != 0600)
			(void)!chmod(by_fd, mode);
	}
	close(fd);
#else
	if (gid != (gid_t)-1)
		(void)!lchown(path, (uid_t)-1, gid);
	if (mode != 0600)
		(void)!fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
#endif
}

void
direct_listen_share(const struct keeper_address *at, mode_t mode, gid_t gid)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&at->address;

	if (un->sun_path[0] != '\0')
		listen_give(un->sun_path, mode, gid);
}
