/*
 * How a private channel begins: a client has made its directory, or asks for
 * one, or a former engine had it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/directory.h"
#include "session/exchange.h"
#include "session/fan.h"
#include "session/heir.h"
#include "session/join.h"
#include "session/private_internal.h"
#include "session/relay.h"

/* Which number of its row is its owner's process id; the slots' is 0. */
#define PRIVATE_OWNER 1

/* What has the name of a FIFO before there is one, gives way to it. */
static void
private_make_room(struct private *p, int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    unlinkat(dir_fd, name, 0) == -1)
		return;
	session_log(p->s, true, "ch/%s: %s was there before its FIFO, as %s: "
	    "removed, %jd bytes were not sent", p->id, name,
	    S_ISREG(st.st_mode) ? "a regular file" : "something else",
	    (intmax_t)(S_ISREG(st.st_mode) ? st.st_size : 0));
	if (p->d != NULL)
		why_fail(&p->d->why, FAULT_REFUSED, "%s was no FIFO: removed, "
		    "what was in it was not sent", name);
}

/* Everything in its directory, `in` last. */
static int
private_fill(struct private *p, int dir_fd, const char *path,
    struct why *why)
{
	struct session *s = p->s;
	struct pair_plan plan = { .dir_fd = dir_fd, .path = path,
		.options = &s->options.channel, .gid = s->gid,
		.row = p->row, .left = p->left };
	struct channel_owner owner;

	/* First, so that what is refused below is known and removed. */
	if (p->dir_fd == -1 && private_hold(p, dir_fd) == -1)
		return why_fail(why, FAULT_REFUSED, "%s", strerror(errno));
	if (relay_each(s))
		return why_fail(why, FAULT_REFUSED, "with connections=each a "
		    "stream has channels by sock and listen alone");
	if (private_room(s, why) == -1)
		return -1;
	join_new(s, &p->d, &p->b, &owner);
	if (p->d != NULL) {
		p->d->private = p;
		p->d->row = p->row;
	} else {
		p->b->private = p;
	}
	if (p->left == NULL) {
		private_make_room(p, dir_fd, "out");
		private_make_room(p, dir_fd, "in");
	}
	if (private_write_status(p, dir_fd) == -1 && p->left == NULL)
		return why_fail(why, FAULT_REFUSED, "its status cannot be "
		    "written: %s", strerror(errno));
	if (join_pair(s, &p->pair, &plan, &owner, why) == -1)
		return -1;
	if (p->pair.slots != NULL) {
		close(p->dir_fd);
		p->dir_fd = -1;
	}
	join_begin(p->d, p->b, channel_fifo(&p->pair, &owner));
	if (p->left != NULL && p->d != NULL)
		heir_dialogue(p->d, p->left);
	if (s->state == SESSION_FAILED)
		private_finish(p, DELIVERY_FOR_GOOD);
	return 0;
}

void
private_adopt(struct session *s, int ch_fd, const char *id)
{
	char *path = private_path(s, id);
	int dir_fd = directory_open(ch_fd, id);
	struct private *p;
	struct why why;

	if (dir_fd == -1 && !private_is_gone(errno))
		private_ch_put_off(s);
	if (dir_fd != -1) {
		p = private_new(s, id);
		if (private_fill(p, dir_fd, path, &why) == -1) {
			private_stop(p, why.text);
		} else {
			private_watch_names(p, path);
			session_log(s, false, "ch/%s: opened", id);
		}
		close(dir_fd);
	}
	free(path);
}

static void
private_owner_ended(void *arg)
{
	struct private *p = arg;

	private_stop(p, "its owner has ended");
}

static int
private_owned(struct private *p, pid_t pid, struct why *why)
{
	p->row->number[PRIVATE_OWNER] = (uint64_t)pid;
	return pid == 0 ? 0 : owner_watch(&p->owner, pid, private_owner_ended,
	    p, why);
}

static void
private_inherit_one(struct session *s, struct ledger_left *left)
{
	int ch_fd = private_ch_fd(s), dir_fd = -1;
	char *path = private_path(s, left->name);
	struct private *p = private_new(s, left->name);
	struct why why = { 0 };

	p->left = left;
	if (ch_fd != -1) {
		dir_fd = directory_open(ch_fd, left->name);
		close(ch_fd);
	}
	if (dir_fd == -1 || private_hold(p, dir_fd) == -1)
		private_stop(p, "its directory was removed");
	else if (private_owned(p, (pid_t)left->number[PRIVATE_OWNER], &why) ==
	    -1 || private_fill(p, dir_fd, path, &why) == -1)
		private_stop(p, why.text);
	else
		private_watch_names(p, path);
	if (dir_fd != -1)
		close(dir_fd);
	free(path);
}

void
private_inherit(struct session *s)
{
	struct ledger_left *left;

	while ((left = ledger_claim(LEDGER_CHANNEL, s->name, NULL)) != NULL)
		if (session_name_check(left->name, NULL) == 0 &&
		    private_find(s, left->name) == NULL)
			private_inherit_one(s, left);
}

void
private_go_on(struct session *s)
{
	struct private *p;

	TAILQ_FOREACH(p, &s->privates, entry) {
		p->left = NULL;
		if (!p->ended)
			pair_go_on(&p->pair);
	}
	private_ch_touched(s);
}

const char *
private_open(struct session *s, pid_t pid, struct why *why)
{
	static unsigned next;
	char id[PRIVATE_ID + 1], *path;
	int ch_fd = private_ch_fd(s), dir_fd;
	struct private *p;

	if (ch_fd == -1) {
		why_fail(why, FAULT_REFUSED, "ch: %s", strerror(errno));
		return NULL;
	}
	do
		snprintf(id, sizeof(id), "%u", ++next);
	while (private_find(s, id) != NULL);
	dir_fd = directory_make(ch_fd, id,
	    pair_directory_mode(&s->options.channel), s->gid, why);
	if (dir_fd == -1) {
		close(ch_fd);
		return NULL;
	}
	p = private_new(s, id);
	path = private_path(s, id);
	if (private_owned(p, pid, why) == -1 ||
	    private_fill(p, dir_fd, path, why) == -1 ||
	    directory_appear(ch_fd, id, why) == -1) {
		directory_remove(ch_fd, id, 1);
		private_stop(p, why->text);
		p = NULL;
	} else {
		private_watch_names(p, path);
		if (pid != 0)
			session_log(s, false, "ch/%s: opened for process %d",
			    id, (int)pid);
		else
			session_log(s, false, "ch/%s: opened", id);
	}
	free(path);
	close(dir_fd);
	close(ch_fd);
	return p == NULL ? NULL : p->id;
}
