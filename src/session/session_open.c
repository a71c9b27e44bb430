/*
 * How a session begins: everything that can be wrong is looked at, then its
 * directory is made, or taken over from a former engine.
 */
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
#include "session/session_internal.h"
#include "session/sock.h"
#include "session/state.h"
#include "session/status.h"

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
	/* What a former engine wrote stands until the end of this turn. */
	if (s->left == NULL && status_begin(s, dir_fd) == -1)
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
	if (s->left != NULL && errno != ENOENT && errno != ENOTDIR)
		return why_fail(why, FAULT_REFUSED, "its directory cannot be "
		    "opened: %s", strerror(errno));
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
	    ledger_new(LEDGER_SESSION, NULL, name) :
	    ledger_new(LEDGER_ACCEPTED, place->parent->row, name);
	pair_init(&s->channel);
	s->ctl_fifo.fd = -1;
	TAILQ_INIT(&s->branches);
	TAILQ_INIT(&s->dead_branches);
	TAILQ_INIT(&s->privates);
	state_began(s);
	return s;
}

static struct session *
session_alloc_peer(const char *name, const struct session_place *place,
    const struct session_owner *owner)
{
	struct session *s = session_alloc(name, place, owner);
	struct session *parent = place->parent;

	url_copy(&s->url, &parent->url);
	option_copy(option_groups, &s->options, &parent->options);
	s->options.session.on_close = ON_CLOSE_EOF;
	s->transport = parent->transport;
	s->gid = parent->gid;
	s->state = SESSION_LISTENING;
	return s;
}

struct session *
session_inherit_peer(const char *name, const struct session_place *place,
    const struct session_owner *owner, struct ledger_left *left)
{
	struct session *s = session_alloc_peer(name, place, owner);
	int dir_fd = directory_open(place->rundir_fd, name);
	struct why why;

	s->left = left;
	left->row = s->row;
	session_prepare_dial(s);
	if (dir_fd == -1 || session_fill(s, dir_fd, &why) == -1) {
		if (dir_fd != -1)
			close(dir_fd);
		session_free(s);
		return NULL;
	}
	close(dir_fd);
	status_changed(s);
	heir_begin(s);
	return s;
}

struct session *
session_new_peer(const char *name, const struct session_place *place,
    const struct session_owner *owner, struct link *l)
{
	struct session *s = session_alloc_peer(name, place, owner);
	struct session *parent = place->parent;

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

/* Trouble with it is never the end of a session that stood. */
static int
session_record(struct session *s, struct why *why)
{
	if (record_become(s, &s->options.record, why) == 0)
		return 0;
	if (!ledger_has(LEDGER_SESSION, s->name, s->name))
		return -1;
	record_inherit(s, &s->options.record, why->text);
	return 0;
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
	    session_record(s, why) == -1 ||
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
		session_log(s, false, "taken over from the engine before: %s",
		    s->url.text);
	if (s->owner.entered != NULL)
		s->owner.entered(s, SESSION_CLOSED, s->left == NULL ? "opened" :
		    "taken over from the engine before", s->owner.arg);
	s->told = s->left != NULL || relay_each(s) ||
	    s->options.session.connect == CONNECT_ON_DEMAND;
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
