/* The two namespaces of a wire, and their devices. */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

#define NOT_HERE 77

static void __attribute__((noreturn))
not_here(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(NOT_HERE);
}

static void
device_ask(unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || ioctl(fd, what, request) == -1)
		not_here(request->ifr_name);
	close(fd);
}

static void
device_address(const char *name, unsigned long what, const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	inet_pton(AF_INET, address, &in.sin_addr);
	memcpy(&request.ifr_addr, &in, sizeof(in));
	device_ask(what, &request);
}

static void
device_up(const char *name)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	device_ask(SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	device_ask(SIOCSIFFLAGS, &request);
}

static int
device_make(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		not_here("/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) == -1)
		not_here("TUNSETIFF");
	return fd;
}

/* Of the namespace that we are in; not every kernel has each. */
static void
setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	(void)!write(fd, value, strlen(value));
	close(fd);
}

void
side_make(struct side *side, const char *address, const char *other)
{
	if (unshare(CLONE_NEWNET) == -1)
		not_here("unshare");
	side->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (side->netns_fd == -1)
		not_here("/proc/self/ns/net");
	/* So that every packet is one of the test's. */
	setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	/* What was lost is sent again sooner. */
	setting("/proc/sys/net/ipv4/tcp_rto_min_us", "20000");
	side->fd = device_make("wire");
	device_up("lo");
	device_address("wire", SIOCSIFADDR, address);
	device_address("wire", SIOCSIFDSTADDR, other);
	device_address("wire", SIOCSIFNETMASK, "255.255.255.255");
	device_up("wire");
}
