#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/fifo.h"

/* Names are ours and short: "in", "out", "ctl". */
#define FIFO_NAME 16

static void
fifo_hidden(const char *name, const char *suffix, char out[FIFO_NAME])
{
	snprintf(out, FIFO_NAME, ".%s%s", name, suffix);
}

/* Make a FIFO under a hidden name and hold both ends; its descriptor or -1. */
static int
fifo_hold(int dir_fd, const char *hidden, mode_t mode, gid_t gid,
    ino_t *inode)
{
	struct stat st;
	int fd, error;

	if (mkfifoat(dir_fd, hidden, 0600) == -1 &&
	    (errno != EEXIST || unlinkat(dir_fd, hidden, 0) == -1 ||
	    mkfifoat(dir_fd, hidden, 0600) == -1))
		return -1;
	fd = openat(dir_fd, hidden,
	    O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		goto fail;
	if (fstat(fd, &st) == -1)
		goto fail;
	if (!S_ISFIFO(st.st_mode)) {
		errno = EEXIST;
		goto fail;
	}
	if (gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid) == -1)
		goto fail;
	if (fchmod(fd, mode) == -1)
		goto fail;
	*inode = st.st_ino;
	return fd;

fail:
	error = errno;
	if (fd != -1)
		close(fd);
	unlinkat(dir_fd, hidden, 0);
	errno = error;
	return -1;
}

int
fifo_make(struct fifo *f, int dir_fd, const char *name, mode_t mode,
    gid_t gid, struct why *why)
{
	char hidden[FIFO_NAME];

	f->name = name;
	fifo_hidden(name, "", hidden);
	f->fd = fifo_hold(dir_fd, hidden, mode, gid, &f->inode);
	if (f->fd == -1 || linkat(dir_fd, hidden, dir_fd, name, 0) == -1) {
		why_fail(why, FAULT_REFUSED, "FIFO %s cannot be made: %s",
		    name, strerror(errno));
		fifo_close(f);
		return -1;
	}
	f->grown = true;
	fifo_shrink(f);
	return 0;
}

void
fifo_close(struct fifo *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

static const char *
fifo_kind(mode_t mode)
{
	return S_ISREG(mode) ? "a regular file in its place was removed" :
	    S_ISLNK(mode) ? "a symbolic link in its place was removed" :
	    S_ISFIFO(mode) ? "another FIFO in its place was removed" :
	    "something else in its place was removed";
}

int
fifo_restore(const struct fifo *f, int dir_fd, const char **what)
{
	char hidden[FIFO_NAME], again[FIFO_NAME];
	struct stat st;

	fifo_hidden(f->name, "", hidden);
	if (fstatat(dir_fd, hidden, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	*what = "it had been deleted";
	if (fstatat(dir_fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_ino == f->inode)
			return 0;
		*what = fifo_kind(st.st_mode);
	}
	fifo_hidden(f->name, ".new", again);
	unlinkat(dir_fd, again, 0);
	if (linkat(dir_fd, hidden, dir_fd, again, 0) == -1 ||
	    renameat(dir_fd, again, dir_fd, f->name) == -1)
		return -1;
	return 1;
}

int
fifo_rotate(struct fifo *f, int dir_fd, const char *aside, int *old)
{
	char hidden[FIFO_NAME], next[FIFO_NAME], public[FIFO_NAME];
	struct fifo fresh = { .name = f->name };
	struct stat st;

	if (fstat(f->fd, &st) == -1)
		return -1;
	fifo_hidden(f->name, "", hidden);
	fifo_hidden(f->name, ".nxt", next);
	fifo_hidden(f->name, ".new", public);
	fresh.fd = fifo_hold(dir_fd, next, st.st_mode & 0777, st.st_gid,
	    &fresh.inode);
	if (fresh.fd == -1)
		return -1;
	unlinkat(dir_fd, public, 0);
	if (linkat(dir_fd, next, dir_fd, public, 0) == -1 ||
	    renameat(dir_fd, public, dir_fd, f->name) == -1 ||
	    renameat(dir_fd, hidden, dir_fd, aside) == -1 ||
	    renameat(dir_fd, next, dir_fd, hidden) == -1) {
		fifo_close(&fresh);
		return -1;
	}
	*old = f->fd;
	*f = fresh;
	f->grown = true;
	fifo_shrink(f);
	return 0;
}

size_t
fifo_waiting(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

size_t
fifo_drop(int fd)
{
	char dropped[4096];
	size_t all = fifo_waiting(fd), left = all;
	ssize_t n;

	while (left > 0) {
		n = read(fd, dropped,
		    left < sizeof(dropped) ? left : sizeof(dropped));
		if (n <= 0)
			break;
		left -= (size_t)n;
	}
	return all - left;
}
