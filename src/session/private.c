/*
 * The private channels of a session: which there are, and how one ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "session/door.h"
#include "session/exchange.h"
#include "session/fan.h"
#include "session/join.h"
#include "session/private_internal.h"
#include "session/relay.h"

struct private *
private_find(const struct session *s, const char *id)
{
	struct private *p;

	TAILQ_FOREACH(p, &s->privates, entry)
		if (strcmp(p->id, id) == 0)
			return p;
	return NULL;
}

void
private_stop(struct private *p, const char *reason)
{
	if (p->ended)
		return;
	p->ended = true;
	session_log(p->s, false, "ch/%s: closed: %s", p->id, reason);
	if (p->d != NULL || p->b != NULL)
		join_end(p->d, p->b);
	else
		private_free(p);
}

const char *
private_name(const struct private *p)
{
	static char name[PRIVATE_ID + 8];

	if (p == NULL)
		return "sock: ";
	snprintf(name, sizeof(name), "%s/%s: ", PRIVATE_NAME, p->id);
	return name;
}

struct pair *
private_pair(struct private *p)
{
	return p == NULL ? NULL : &p->pair;
}

const char *
private_who(const struct dialogue *d)
{
	if (d == d->s->pool->own)
		return "";
	return d->private == NULL && d->channel->once ? "request: " :
	    private_name(d->private);
}

void
private_forget(struct private *p)
{
	TAILQ_REMOVE(&p->s->privates, p, entry);
	ledger_free(p->row);
	if (p->dir_fd != -1)
		close(p->dir_fd);
	free(p->id);
	free(p);
}

/* Its directory goes; false: it holds files of others, and is left alone. */
static bool
private_remove(struct private *p)
{
	int ch_fd = private_ch_fd(p->s);
	bool stays = ch_fd != -1 && directory_is(ch_fd, p->id, p->inode) &&
	    directory_remove(ch_fd, p->id, 0) != 0;

	if (ch_fd != -1)
		close(ch_fd);
	if (stays && p->s->ch.active)
		session_log(p->s, true, "ch/%s: holds files that are not "
		    "ours, and stays", p->id);
	return !stays;
}

void
private_free(struct private *p)
{
	struct session *s;
	bool known;

	if (p == NULL)
		return;
	s = p->s;
	p->ended = true;
	p->d = NULL;
	p->b = NULL;
	notice_clear(&p->names);
	timer_clear(&p->look);
	owner_clear(&p->owner);
	/* What is left alone must be known, or it would be a channel anew. */
	if (private_remove(p) || !s->ch.active) {
		known = p->inode != 0;
		pair_clear(&p->pair);
		private_forget(p);
		if (s->ch.active && known)
			private_ch_touched(s);
		else if (s->ch.active)
			private_ch_put_off(s);
		return;
	}
	if (p->dir_fd == -1)
		p->dir_fd = private_dir_fd(p);
	pair_clear(&p->pair);
	/* The next engine is to leave it alone, too. */
	ledger_free(p->row);
	p->row = NULL;
}

void
private_finish(struct private *p, unsigned how)
{
	struct channel *c = p->d != NULL ? p->d->channel : p->b->channel;
	char *path;
	int dir_fd;

	if (p->pair.slots != NULL) {
		channel_finish(c, false);
		return;
	}
	if ((dir_fd = private_dir_fd(p)) == -1)
		return;
	watch_want(&c->writable, false);
	path = xasprintf("%s/%s/%s/%s/out", p->s->place->rundir, p->s->name,
	    PRIVATE_NAME, p->id);
	delivery_end(&p->pair.out, dir_fd, path, how);
	free(path);
}

struct private *
private_new(struct session *s, const char *id)
{
	struct private *p = xcalloc(1, sizeof(*p));

	p->s = s;
	p->id = xstrdup(id);
	p->row = ledger_new(LEDGER_CHANNEL, s->row, id);
	p->dir_fd = -1;
	pair_init(&p->pair);
	TAILQ_INSERT_TAIL(&s->privates, p, entry);
	return p;
}

int
private_close(struct session *s, const char *id, struct why *why)
{
	struct private *p = private_find(s, id);

	if (p == NULL || p->ended)
		return why_fail(why, FAULT_REFUSED, "there is no channel %s",
		    id);
	private_stop(p, "as asked");
	return 0;
}

void
private_deliver_end(struct session *s, unsigned how)
{
	struct branch *b, *next;
	struct private *p;

	for (b = TAILQ_FIRST(&s->branches); b != NULL; b = next) {
		next = TAILQ_NEXT(b, entry);
		if (b->private == NULL)
			fan_end(b);
	}
	TAILQ_FOREACH(p, &s->privates, entry)
		if (!p->ended && p->pair.slots == NULL)
			private_finish(p, how);
}

void
private_deliver_resume(struct session *s)
{
	struct private *p;

	TAILQ_FOREACH(p, &s->privates, entry)
		if (!p->ended && p->pair.slots == NULL)
			delivery_resume(&p->pair.out);
}

size_t
private_count(const struct session *s)
{
	const struct dialogue *d;
	const struct branch *b;
	size_t n = 0;

	if (s->pool != NULL)
		TAILQ_FOREACH(d, &s->pool->dialogues, entry)
			n += d != s->pool->own;
	TAILQ_FOREACH(b, &s->branches, entry)
		n++;
	return n + relay_count(s);
}

int
private_room(const struct session *s, struct why *why)
{
	size_t n = private_count(s), guests = door_clients(s);

	if (xalloc_short())
		return why_fail(why, FAULT_REFUSED, "the broker has no memory "
		    "left for another channel");
	if (n < guests + (size_t)s->options.session.max_channels)
		return 0;
	return why_fail(why, FAULT_REFUSED, "it has %zu channels, as many as "
	    "max-channels=%d allows", n - guests,
	    s->options.session.max_channels);
}
