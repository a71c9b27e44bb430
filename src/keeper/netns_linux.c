#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "keeper/netns.h"
#include "keeper/sandbox.h"

/* Our own, while we are in another. */
static int netns_own = -1;

int
netns_available(struct why *why)
{
	(void)why;
	return 0;
}

/* Names are of ip-netns(8); what has a slash is a path. */
static int
netns_open(const char *netns)
{
	char path[PATH_MAX];

	/* O_NONBLOCK: a FIFO named by mistake must not stop the broker. */
	if (strchr(netns, '/') == NULL) {
		snprintf(path, sizeof(path), "/run/netns/%s", netns);
		netns = path;
	}
	return open(netns, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int
netns_fail(const char *netns, struct why *why)
{
	return why_fail(why, FAULT_CONNECT, "netns=%s: %s", netns,
	    errno == ENOENT ? "there is no such network namespace" :
	    errno == EINVAL ? "not a network namespace" : strerror(errno));
}

static int
netns_move(const char *netns, struct why *why)
{
	int fd = netns_open(netns), error;

	if (fd == -1)
		return netns_fail(netns, why);
	if (setns(fd, CLONE_NEWNET) == 0) {
		close(fd);
		return 0;
	}
	error = errno;
	close(fd);
	errno = error;
	return netns_fail(netns, why);
}

int
netns_enter(const char *netns, struct why *why)
{
	if (netns == NULL)
		return 0;
	netns_own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns_own == -1)
		return netns_fail(netns, why);
	if (netns_move(netns, why) == 0)
		return 0;
	close(netns_own);
	netns_own = -1;
	return -1;
}

void
netns_leave(void)
{
	if (netns_own == -1)
		return;
	if (setns(netns_own, CLONE_NEWNET) == -1)
		err(1, "cannot come back from a network namespace");
	close(netns_own);
	netns_own = -1;
}

/* One file of /etc/netns/NAME over its namesake; as good as it can be. */
static void
netns_cover(const char *directory, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (name[0] == '.')
		return;
	if (snprintf(from, sizeof(from), "%s/%s", directory, name) <
	    (int)sizeof(from) &&
	    snprintf(to, sizeof(to), "/etc/%s", name) < (int)sizeof(to))
		(void)!mount(from, to, "none", MS_BIND, NULL);
}

int
netns_live_in(const char *netns, struct why *why)
{
	char directory[PATH_MAX];
	struct dirent *e;
	DIR *d;

	if (netns == NULL)
		return 0;
	sandbox_raise();
	if (netns_move(netns, why) == -1)
		return -1;
	snprintf(directory, sizeof(directory), "/etc/netns/%s", netns);
	d = strchr(netns, '/') == NULL ? opendir(directory) : NULL;
	if (d == NULL)
		return 0;
	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("", "/", "none", MS_SLAVE | MS_REC, NULL) == 0)
		while ((e = readdir(d)) != NULL)
			netns_cover(directory, e->d_name);
	closedir(d);
	return 0;
}
