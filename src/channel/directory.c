#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "keeper/failed.h"
#include "keeper/keeper.h"

#define DIRECTORY_NAME 96       /* a session's name and our affixes */
#define DIRECTORY_LOGS 64       /* how many last logs are kept */
#define DIRECTORY_TRIES 2       /* to remove one */

/*
 * What is ours in a session's directory, and what it must be to be removed:
 * a FIFO that somebody has replaced by a file of his own stays.
 */
static const struct directory_row {
	const char *name;
	mode_t type;
} directory_rows[] = {
	{ "in", S_IFIFO },
	{ ".in", S_IFIFO },
	{ ".in.new", S_IFIFO },
	{ "out", S_IFIFO },
	{ ".out", S_IFIFO },
	{ ".out.new", S_IFIFO },
	{ ".out.nxt", S_IFIFO },
	{ ".out.0", S_IFIFO },
	{ ".out.1", S_IFIFO },
	{ ".out.2", S_IFIFO },
	{ ".out.3", S_IFIFO },
	{ ".out.4", S_IFIFO },
	{ ".out.5", S_IFIFO },
	{ ".out.6", S_IFIFO },
	{ ".out.7", S_IFIFO },
	{ "ctl", S_IFIFO },
	{ ".ctl", S_IFIFO },
	{ ".ctl.new", S_IFIFO },
	{ "status", S_IFREG },
	{ ".status.new", S_IFREG },
	{ FAILED_FRESH, S_IFREG },
	{ "peer.pem", S_IFREG },
	{ ".peer.pem.new", S_IFREG },
	{ "sock", S_IFSOCK },
	{ "log.0", S_IFREG },
	{ ".log.0", S_IFREG },
	{ ".log.new", S_IFREG },
	{ "log", S_IFREG },
};
#define DIRECTORY_NROWS (sizeof(directory_rows) / sizeof(directory_rows[0]))

static const char *
directory_hidden(const char *name, char out[DIRECTORY_NAME])
{
	snprintf(out, DIRECTORY_NAME, ".new-%s", name);
	return out;
}

