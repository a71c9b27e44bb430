/*
 * How a session ends: what is under way has its time, then its directory goes,
 * and what clients hold of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "channel/directory.h"
#include "keeper/keeper.h"
#include "session/ctl.h"
#include "session/dial.h"
#include "session/exchange.h"
#include "session/fan.h"
#include "session/listen.h"
#include "session/names.h"
#include "session/private.h"
#include "session/relay.h"
#include "session/session_internal.h"
#include "session/sock.h"
#include "session/state.h"

/* How long `close` waits for what is in `in` to reach the peer. */
#define SESSION_DRAIN_MS 10000
/* How often it looks whether the peer has acknowledged the last byte. */
#define SESSION_DRAIN_LOOK_MS 20

void
session_let_go(struct session *s)
{
	door_close(s);
	relay_clear(s);
	private_clear(s);
	sock_clear(s);
	fan_clear(s);
	fifo_close(&s->ctl_fifo);
	pair_clear(&s->channel);
}

static void
session_remove_alias(struct session *s)
{
	char *target;

	if (s->alias == NULL)
		return;
	target = xasprintf("%s/%s", s->place->rundir, s->name);
	if (keeper_symlink_remove(target, s->alias) == -1)
		session_log(s, true, "its link %s cannot be removed: %s",
		    s->alias, strerror(errno));
	free(target);
}

/* -1: it is there yet, or has gone before. */
static int
session_remove_directory(struct session *s)
{
	int left;

	if (!directory_is(s->place->rundir_fd, s->name, s->inode))
		return -1;
	left = directory_remove(s->place->rundir_fd, s->name, 0);
	if (left == 1)
		log_warn("%s: %s/%s holds files that are not ours and stays",
		    s->name, s->place->rundir, s->name);
	return left;
}

/*
 * The directory goes, and what clients hold of it.  Without a descriptor to do
 * the first, those of the second are waited for.
 */
static void
session_vanish(struct session *s)
{
	int left = session_remove_directory(s);

	session_let_go(s);
	if (left == -1 && session_remove_directory(s) == -1 &&
	    directory_is(s->place->rundir_fd, s->name, s->inode))
		log_warn("%s: %s/%s cannot be removed: %s", s->name,
		    s->place->rundir, s->name, strerror(errno));
}

/* The end: nothing is waited for any more. */
static void
session_end(struct session *s)
{
	size_t left = fifo_waiting(s->channel.in.fd);

	names_forget(s);
	ctl_clear(s);
	if (left > 0)
		session_log(s, true, "%zu bytes in `in' were not sent", left);
	s->flow.lost += left;
	dial_drop(s);
	listen_clear(s);
	state_enter(s, SESSION_CLOSED, "%s", "");
	flow_clear(s);
	fan_clear(s);
	if (s->pool != NULL)
		pool_stop(s);
	session_remove_alias(s);
	session_vanish(s);
}

/*
 * Closing: what is in `in` goes to the peer, then an end of file, and when
 * the peer's kernel has acknowledged it all, or time is up, the end.
 */
static void
session_drain(void *arg)
{
	struct session *s = arg;
	int64_t left = s->drained_ms - loop_now_ms();

	s->flow.eof_wanted = true;
	flow_turn(s);
	if (s->state != SESSION_CLOSING)
		return;
	if (left <= 0 || s->flow.deaf || (s->link->finished &&
	    link_pending(s->link) == 0 && link_unacknowledged(s->link) == 0))
		session_end(s);
	else
		timer_set(&s->deadline,
		    left < SESSION_DRAIN_LOOK_MS ? left :
		    SESSION_DRAIN_LOOK_MS, session_drain, s);
}

/* What is under way has had its time. */
static void
session_late(void *arg)
{
	session_end(arg);
}

void
session_delivered(void *arg)
{
	struct session *s = arg;

	flow_turn(s);
	if (s->place->parent != NULL && s->state == SESSION_CLOSING &&
	    s->link == NULL)
		timer_set(&s->deadline, 0, session_late, s);
}

static void
session_unread(void *arg)
{
	struct session *s = arg;
	uint64_t n = flow_queued(s) - fifo_waiting(s->channel.in.fd);

	session_log(s, true, "what it said was not read within "
	    "timeout-read=%g s: %ju bytes are discarded",
	    s->options.session.timeout_read / 1000.0, (uintmax_t)n);
	session_end(s);
}

void
session_depart(struct session *s, const char *reason)
{
	state_enter(s, SESSION_CLOSING, "%s", reason);
	timer_set(&s->deadline, s->options.session.timeout_read,
	    session_unread, s);
	s->end_owed = true;
	flow_turn(s);
}

/* Relays have their time, too; then the rest has. */
static void
session_await_relays(void *arg)
{
	struct session *s = arg;
	int64_t left = s->drained_ms - loop_now_ms();

	if (relay_count(s) > 0 && left > 0)
		timer_set(&s->deadline, left < SESSION_DRAIN_LOOK_MS ? left :
		    SESSION_DRAIN_LOOK_MS, session_await_relays, s);
	else if (flow_has_link(s))
		session_drain(s);
	else
		session_end(s);
}

void
session_close(struct session *s, bool now)
{
	bool up = s->link != NULL && s->link->told == LINK_UP;

	door_close(s);
	if (s->state == SESSION_CLOSED || (s->state == SESSION_CLOSING && !now))
		return;
	if (s->pool != NULL && !now) {
		pool_drain(s);
		up = pool_busy(s);
	}
	if (s->pool != NULL && (!now || s->state == SESSION_CLOSING))
		pool_farewell(s);
	if (!now && listen_drain(s)) {
		state_enter(s, SESSION_CLOSING, "%s", "");
		timer_set(&s->deadline, SESSION_DRAIN_MS, session_late, s);
		return;
	}
	if (now || (!up && relay_count(s) == 0)) {
		session_end(s);
		return;
	}
	state_enter(s, SESSION_CLOSING, "%s", "");
	s->drained_ms = loop_now_ms() + SESSION_DRAIN_MS;
	if (s->pool != NULL)
		timer_set(&s->deadline, SESSION_DRAIN_MS, session_late, s);
	else
		session_await_relays(s);
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	flow_clear(s);
	mirror_clear(s);
	ctl_clear(s);
	timer_clear(&s->deadline);
	deferred_clear(&s->settle);
	names_forget(s);
	listen_clear(s);
	link_free(s->link);
	session_let_go(s);
	pool_clear(s);
	door_clear(s);
	link_forget(s->transport, &s->dial);
	url_clear(&s->url);
	option_clear(option_groups, &s->options);
	ledger_free(s->row);
	free(s->alias);
	free(s->name);
	free(s);
}
