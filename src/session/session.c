/*
 * A session that stands: what it is asked for, and what may have changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "session/dial.h"
#include "session/exchange.h"
#include "session/heir.h"
#include "session/listen.h"
#include "session/names.h"
#include "session/retry.h"
#include "session/session_internal.h"
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

void
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

void
session_go_on(struct session *s)
{
	if (s->left == NULL || s->state == SESSION_CLOSED)
		return;
	heir_go_on(s);
	session_turn(s);
}

static void
session_look_peer(struct session *peer, void *arg)
{
	(void)arg;
	session_turn(peer);
}

void
session_look(struct session *s)
{
	struct dialogue *d;

	listen_each(s, session_look_peer, NULL);
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