int
directory_open(int rundir_fd, const char *name)
{
	return openat(rundir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* To be read from the beginning; NULL + errno. */
static DIR *
directory_list(int at_fd, const char *name)
{
	int fd = directory_open(at_fd, name);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	if (d == NULL && fd != -1)
		close(fd);
	return d;
}

static void
directory_empty(int dir_fd)
{
	const struct directory_row *row;
	struct stat st;

	for (row = directory_rows; row < directory_rows + DIRECTORY_NROWS;
	     row++) {
		if (fstatat(dir_fd, row->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (st.st_mode & S_IFMT) == row->type)
			unlinkat(dir_fd, row->name, 0);
	}
}

/* Private channels, and peers: each a directory of the same names. */
static void
directory_empty_all(int dir_fd, const char *name)
{
	DIR *d = directory_list(dir_fd, name);
	struct dirent *e;
	int fd;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    (fd = directory_open(dirfd(d), e->d_name)) == -1)
			continue;
		directory_empty(fd);
		close(fd);
		unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

static void directory_keep_log(int rundir_fd, int dir_fd, const char *name);

int
directory_remove(int rundir_fd, const char *name, int hidden)
{
	char aside[DIRECTORY_NAME];
	int dir_fd, tries, error;

	directory_hidden(name, aside);
	if (!hidden && renameat(rundir_fd, name, rundir_fd, aside) == -1)
		return -1;
	dir_fd = directory_open(rundir_fd, aside);
	if (dir_fd == -1) {
		error = errno;
		if (!hidden)
			renameat(rundir_fd, aside, rundir_fd, name);
		errno = error;
		return -1;
	}
	if (!hidden)
		directory_keep_log(rundir_fd, dir_fd, name);
	/* Once more, where a moment's want of something was in the way. */
	for (tries = 0; tries < DIRECTORY_TRIES; tries++) {
		directory_empty(dir_fd);
		directory_empty_all(dir_fd, "ch");
		directory_empty_all(dir_fd, "peers");
		if (unlinkat(rundir_fd, aside, AT_REMOVEDIR) == 0) {
			close(dir_fd);
			return 0;
		}
	}
	close(dir_fd);
	/* Somebody keeps files of his own there: they keep their place. */
	renameat(rundir_fd, aside, rundir_fd, name);
	return 1;
}

int
directory_make(int rundir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why)
{
	char hidden[DIRECTORY_NAME];
	struct stat st;

	if (fstatat(rundir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return why_fail(why, FAULT_REFUSED, "something that is not a "
		    "session is called %s in the run directory: remove it",
		    name);
	directory_hidden(name, hidden);
	if (fstatat(rundir_fd, hidden, &st, AT_SYMLINK_NOFOLLOW) == 0)
		directory_remove(rundir_fd, name, 1);
	return keeper_mkdir(rundir_fd, hidden, mode, gid, why);
}

int
directory_appear(int rundir_fd, const char *name, struct why *why)
{
	char hidden[DIRECTORY_NAME];

	directory_hidden(name, hidden);
	if (renameat(rundir_fd, hidden, rundir_fd, name) == -1)
		return why_fail(why, FAULT_REFUSED,
		    "its directory cannot be given its name: %s",
		    strerror(errno));
	return 0;
}

/* Only a directory that holds a FIFO of ours is a session's. */
static bool
directory_is_session(int rundir_fd, const char *name)
{
	struct stat st;
	bool is;
	int fd = directory_open(rundir_fd, name);

	if (fd == -1)
		return false;
	is = fstatat(fd, ".in", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISFIFO(st.st_mode);
	close(fd);
	return is;
}

bool
directory_is(int rundir_fd, const char *name, ino_t inode)
{
	struct stat st;

	return fstatat(rundir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_ino == inode;
}

/* A last log, and when it was last written. */
struct last_log {
	char name[DIRECTORY_NAME];
	struct timespec when;
};

static int
last_log_newer(const void *a, const void *b)
{
	const struct timespec *x = &((const struct last_log *)a)->when;
	const struct timespec *y = &((const struct last_log *)b)->when;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

/* Of the last logs keep the newest, so that they do not fill the disk. */
static void
directory_prune_logs(int rundir_fd)
{
	struct last_log *logs = NULL;
	size_t n = 0, size = 0;
	struct dirent *e;
	struct stat st;
	DIR *d;

	if ((d = directory_list(rundir_fd, ".")) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, ".log-", 5) != 0 ||
		    fstatat(rundir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
		    -1)
			continue;
		if (n == size) {
			size = size ? 2 * size : DIRECTORY_LOGS;
			logs = xreallocarray(logs, size, sizeof(*logs));
		}
		strlcpy(logs[n].name, e->d_name, sizeof(logs[n].name));
		logs[n++].when = st.st_mtim;
	}
	closedir(d);
	if (n > DIRECTORY_LOGS)
		qsort(logs, n, sizeof(*logs), last_log_newer);
	while (n > DIRECTORY_LOGS)
		unlinkat(rundir_fd, logs[--n].name, 0);
	free(logs);
}

/* The log of a session that ends stays, as .log-NAME. */
static void
directory_keep_log(int rundir_fd, int dir_fd, const char *name)
{
	static size_t kept;
	char log[DIRECTORY_NAME];

	snprintf(log, sizeof(log), ".log-%s", name);
	if (renameat(dir_fd, "log", rundir_fd, log) == 0 &&
	    ++kept % DIRECTORY_LOGS == 0)
		directory_prune_logs(rundir_fd);
}

void
directory_sweep(int rundir_fd, bool (*keep)(const char *name),
    void (*note)(const char *name, int left))
{
	struct dirent *e;
	const char *name;
	int hidden;
	DIR *d;

	if ((d = directory_list(rundir_fd, ".")) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		hidden = strncmp(e->d_name, ".new-", 5) == 0;
		name = e->d_name + (hidden ? 5 : 0);
		if (*name == '.' || strlen(name) > 64 ||
		    (keep != NULL && keep(name)) ||
		    !(hidden || directory_is_session(rundir_fd, name)))
			continue;
		note(name, directory_remove(rundir_fd, name, hidden));
	}
	closedir(d);
	directory_prune_logs(rundir_fd);
}

static int
directory_give(int fd, const struct directory_access *access)
{
	if (access->gid != (gid_t)-1 &&
	    fchown(fd, (uid_t)-1, access->gid) == -1)
		return -1;
	return fchmod(fd, access->mode);
}

#define DIRECTORY_FRESH \
	(O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* What there is to say, into a fresh file, which is closed. 0, -1 + errno. */
static int
directory_fill(int fd, const char *text, size_t length,
    const struct directory_access *access)
{
	int filled = 0, error;
	size_t done;
	ssize_t n;

	if (access->mode != 0600)
		filled = directory_give(fd, access);
	for (done = 0; filled == 0 && done < length; done += (size_t)n) {
		n = write(fd, text + done, length - done);
		if (n == -1)
			filled = -1;
	}
	error = errno;
	close(fd);
	errno = error;
	return filled;
}

int
directory_begin(int dir_fd, const char *name, const char *text,
    size_t length, const struct directory_access *access)
{
	int fd = openat(dir_fd, name, DIRECTORY_FRESH, 0600), error;

	if (fd == -1)
		return -1;
	if (directory_fill(fd, text, length, access) == 0)
		return 0;
	error = errno;
	unlinkat(dir_fd, name, 0);
	errno = error;
	return -1;
}

int
directory_write(int dir_fd, const char *name, const char *text,
    size_t length, const struct directory_access *access)
{
	char fresh[DIRECTORY_NAME];
	int fd, error;

	snprintf(fresh, sizeof(fresh), ".%s.new", name);
	fd = openat(dir_fd, fresh, DIRECTORY_FRESH, 0600);
	if (fd == -1 && errno == EEXIST && unlinkat(dir_fd, fresh, 0) == 0)
		fd = openat(dir_fd, fresh, DIRECTORY_FRESH, 0600);
	if (fd == -1)
		return -1;
	if (directory_fill(fd, text, length, access) == 0 &&
	    renameat(dir_fd, fresh, dir_fd, name) == 0)
		return 0;
	error = errno;
	unlinkat(dir_fd, fresh, 0);
	errno = error;
	return -1;
}

/* O_NONBLOCK: a FIFO that somebody has put there must not stop the broker. */
#define DIRECTORY_APPEND \
	(O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

static int
directory_append_fresh(int dir_fd, const char *name,
    const struct directory_access *access)
{
	int fd;

	fd = openat(dir_fd, name, DIRECTORY_APPEND | O_CREAT | O_EXCL, 0600);
	if (fd != -1)
		directory_give(fd, access);
	return fd;
}

static bool
directory_appendable(int fd, size_t limit)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size <= limit;
}

int
directory_append_at(int rundir_fd, const char *session, const char *name,
    size_t limit)
{
	char path[DIRECTORY_NAME];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", session, name);
	fd = openat(rundir_fd, path, DIRECTORY_APPEND);
	if (fd == -1 || directory_appendable(fd, limit))
		return fd;
	close(fd);
	return -1;
}

/* What is NAME gets a second name, NAME.0; what had that has none. */
static int
directory_name_old(int dir_fd, const char *name)
{
	char hidden[DIRECTORY_NAME];

	snprintf(hidden, sizeof(hidden), ".%s.0", name);
	unlinkat(dir_fd, hidden, 0);
	return linkat(dir_fd, name, dir_fd, hidden, 0) == -1 ||
	    renameat(dir_fd, hidden, dir_fd, hidden + 1) == -1 ? -1 : 0;
}

/* Cut NAME over to NAME.0: at no moment is there none, nor half of one. */
static int
directory_cut(int dir_fd, const char *name,
    const struct directory_access *access)
{
	char fresh[DIRECTORY_NAME];
	int fd, error;

	snprintf(fresh, sizeof(fresh), ".%s.new", name);
	unlinkat(dir_fd, fresh, 0);
	fd = directory_append_fresh(dir_fd, fresh, access);
	if (fd == -1)
		return -1;
	if (directory_name_old(dir_fd, name) == 0 &&
	    renameat(dir_fd, fresh, dir_fd, name) == 0)
		return fd;
	error = errno;
	close(fd);
	unlinkat(dir_fd, fresh, 0);
	errno = error;
	return -1;
}

/* One that cannot be opened is cut over, too: what is in it is not lost. */
int
directory_append(int dir_fd, const char *name, size_t limit,
    const struct directory_access *access)
{
	struct stat st;
	int fd;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno != ENOENT ? -1 :
		    directory_append_fresh(dir_fd, name, access);
	if (!S_ISREG(st.st_mode)) {
		unlinkat(dir_fd, name, 0);
		return directory_append_fresh(dir_fd, name, access);
	}
	fd = openat(dir_fd, name, DIRECTORY_APPEND);
	if (fd != -1 && directory_appendable(fd, limit))
		return fd;
	if (fd != -1)
		close(fd);
	return directory_cut(dir_fd, name, access);
}

void
directory_share(int dir_fd, const struct directory_access *access)
{
	const struct directory_row *row;
	struct stat st;
	int fd;

	for (row = directory_rows; row < directory_rows + DIRECTORY_NROWS;
	     row++) {
		if (row->type != S_IFREG)
			continue;
		fd = openat(dir_fd, row->name,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (fd == -1)
			continue;
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			directory_give(fd, access);
		close(fd);
	}
}
