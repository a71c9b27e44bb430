#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
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

/*
 * One file of /etc/netns/NAME over its namesake.  Where /etc has none, nor can
 * it be taken for the namespace's.  0, or -1 + errno.
 */
static int
netns_cover(const char *directory, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof(from), "%s/%s", directory, name) >=
	    (int)sizeof(from)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(to, sizeof(to), "/etc/%.*s", NAME_MAX, name);
	if (mount(from, to, "none", MS_BIND, NULL) == 0)
		return 0;
	return errno == ENOENT && access(to, F_OK) == -1 ? 0 : -1;
}

/* All of them, in a view of the files that is ours alone, if there are any. */
static int
netns_cover_all(const char *directory, DIR *d)
{
	bool alone = false;
	struct dirent *e;

	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (!alone && (unshare(CLONE_NEWNS) == -1 ||
		    mount("", "/", "none", MS_SLAVE | MS_REC, NULL) == -1))
			return -1;
		alone = true;
		if (netns_cover(directory, e->d_name) == -1)
			return -1;
	}
	return 0;
}

/* With those of the host instead names would be looked up elsewhere. */
static int
netns_see(const char *netns, struct why *why)
{
	char directory[PATH_MAX];
	int rv = -1, error;
	DIR *d;

	snprintf(directory, sizeof(directory), "/etc/netns/%s", netns);
	d = opendir(directory);
	if (d != NULL)
		rv = netns_cover_all(directory, d);
	else if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	error = errno;
	if (d != NULL)
		closedir(d);
	return rv == 0 ? 0 : why_fail(why, FAULT_CONNECT, "netns=%s: what is "
	    "in %s cannot be seen in place of /etc: %s", netns, directory,
	    strerror(error));
}

int
netns_live_in(const char *netns, struct why *why)
{
	if (netns == NULL)
		return 0;
	sandbox_raise();
	if (netns_move(netns, why) == -1)
		return -1;
	return strchr(netns, '/') == NULL ? netns_see(netns, why) : 0;
}
