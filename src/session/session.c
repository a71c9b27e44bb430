#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "keeper/keeper.h"
#include "session/ctl.h"
#include "session/dial.h"
#include "session/exchange.h"
#include "session/heir.h"
#include "session/join.h"
#include "session/listen.h"
#include "session/names.h"
#include "session/private.h"
#include "session/relay.h"
#include "session/retry.h"
#include "session/session_internal.h"
#include "session/sock.h"
#include "session/status.h"

#define SESSION_NAME_MAX 64

int
session_name_check(const char *name, struct why *why)
{
	static const char first[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t length = strlen(name), i;

	for (i = 0; i < length; i++) {
		if (strchr(first, name[i]) == NULL &&
		    (i == 0 || strchr(".@-", name[i]) == NULL))
			break;
	}
	if (length > 0 && length <= SESSION_NAME_MAX && i == length)
		return 0;
	return why_fail(why, FAULT_USAGE, "not a session's name: 1 to %d "
	    "letters, digits and . _ @ -, a letter, digit or _ first",
	    SESSION_NAME_MAX);
}

/* Whatever carries its bytes: anything may have changed. */
static void
session_turn(struct session *s)
{
	if (s->pool == NULL)
		flow_turn(s);
	else
		pool_turn(s);
	if (s->pool != NULL && s->pool->unpaired)
		post_resume(s);
}

bool
session_is_datagram(const struct session *s)
{
	return s->transport->flags & TRANSPORT_DATAGRAM;
}

/* --- beginning --- */

static void
session_prepare_dial(struct session *s)
{
	if (s->transport->accepts != NULL) {
		s->waits = s->transport;
		s->transport = transport_find(s->waits->accepts, NULL);
		s->dial.accepts = true;
	}
	s->dial.url = &s->url;
	s->dial.link = &s->options.link;
	s->dial.tls = &s->options.tls;
	s->dial.child = &s->options.child;
	s->dial.home = s->owner.home;
}

/* Look at everything that can be wrong before anything is made. */
static int
session_examine(struct session *s, struct why *why)
{
	if (session_name_check(s->name, why) == -1)
		return -1;
	s->transport = session_transport(s->url.scheme, why);
	if (s->transport == NULL ||
	    transport_check(s->transport, &s->url, why) == -1)
		return -1;
	if (keeper_group(s->options.channel.group, &s->gid, why) == -1)
		return -1;
	session_prepare_dial(s);
	if (link_prepare(s->transport, &s->dial, why) == -1)
		return -1;
	if (door_check(s, why) == -1)
		return -1;
	return pool_init(s, why);
}

int
session_check(const char *name, const struct url *url,
    const struct options *options, struct why *why)
{
	struct session s = { .name = xstrdup(name), .url = *url,
		.options = *options };
	int fine = session_examine(&s, why);

	pool_clear(&s);
	link_forget(s.transport, &s.dial);
	free(s.name);
	return fine;
}

/*
 * The FIFOs; in an exchange framing with the default channel's dialogue.  The
 * directory has its hidden name yet.
 */
static int
session_make_fifos(struct session *s, int dir_fd, struct why *why)
{
	const struct channel_options *options = &s->options.channel;
	char *path = xasprintf("%s/%s", s->place->rundir, s->name);
	struct pair_plan plan = { .dir_fd = dir_fd, .path = path,
		.options = options, .gid = s->gid,
		.ready = session_delivered, .owner.arg = s,
		.row = s->row, .left = s->left };
	int made;

	if (s->pool != NULL)
		made = join_own(s, &plan, why);
	else
		made = pair_make(&s->channel, &plan, why);
	free(path);
	if (made == -1 || s->place->parent != NULL)
		return made;
	return pair_make_fifo(&s->ctl_fifo, &plan, "ctl", LEDGER_CTL, why);
}

/* What a peer's has not. */
static int
session_make_rest(struct session *s, int dir_fd, struct why *why)
{
	if (private_make(s, dir_fd, why) == -1 ||
	    sock_make(s, dir_fd, why) == -1 ||
	    listen_make(s, dir_fd, why) == -1)
		return -1;
	if (s->left == NULL)
		session_log_begin(s, dir_fd);
	return 0;
}

static int
session_fill(struct session *s, int dir_fd, struct why *why)
{
	struct stat st;

	s->mode = s->options.channel.mode;
	if (session_make_fifos(s, dir_fd, why) == -1 ||
	    (s->place->parent == NULL &&
	    session_make_rest(s, dir_fd, why) == -1))
		return -1;
	if (fstat(dir_fd, &st) == -1)
		return why_fail(why, FAULT_REFUSED, "its directory: %s",
		    strerror(errno));
	s->inode = st.st_ino;
	if (status_begin(s, dir_fd) == -1 && s->left == NULL)
		return why_fail(why, FAULT_REFUSED, "its status cannot be "
		    "written: %s", strerror(errno));
	return 0;
}

/* One that a former engine has left; -1: there is none, or no more. */
static int
session_left_directory(struct session *s)
{
	s->left = s->place->parent != NULL ? NULL :
	    ledger_claim(LEDGER_SESSION, s->name, s->name);
	if (s->left != NULL)
		s->left->row = s->row;
	return s->left == NULL ? -1 : directory_open(s->place->rundir_fd,
	    s->name);
}

/* The directory, filled under its hidden name, and its appearance. */
static int
session_make_directory(struct session *s, struct why *why)
{
	int rundir_fd = s->place->rundir_fd, dir_fd, made;

	if ((dir_fd = session_left_directory(s)) != -1) {
		made = session_fill(s, dir_fd, why);
		close(dir_fd);
		return made;
	}
	s->left = NULL;
	dir_fd = directory_make(rundir_fd, s->name,
	    pair_directory_mode(&s->options.channel), s->gid, why);
	if (dir_fd == -1)
		return -1;
	made = session_fill(s, dir_fd, why);
	if (made == 0)
		made = directory_appear(rundir_fd, s->name, why);
	close(dir_fd);
	if (made == -1) {
		session_let_go(s);
		if (directory_remove(rundir_fd, s->name, 1) == -1)
			directory_remove(rundir_fd, s->name, 1);
	}
	return made;
}

/* One that is nothing yet but a name in a place. */
static struct session *
session_alloc(const char *name, const struct session_place *place,
    const struct session_owner *owner)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->name = xstrdup(name);
	s->place = place;
	s->owner = *owner;
	s->row = place->parent == NULL ?
	    ledger_new(LEDGER_SESSION, NULL, name) : ledger_none();
	pair_init(&s->channel);
	s->ctl_fifo.fd = -1;
	TAILQ_INIT(&s->branches);
	TAILQ_INIT(&s->dead_branches);
	TAILQ_INIT(&s->privates);
	clock_gettime(CLOCK_REALTIME, &s->since);
	return s;
}

