/*
 * The run directory: where it is, whose it is, and who holds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"

/* So long a broker may take to end whose keeper is gone. */
#define RUNDIR_PATIENCE_MS 2000

char *
keeper_rundir_path(const char *given)
{
	char cwd[4096];

	if (given == NULL)
		given = getenv("FIFOD_DIR");
	if (given == NULL || *given == '\0')
		return geteuid() == 0 ? xstrdup("/run/fifod") :
		    xasprintf("/tmp/fifod-%ju", (uintmax_t)geteuid());
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		strlcpy(cwd, "/", sizeof(cwd));
	return words_absolute(cwd, given);
}

/*
 * Root visits a broker of another user (fifod -u) where nobody but root can
 * have put its directory.
 */
static bool
rundir_is_put_by_root(int fd)
{
	struct stat above;

	return geteuid() == 0 &&
	    fstatat(fd, "..", &above, AT_SYMLINK_NOFOLLOW) == 0 &&
	    above.st_uid == 0 && (above.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Is what we have opened a directory that nobody else can reach into? */
static int
rundir_check(int fd, const char *path, bool make, struct why *why)
{
	struct passwd *owner;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return why_fail(why, FAULT_REFUSED, "%s: %s", path,
		    strerror(errno));
	if (st.st_uid != geteuid() && (make || !rundir_is_put_by_root(fd))) {
		owner = getpwuid(st.st_uid);
		return why_fail(why, FAULT_REFUSED,
		    "%s belongs to %s (uid %ju), not to you: give another "
		    "directory with -r", path,
		    owner != NULL ? owner->pw_name : "somebody else",
		    (uintmax_t)st.st_uid);
	}
	/* The set-group-ID bit comes from the directory above; it lets nobody in. */
	if ((st.st_mode & 0777) != 0700 && (st.st_mode & 0777) != 0711)
		return why_fail(why, FAULT_REFUSED,
		    "%s has mode %04o, which lets others in: make it 0700 or "
		    "give another directory with -r", path,
		    st.st_mode & 07777);
	return 0;
}

int
keeper_rundir_open(const char *path, bool make, struct why *why)
{
	struct stat st;
	int fd;

	if (make && mkdir(path, 0700) == -1 && errno != EEXIST) {
		why_fail(why, FAULT_REFUSED, "%s: cannot be made: %s%s", path,
		    strerror(errno), errno == ENOENT ?
		    " (the directory above it is missing)" : "");
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT && !make)
			why_fail(why, FAULT_NO_BROKER, "no broker runs in %s",
			    path);
		else if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			why_fail(why, FAULT_REFUSED, "%s is a symbolic link, "
			    "which is not followed: give the directory itself "
			    "with -r", path);
		else
			why_fail(why, FAULT_REFUSED, "%s: %s", path,
			    errno == ENOTDIR ? "is not a directory" :
			    strerror(errno));
		return -1;
	}
	if (rundir_check(fd, path, make, why) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * One whose keeper is gone is about to end: its other processes have the
 * lock, too, until they have closed everything.
 */
static bool
rundir_is_left(const char *pid)
{
	const struct timespec step = { 0, 1000000 };
	pid_t keeper = (pid_t)strtol(pid, NULL, 10);

	if (keeper <= 0 || kill(keeper, 0) == 0 || errno != ESRCH)
		return false;
	nanosleep(&step, NULL);
	return true;
}

static void
rundir_holder(int dir_fd, char *pid, size_t size)
{
	ssize_t n;
	int fd;

	pid[0] = '\0';
	fd = openat(dir_fd, ".pid", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, pid, size - 1);
	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	close(fd);
}

void
keeper_rundir_unlock(int dir_fd)
{
	flock(dir_fd, LOCK_UN);
}

int
keeper_rundir_lock(int dir_fd, const char *path, struct why *why)
{
	char pid[32] = "";
	int i;

	for (i = 0; i < RUNDIR_PATIENCE_MS; i++) {
		if (flock(dir_fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return why_fail(why, FAULT_REFUSED,
			    "%s: cannot be locked: %s", path, strerror(errno));
		rundir_holder(dir_fd, pid, sizeof(pid));
		if (!rundir_is_left(pid))
			break;
	}
	return why_fail(why, FAULT_REFUSED,
	    "another broker runs in %s already%s%s", path,
	    *pid ? ": process " : "", pid);
}
