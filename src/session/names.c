#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "session/dial.h"
#include "session/names.h"
#include "session/private.h"
#include "session/sock.h"
#include "session/status.h"

/* How soon a FIFO that cannot be put back is tried again. */
#define NAMES_AGAIN_MS 1000

static void
names_restored(const char *fifo, const char *what, void *arg)
{
	struct session *s = arg;

	why_fail(&s->why, FAULT_REFUSED, "%s: %s; the FIFO was put back",
	    fifo, what);
	dial_failure(s);
	session_log(s, true, "%s", s->why.text);
}

/* Said once, not each time that it is tried again. */
static void
names_not_restored(struct session *s, const char *fifo, const char *error)
{
	struct why why;

	why_fail(&why, FAULT_REFUSED, "%s: cannot be put back: %s", fifo,
	    error);
	if (strcmp(why.text, s->why.text) == 0)
		return;
	s->why = why;
	dial_failure(s);
	session_log(s, true, "%s", why.text);
}

static int
names_restore(struct session *s, int dir_fd, const char **which)
{
	const char *what;
	int restored;

	if (pair_restore(&s->channel, dir_fd, names_restored, s, which) == -1)
		return -1;
	if (s->place->parent != NULL)
		return 0;
	*which = s->ctl_fifo.name;
	restored = fifo_restore(&s->ctl_fifo, dir_fd, &what);
	if (restored == 1)
		names_restored(*which, what, s);
	return restored == -1 ? -1 : 0;
}

static bool
names_in_place(const struct session *s, int dir_fd)
{
	return pair_in_place(&s->channel, dir_fd) &&
	    (s->place->parent != NULL || fifo_in_place(&s->ctl_fifo, dir_fd));
}

/* Is the directory still ours, and everything in its place? */
static void
names_look(void *arg)
{
	struct session *s = arg;
	int dir_fd = -1, restored = -1;
	bool was_amiss = s->amiss;
	const char *which = "";

	errno = ENOENT;
	if (directory_is(s->place->rundir_fd, s->name, s->inode))
		dir_fd = directory_open(s->place->rundir_fd, s->name);
	s->amiss = false;
	if (dir_fd != -1 && was_amiss) {
		restored = names_restore(s, dir_fd, &which);
	} else if (dir_fd != -1 && names_in_place(s, dir_fd)) {
		restored = 0;
	} else if (dir_fd != -1) {
		s->amiss = true;
		timer_set(&s->look, NAMES_AMISS_MS, names_look, s);
		close(dir_fd);
		return;
	}
	if (restored == -1 && errno == ENOENT) {
		session_log(s, true, "its directory was removed");
		session_close(s, true);
	} else if (restored == -1) {
		/* A directory in its place: its removal will be told. */
		if (errno != EISDIR)
			timer_set(&s->look, NAMES_AGAIN_MS, names_look, s);
		names_not_restored(s, which, strerror(errno));
	} else {
		status_flush(s);
	}
	if (dir_fd != -1)
		close(dir_fd);
}

static void
names_changed(void *arg)
{
	struct session *s = arg;

	if (!s->look.set)
		timer_set(&s->look, NAMES_SETTLE_MS, names_look, s);
}

void
names_again(struct session *s)
{
	if (!s->look.set)
		timer_set(&s->look, NAMES_AGAIN_MS, names_look, s);
}

int
names_watch(struct session *s, struct why *why)
{
	char *path = xasprintf("%s/%s", s->place->rundir, s->name);
	int watched = notice_add(&s->names, path, NOTICE_NAMES,
	    names_changed, s);

	free(path);
	if (watched == -1)
		return why_fail(why, FAULT_REFUSED, "its directory cannot be "
		    "watched: %s%s", strerror(errno), errno == ENOSPC ?
		    " (raise fs.inotify.max_user_watches)" : "");
	return 0;
}

void
names_inherit(struct session *s)
{
	struct why why;

	if (!s->names.active && names_watch(s, &why) == -1)
		session_log(s, true, "%s", why.text);
	names_changed(s);
}

/* While any session is shared, others must pass through the run directory. */
static void
names_count_shared(struct session *s, bool shared)
{
	static size_t nshared;

	if (shared == s->shared || s->place->parent != NULL)
		return;
	s->shared = shared;
	nshared += shared ? 1 : (size_t)-1;
	keeper_rundir_share(s->place->rundir_fd, nshared > 0);
}

void
names_forget(struct session *s)
{
	notice_clear(&s->names);
	timer_clear(&s->look);
	names_count_shared(s, false);
}

struct directory_access
names_access(const struct session *s)
{
	return (struct directory_access){
		.mode = pair_file_mode(&s->options.channel), .gid = s->gid };
}

void
names_share(struct session *s)
{
	mode_t mode = pair_directory_mode(&s->options.channel);
	struct directory_access access = names_access(s);
	int dir_fd;

	names_count_shared(s, mode != 0700);
	if (s->mode == s->options.channel.mode)
		return;
	s->mode = s->options.channel.mode;
	pair_mode(&s->channel, s->mode);
	fchmod(s->ctl_fifo.fd, s->mode);
	private_mode(s);
	dir_fd = directory_open(s->place->rundir_fd, s->name);
	if (dir_fd == -1)
		return;
	fchmod(dir_fd, mode);
	sock_mode(s, dir_fd);
	directory_share(dir_fd, &access);
	close(dir_fd);
}
