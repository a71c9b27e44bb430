/*
 * Files and directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/direct.h"

int
direct_open(const char *path, bool append, const char *what, struct why *why)
{
	int flags = append ? O_WRONLY | O_APPEND | O_CREAT : O_RDONLY;
	struct stat st;
	int fd;

	/* O_NONBLOCK: a FIFO named by mistake must not stop the broker. */
	fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd == -1) {
		why_fail(why, FAULT_REFUSED, "%s: %s: %s", what, path,
		    strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == -1 || S_ISDIR(st.st_mode) ||
	    (!append && !S_ISREG(st.st_mode))) {
		why_fail(why, FAULT_REFUSED, "%s: %s: not a regular file",
		    what, path);
		close(fd);
		return -1;
	}
	return fd;
}

int
direct_mkdir(int dir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why)
{
	int fd;

	if (mkdirat(dir_fd, name, 0700) == -1)
		return why_fail(why, FAULT_REFUSED, "its directory cannot be "
		    "made: %s", strerror(errno));
	fd = openat(dir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		goto fail;
	if (gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid) == -1)
		goto fail;
	if (mode != 0700 && fchmod(fd, mode) == -1)
		goto fail;
	return fd;

fail:
	why_fail(why, FAULT_REFUSED, "its directory cannot be made: %s",
	    strerror(errno));
	if (fd != -1)
		close(fd);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
	return -1;
}

/*
 * Does path point to target?  The link's own words are compared.  Where it
 * does not, errno says why; ENOENT for another.
 */
static bool
symlink_is(const char *path, const char *target)
{
	char now[4096];
	ssize_t n = readlink(path, now, sizeof(now) - 1);

	if (n == -1)
		return false;
	now[n] = '\0';
	errno = ENOENT;
	return strcmp(now, target) == 0;
}

/* A link into the run directory whose session is gone. */
static bool
symlink_stale(const char *path, const char *rundir)
{
	char now[4096];
	size_t length = strlen(rundir);
	ssize_t n = readlink(path, now, sizeof(now) - 1);

	if (n == -1)
		return false;
	now[n] = '\0';
	return strncmp(now, rundir, length) == 0 && now[length] == '/' &&
	    access(path, F_OK) == -1 && errno == ENOENT;
}

int
direct_symlink(const char *target, const char *path, const char *rundir,
    struct why *why)
{
	if (symlink(target, path) == 0)
		return 0;
	if (errno != EEXIST)
		return why_fail(why, FAULT_REFUSED, "%s: %s", path,
		    strerror(errno));
	if (symlink_is(path, target))
		return 0;
	if (!symlink_stale(path, rundir))
		return why_fail(why, FAULT_REFUSED, "%s exists and is not a "
		    "stale link of ours: remove it or give another -d", path);
	if (unlink(path) == -1 || symlink(target, path) == -1)
		return why_fail(why, FAULT_REFUSED, "%s: %s", path,
		    strerror(errno));
	return 0;
}

int
direct_symlink_remove(const char *target, const char *path)
{
	if (symlink_is(path, target))
		return unlink(path);
	return errno == ENOENT || errno == EINVAL || errno == ENOTDIR ? 0 : -1;
}
