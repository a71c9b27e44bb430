/*
 * The directory ch/ of a session: made, and looked at when clients have made or
 * removed something in it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "session/names.h"
#include "session/private_internal.h"

int
private_ch_fd(const struct session *s)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", s->name, PRIVATE_NAME);
	return directory_open(s->place->rundir_fd, path);
}

/* Who may write to the FIFOs may make channels. */
static mode_t
private_ch_mode(const struct session *s)
{
	return pair_directory_mode(&s->options.channel) |
	    (s->options.channel.mode & 0022);
}

bool
private_is_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static void
private_ch_again(void *arg)
{
	struct session *s = arg;

	free(s->ch_later);
	s->ch_later = NULL;
	private_ch_touched(s);
}

void
private_ch_put_off(struct session *s)
{
	if (s->ch_later != NULL)
		return;
	session_log(s, true, "ch: cannot be looked at: %s (tried again in a "
	    "second)", strerror(errno));
	s->ch_later = xcalloc(1, sizeof(*s->ch_later));
	timer_set(s->ch_later, PRIVATE_AGAIN_MS, private_ch_again, s);
}

/* A name that no channel can have is noted, once. */
static void
private_ignore(struct session *s, int ch_fd, const char *name)
{
	int dir_fd = directory_open(ch_fd, name);
	struct private *p;

	if (dir_fd == -1)
		return;
	session_log(s, true, "ch/%s: not a channel's name", name);
	p = private_new(s, name);
	p->ended = true;
	private_hold(p, dir_fd);
	close(dir_fd);
}

/* Which of ours are gone? */
static void
private_ch_gone(struct session *s, int ch_fd)
{
	struct private *p, *next;

	for (p = TAILQ_FIRST(&s->privates); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (ch_fd != -1 && directory_is(ch_fd, p->id, p->inode))
			continue;
		if (p->ended && p->d == NULL && p->b == NULL)
			private_forget(p);
		else
			private_stop(p, "its directory was removed");
	}
}

/* Which of ours are gone, and which are new? */
static void
private_ch_look(void *arg)
{
	struct session *s = arg;
	int ch_fd = private_ch_fd(s);
	struct dirent *e;
	DIR *dir;

	if (ch_fd == -1 && !private_is_gone(errno)) {
		private_ch_put_off(s);
		return;
	}
	private_ch_gone(s, ch_fd);
	if (ch_fd == -1)
		return;
	if ((dir = fdopendir(ch_fd)) == NULL) {
		private_ch_put_off(s);
		close(ch_fd);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || private_find(s, e->d_name) != NULL)
			continue;
		if (session_name_check(e->d_name, NULL) == 0)
			private_adopt(s, dirfd(dir), e->d_name);
		else
			private_ignore(s, dirfd(dir), e->d_name);
	}
	closedir(dir);
}

void
private_ch_touched(void *arg)
{
	struct session *s = arg;

	deferred_queue(&s->ch_look, private_ch_look, s);
}

void
private_mode(struct session *s)
{
	mode_t mode = pair_directory_mode(&s->options.channel);
	struct directory_access access = names_access(s);
	int ch_fd = private_ch_fd(s), dir_fd;
	struct private *p;

	TAILQ_FOREACH(p, &s->privates, entry) {
		if (p->ended || (dir_fd = private_dir_fd(p)) == -1)
			continue;
		pair_mode(&p->pair, s->options.channel.mode);
		fchmod(dir_fd, mode);
		directory_share(dir_fd, &access);
		close(dir_fd);
	}
	if (ch_fd == -1)
		return;
	fchmod(ch_fd, private_ch_mode(s));
	close(ch_fd);
}

int
private_make(struct session *s, int dir_fd, struct why *why)
{
	mode_t mode = private_ch_mode(s);

	if ((mkdirat(dir_fd, PRIVATE_NAME, 0700) == -1 &&
	    (s->left == NULL || errno != EEXIST)) ||
	    (s->gid != (gid_t)-1 && fchownat(dir_fd, PRIVATE_NAME, (uid_t)-1,
	    s->gid, 0) == -1) ||
	    ((mode != 0700 || s->left != NULL) &&
	    fchmodat(dir_fd, PRIVATE_NAME, mode, 0) == -1))
		return why_fail(why, FAULT_REFUSED, "ch: %s",
		    strerror(errno));
	return 0;
}

void
private_watch(struct session *s)
{
	char *path = xasprintf("%s/%s/%s", s->place->rundir, s->name,
	    PRIVATE_NAME);

	if (notice_add(&s->ch, path, NOTICE_NAMES, private_ch_touched, s) ==
	    -1)
		session_log(s, true, "ch: cannot be watched: %s",
		    strerror(errno));
	free(path);
}

void
private_clear(struct session *s)
{
	struct private *p, *next;

	notice_clear(&s->ch);
	deferred_clear(&s->ch_look);
	if (s->ch_later != NULL)
		timer_clear(s->ch_later);
	free(s->ch_later);
	s->ch_later = NULL;
	for (p = TAILQ_FIRST(&s->privates); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->ended && p->d == NULL && p->b == NULL)
			private_forget(p);
	}
}
