/*
 * The directory of a channel, ch/ID: is it still there, and everything in its
 * place?  And the file `status' in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "channel/directory.h"
#include "session/exchange.h"
#include "session/names.h"
#include "session/private_internal.h"

char *
private_path(const struct session *s, const char *id)
{
	return xasprintf("%s/%s/%s/%s", s->place->rundir, s->name,
	    PRIVATE_NAME, id);
}

int
private_hold(struct private *p, int dir_fd)
{
	struct stat st;

	if (fstat(dir_fd, &st) == -1)
		return -1;
	p->inode = st.st_ino;
	p->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	return p->dir_fd == -1 ? -1 : 0;
}

int
private_dir_fd(const struct private *p)
{
	int ch_fd = private_ch_fd(p->s), fd = -1, error;
	struct stat st = { 0 };

	if (ch_fd == -1)
		return -1;
	fd = directory_open(ch_fd, p->id);
	error = errno;
	close(ch_fd);
	if (fd != -1 && (fstat(fd, &st) == -1 || st.st_ino != p->inode)) {
		error = st.st_ino == 0 ? errno : ENOENT;
		close(fd);
		fd = -1;
	}
	errno = error;
	return fd;
}

int
private_directory(const struct dialogue *d)
{
	return d->private != NULL ? private_dir_fd(d->private) :
	    directory_open(d->s->place->rundir_fd, d->s->name);
}

int
private_write_status(struct private *p, int dir_fd)
{
	struct directory_access access = names_access(p->s);
	const struct dialogue *d = p->d;
	char text[1024], safe[4 * sizeof(d->why.text) + 1] = "";

	if (d != NULL)
		words_vis(d->why.text, safe, sizeof(safe));
	snprintf(text, sizeof(text), "name=%s\nchannel=%s\nowner=%d\n"
	    "exchanges=%ju\nlast=%s\nerror=%s\nerror-status=%d\n",
	    p->s->name, p->id, (int)p->owner.pid,
	    d != NULL ? (uintmax_t)d->nexchanges : 0,
	    exchange_last_name(d != NULL ? d->last : LAST_NONE), safe,
	    d != NULL ? (int)d->why.fault : 0);
	return directory_write(dir_fd, "status", text, strlen(text), &access);
}

/* Where it cannot be told the former one stands, which is said once. */
static void
private_tell_status(struct private *p, int dir_fd)
{
	bool failed = private_write_status(p, dir_fd) == -1;

	if (failed && !p->status_failed)
		session_log(p->s, true, "ch/%s: status cannot be written: %s",
		    p->id, strerror(errno));
	p->status_failed = failed;
}

void
private_status(struct dialogue *d)
{
	int dir_fd;

	if (d->private == NULL)
		return;
	dir_fd = private_dir_fd(d->private);
	if (dir_fd == -1)
		return;
	private_tell_status(d->private, dir_fd);
	close(dir_fd);
}

static void
private_restored(const char *fifo, const char *what, void *arg)
{
	struct private *p = arg;

	session_log(p->s, true, "ch/%s: %s: %s; the FIFO was put back", p->id,
	    fifo, what);
	if (p->d == NULL)
		return;
	why_fail(&p->d->why, FAULT_REFUSED, "%s: %s; the FIFO was put back",
	    fifo, what);
	private_status(p->d);
}

/* Is it still there, and everything in its place? */
static void
private_look(void *arg)
{
	struct private *p = arg;
	int dir_fd = private_dir_fd(p), restored = -1, error = errno;
	const char *which;

	/* Who is in the middle of `rm -r' is not fought. */
	p->amiss = !p->amiss && dir_fd != -1 &&
	    !pair_in_place(&p->pair, dir_fd);
	if (p->amiss) {
		timer_set(&p->look, NAMES_AMISS_MS, private_look, p);
		close(dir_fd);
		return;
	}
	if (dir_fd != -1) {
		restored = pair_restore(&p->pair, dir_fd, private_restored, p,
		    &which);
		error = errno;
		close(dir_fd);
	}
	if (restored == -1 && private_is_gone(error))
		private_stop(p, "its directory was removed");
	else if (restored == -1 && error != EISDIR)
		timer_set(&p->look, PRIVATE_AGAIN_MS, private_look, p);
}

static void
private_touched(void *arg)
{
	struct private *p = arg;

	if (!p->look.set)
		timer_set(&p->look, NAMES_SETTLE_MS, private_look, p);
}

void
private_watch_names(struct private *p, const char *path)
{
	if (notice_add(&p->names, path, NOTICE_NAMES, private_touched, p) ==
	    -1)
		session_log(p->s, true, "ch/%s: cannot be watched: %s", p->id,
		    strerror(errno));
}