struct session *
session_new_peer(const char *name, const struct session_place *place,
    const struct session_owner *owner, struct link *l)
{
	struct session *s = session_alloc(name, place, owner);
	struct session *parent = place->parent;

	url_copy(&s->url, &parent->url);
	option_copy(option_groups, &s->options, &parent->options);
	s->options.session.on_close = ON_CLOSE_EOF;
	s->transport = parent->transport;
	s->gid = parent->gid;
	s->state = SESSION_LISTENING;
	s->link = l;
	link_give(l, &(struct link_owner){ dial_changed, s, &s->why,
	    dial_note });
	if (session_make_directory(s, &parent->why) == -1) {
		session_free(s);
		return NULL;
	}
	if (names_watch(s, &parent->why) == -1) {
		directory_remove(place->rundir_fd, name, 0);
		session_free(s);
		return NULL;
	}
	dial_changed(l, s);
	return s;
}

struct session *
session_new(const char *name, struct url *url, struct options *options,
    const struct session_place *place, const struct session_owner *owner,
    struct why *why)
{
	struct session *s = session_alloc(name, place, owner);

	s->url = *url;
	s->options = *options;
	if (session_examine(s, why) == -1 ||
	    record_become(s, &s->options.record, why) == -1 ||
	    session_make_directory(s, why) == -1)
		goto fail;
	/* What a former engine watches still may be too much for both. */
	if (names_watch(s, why) == -1 && s->left == NULL) {
		directory_remove(place->rundir_fd, name, 0);
		goto fail;
	}
	memset(url, 0, sizeof(*url));
	memset(options, 0, sizeof(*options));
	relay_init(s);
	names_share(s);
	ctl_init(s);
	if (s->left != NULL)
		session_log(s, false, "taken over from an engine that died: "
		    "%s", s->url.text);
	if (s->owner.entered != NULL)
		s->owner.entered(s, SESSION_CLOSED, s->left == NULL ? "opened" :
		    "taken over from an engine that died", s->owner.arg);
	s->told = s->left != NULL || s->options.session.connect == CONNECT_ON_DEMAND ||
	    relay_each(s);
	status_changed(s);
	private_watch(s);
	sock_watch(s);
	door_init(s);
	if (s->left != NULL) {
		heir_begin(s);
		return s;
	}
	if (s->pool != NULL && !s->told)
		pool_start(s);
	else if (!s->told)
		dial_start(s, "");
	session_turn(s);
	return s;

fail:
	memset(&s->url, 0, sizeof(s->url));
	memset(&s->options, 0, sizeof(s->options));
	session_free(s);
	return NULL;
}

