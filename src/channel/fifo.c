#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

#define FIFO_FLAGS (O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)

void
fifo_become(struct fifo *f, int fd)
{
	f->fd = fd;
	if (f->told != NULL)
		*f->told = fd;
}

void
fifo_tell(struct fifo *f, int32_t *told)
{
	f->told = told;
	fifo_become(f, f->fd);
}

int
fifo_hold(struct fifo *f, int dir_fd, const char *name, mode_t mode,
    gid_t gid)
{
	struct stat st;
	int error;

	f->name = name;
	fifo_become(f, -1);
	if (mkfifoat(dir_fd, name, 0600) == -1 &&
	    (errno != EEXIST || unlinkat(dir_fd, name, 0) == -1 ||
	    mkfifoat(dir_fd, name, 0600) == -1))
		return -1;
	fifo_become(f, openat(dir_fd, name, O_RDWR | FIFO_FLAGS));
	if (f->fd == -1)
		goto fail;
	if (fstat(f->fd, &st) == -1)
		goto fail;
	if (!S_ISFIFO(st.st_mode)) {
		errno = EEXIST;
		goto fail;
	}
	if (gid != (gid_t)-1 && fchown(f->fd, (uid_t)-1, gid) == -1)
		goto fail;
	if ((st.st_mode & 07777) != mode && fchmod(f->fd, mode) == -1)
		goto fail;
	f->inode = st.st_ino;
	fifo_begin(f);
	return 0;

fail:
	error = errno;
	fifo_close(f);
	unlinkat(dir_fd, name, 0);
	errno = error;
	return -1;
}

/* The one that was made under this name, and no other. */
static int
fifo_open(const struct fifo *f, int dir_fd, int access_mode)
{
	int fd = openat(dir_fd, f->name, access_mode | FIFO_FLAGS);
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_ino == f->inode)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

int
fifo_hold_again(struct fifo *f, int dir_fd)
{
	fifo_become(f, fifo_open(f, dir_fd, O_RDWR));
	if (f->fd == -1)
		return -1;
	fifo_begin(f);
	return 0;
}

int
fifo_write_end(const struct fifo *f, int dir_fd)
{
	return fifo_open(f, dir_fd, O_WRONLY);
}

/* By a descriptor of this access mode from now on; or as before: -1. */
static int
fifo_hold_half(struct fifo *f, int dir_fd, int access_mode)
{
	int fd = fifo_open(f, dir_fd, access_mode), old = f->fd;

	if (fd == -1)
		return -1;
	fifo_become(f, fd);
	close(old);
	return 0;
}

/* What was held by one end just then is held by both again. */
bool
fifo_inherit(struct fifo *f, int dir_fd, const char *name, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISFIFO(st.st_mode)) {
		close(fd);
		return false;
	}
	f->name = name;
	f->inode = st.st_ino;
	fifo_become(f, fd);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		fifo_hold_half(f, dir_fd, O_RDWR);
	fifo_measure(f);
	return true;
}

/* Linux says POLLERR on a write end that nobody reads, others POLLHUP. */
bool
fifo_is_read(struct fifo *f, int dir_fd)
{
	struct pollfd p = { .events = POLLOUT };

	if (fifo_hold_half(f, dir_fd, O_WRONLY) == -1)
		return false;
	p.fd = f->fd;
	poll(&p, 1, 0);
	fifo_hold_half(f, dir_fd, O_RDWR);
	return !(p.revents & (POLLERR | POLLHUP));
}

/* Empty, it reads as an end of file where nobody writes. */
bool
fifo_is_written(struct fifo *f, int dir_fd)
{
	struct pollfd p = { .events = POLLIN };

	if (fifo_hold_half(f, dir_fd, O_RDONLY) == -1)
		return false;
	p.fd = f->fd;
	poll(&p, 1, 0);
	fifo_hold_half(f, dir_fd, O_RDWR);
	return !(p.revents & POLLHUP);
}

int
fifo_name(const struct fifo *f, int dir_fd, const char *name)
{
	char again[FIFO_NAME];

	fifo_hidden(name, ".new", again);
	unlinkat(dir_fd, again, 0);
	return linkat(dir_fd, f->name, dir_fd, again, 0) == -1 ||
	    renameat(dir_fd, again, dir_fd, name) == -1 ? -1 : 0;
}