void
session_go_on(struct session *s)
{
	if (s->left == NULL || s->state == SESSION_CLOSED)
		return;
	heir_go_on(s);
	session_turn(s);
}

void
session_look(struct session *s)
{
	struct dialogue *d;

	if (s->pool != NULL)
		TAILQ_FOREACH(d, &s->pool->dialogues, entry)
			pool_look(d);
	session_turn(s);
}

void
session_has_alias(struct session *s, const char *path)
{
	free(s->alias);
	s->alias = xstrdup(path);
}

int
session_alias(struct session *s, const char *path, struct why *why)
{
	char *target = xasprintf("%s/%s", s->place->rundir, s->name);
	int made = keeper_symlink(target, path, s->place->rundir, why);

	free(target);
	if (made == -1)
		return -1;
	session_has_alias(s, path);
	return 0;
}

/* --- what an operator may ask --- */

void
session_reconnect(struct session *s)
{
	if (s->state == SESSION_CLOSING || s->state == SESSION_CLOSED)
		return;
	door_retry(s);
	if (s->pool != NULL) {
		pool_reconnect(s);
		return;
	}
	dial_drop(s);
	s->tries = 0;
	s->told = false;
	dial_start(s, "asked to reconnect");
	flow_turn(s);
}

int
session_eof(struct session *s, struct why *why)
{
	if (s->pool != NULL)
		return why_fail(why, FAULT_REFUSED, "a half-close is for "
		    "framing=stream: with framing=%s the connection is shared "
		    "by exchanges", s->options.session.framing);
	if (s->state != SESSION_UP)
		return why_fail(why, FAULT_REFUSED, "there is no connection "
		    "to half-close: the session is %s",
		    session_state_name(s->state));
	s->flow.eof_wanted = true;
	flow_turn(s);
	return 0;
}

void
session_discard(struct session *s)
{
	uint64_t n = s->pool != NULL ? pool_discard(s) : flow_discard(s);

	s->discarded += n;
	session_log(s, false, "discarded %ju bytes", (uintmax_t)n);
	status_changed(s);
	session_turn(s);
}

/* All options with this one changed, or none of them. */
static int
session_change(struct session *s, const char *key, const char *value,
    const char *cwd, struct why *why)
{
	struct options changed = { 0 };

	option_copy(option_groups, &changed, &s->options);
	if (option_set(option_groups, &changed, key, value, cwd, why) == -1 ||
	    session_imply(&s->url, &changed, why) == -1 ||
	    (s->place->parent == NULL &&
	    (door_change(s, &changed, why) == -1 ||
	    record_become(s, &changed.record, why) == -1))) {
		option_clear(option_groups, &changed);
		return -1;
	}
	option_clear(option_groups, &s->options);
	s->options = changed;
	return 0;
}

/* Links that are up read what they heed of the live options. */
static void
session_tune(struct session *s)
{
	if (s->pool != NULL)
		pool_tune(s);
	else if (s->link != NULL && s->link->told == LINK_UP)
		link_tune(s->link);
}

int
session_set(struct session *s, const char *key, const char *value,
    const char *cwd, struct why *why)
{
	const struct option_row *row = option_find(option_groups, key, NULL,
	    why);

	if (row == NULL)
		return -1;
	if (!row->live)
		return why_fail(why, FAULT_REFUSED, "%s cannot be changed "
		    "while the session stands: open it again with --replace",
		    key);
	if (session_change(s, key, value, cwd, why) == -1)
		return -1;
	names_share(s);
	session_log(s, false, "set %s=%s", key, value);
	listen_set(s, key, value);
	status_changed(s);
	session_tune(s);
	if (s->pool == NULL)
		retry_reconsider(s);
	if (s->owner.set != NULL)
		s->owner.set(s, s->owner.arg);
	session_turn(s);
	return 0;
}