int
fifo_make(struct fifo *f, int dir_fd, const char *name, mode_t mode,
    gid_t gid, struct why *why)
{
	char hidden[FIFO_NAME];
	int made;

	f->narrow = false;
	fifo_hidden(name, "", hidden);
	made = fifo_hold(f, dir_fd, hidden, mode, gid);
	f->name = name;
	if (made == 0 && linkat(dir_fd, hidden, dir_fd, name, 0) == 0)
		return 0;
	why_fail(why, FAULT_REFUSED, "FIFO %s cannot be made: %s", name,
	    strerror(errno));
	fifo_close(f);
	return -1;
}

void
fifo_close(struct fifo *f)
{
	int fd = f->fd;

	if (fd == -1)
		return;
	fifo_become(f, -1);
	close(fd);
}

static const char *
fifo_kind(mode_t mode)
{
	return S_ISREG(mode) ? "a regular file in its place was removed" :
	    S_ISLNK(mode) ? "a symbolic link in its place was removed" :
	    S_ISFIFO(mode) ? "another FIFO in its place was removed" :
	    "something else in its place was removed";
}

static bool
fifo_has(const struct fifo *f, int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == f->inode;
}

bool
fifo_is_named(const struct fifo *f, int dir_fd, const char *name)
{
	return fifo_has(f, dir_fd, f->name) && fifo_has(f, dir_fd, name);
}

int
fifo_name_again(const struct fifo *f, int dir_fd, const char *name,
    const char **what)
{
	struct stat st;

	if (fstatat(dir_fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	*what = "it had been deleted";
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_ino == f->inode)
			return 0;
		*what = fifo_kind(st.st_mode);
	}
	return fifo_name(f, dir_fd, name) == -1 ? -1 : 1;
}

int
fifo_restore(const struct fifo *f, int dir_fd, const char **what)
{
	char hidden[FIFO_NAME];
	struct fifo twin = *f;

	fifo_hidden(f->name, "", hidden);
	twin.name = hidden;
	return fifo_name_again(&twin, dir_fd, f->name, what);
}

bool
fifo_in_place(const struct fifo *f, int dir_fd)
{
	char hidden[FIFO_NAME];

	fifo_hidden(f->name, "", hidden);
	return fifo_is_named(f, dir_fd, hidden);
}

bool
fifo_has_twin(const struct fifo *f, int dir_fd)
{
	char hidden[FIFO_NAME];

	fifo_hidden(f->name, "", hidden);
	if (fifo_has(f, dir_fd, hidden))
		return true;
	if (!fifo_has(f, dir_fd, f->name))
		return false;
	unlinkat(dir_fd, hidden, 0);
	return linkat(dir_fd, f->name, dir_fd, hidden, 0) == 0;
}

int
fifo_rotate(struct fifo *f, int dir_fd, const char *aside, int *old)
{
	char hidden[FIFO_NAME], next[FIFO_NAME], public[FIFO_NAME];
	struct fifo fresh = { .narrow = f->narrow };
	struct stat st;

	if (fstat(f->fd, &st) == -1)
		return -1;
	fifo_hidden(f->name, "", hidden);
	fifo_hidden(f->name, ".nxt", next);
	fifo_hidden(f->name, ".new", public);
	if (fifo_hold(&fresh, dir_fd, next, st.st_mode & 0777,
	    st.st_gid) == -1)
		return -1;
	fresh.name = f->name;
	unlinkat(dir_fd, public, 0);
	if (linkat(dir_fd, next, dir_fd, public, 0) == -1 ||
	    renameat(dir_fd, public, dir_fd, f->name) == -1 ||
	    renameat(dir_fd, hidden, dir_fd, aside) == -1 ||
	    renameat(dir_fd, next, dir_fd, hidden) == -1) {
		fifo_close(&fresh);
		return -1;
	}
	*old = f->fd;
	fresh.told = f->told;
	*f = fresh;
	fifo_become(f, fresh.fd);
	return 0;
}

size_t
fifo_waiting(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

void
fifo_move(int from, int to)
{
	char moved[4096];
	ssize_t n;

	while ((n = read(from, moved, sizeof(moved))) > 0)
		if (write(to, moved, (size_t)n) != n)
			break;
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
