#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "session/dial.h"
#include "session/heir.h"
#include "session/listen.h"
#include "session/names.h"
#include "session/private.h"
#include "session/retry.h"
#include "session/state.h"
#include "session/status.h"

void
dial_failure(struct session *s)
{
	clock_gettime(CLOCK_REALTIME, &s->why_since);
	s->nfailures++;
	status_changed(s);
}

void
dial_write_certificates(struct session *s, const struct link *l)
{
	char *pem = link_certificates(l);
	struct directory_access access = names_access(s);
	int dir_fd;

	if (pem == NULL)
		return;
	dir_fd = directory_open(s->place->rundir_fd, s->name);
	if (dir_fd != -1) {
		if (directory_write(dir_fd, "peer.pem", pem, strlen(pem),
		    &access) == -1)
			session_log(s, true, "peer.pem: %s",
			    strerror(errno));
		close(dir_fd);
	}
	free(pem);
}

/* So many links under way at once leave memory behind that is worth it. */
#define DIAL_BURST 64

/* How many links are under way, and the most since there was none. */
static struct {
	size_t now, most;
} dial_count;

static void
dial_begun(struct session *s)
{
	s->dialling = true;
	dial_count.now++;
	if (dial_count.most < dial_count.now)
		dial_count.most = dial_count.now;
}

static void
dial_over(struct session *s)
{
	if (!s->dialling)
		return;
	s->dialling = false;
	if (--dial_count.now > 0)
		return;
	if (dial_count.most >= DIAL_BURST)
		xtrim();
	dial_count.most = 0;
}

void
dial_describe(struct session *s, struct link *l, char *out, size_t size)
{
	char peer[160] = "", tls[96] = "", trace[128];

	link_fact(l, LINK_PEER, peer, sizeof(peer));
	link_fact(l, LINK_TLS, tls, sizeof(tls));
	s->up_in_us = link_trace(l, trace, sizeof(trace));
	snprintf(out, size, "%s%s%s%s%s", peer, *tls ? ", " : "", tls,
	    *trace ? ", in " : "", trace);
}

void
dial_linked(struct session *s, const struct link *l)
{
	s->nreconnects += s->linked && s->waits == NULL && !l->inherited;
	s->nlinks++;
	s->linked = true;
}

static void
dial_up(struct session *s)
{
	char text[400];

	dial_over(s);
	if (s->link->transport->flags & TRANSPORT_LIVES &&
	    link_is_plain(s->link))
		s->row->fd[LEDGER_PEER] = s->link->fd;
	dial_describe(s, s->link, text, sizeof(text));
	dial_linked(s, s->link);
	s->told = true;
	s->up_ms = loop_now_ms();
	s->up_bytes = s->flow.to_client.bytes;
	s->up_sent = s->flow.to_peer.bytes;
	s->end_owed = false;
	if (!s->engine_lost)
		why_clear(&s->why);
	state_enter(s, SESSION_UP, "%s", text);
	dial_write_certificates(s, s->link);
	delivery_resume(&s->channel.out);
	private_deliver_resume(s);
	status_flush(s);
	flow_turn(s);
}

/* Whoever wants to know why looks at the certificate that was refused. */
static void
dial_refused(struct session *s)
{
	if (s->why.fault == FAULT_CERTIFICATE)
		dial_write_certificates(s, s->link);
	retry_attempt_failed(s);
}

void
dial_changed(struct link *l, void *arg)
{
	static const enum session_state states[] = {
		[LINK_RESOLVING] = SESSION_RESOLVING,
		[LINK_CONNECTING] = SESSION_CONNECTING,
		[LINK_HANDSHAKE] = SESSION_HANDSHAKE,
	};
	struct session *s = arg;

	if (l->phase == LINK_UP)
		dial_up(s);
	else if (l->phase == LINK_NEWS)
		flow_turn(s);
	else if (l->phase == LINK_FAILED)
		dial_refused(s);
	else
		state_enter(s, states[l->phase], "%s", "");
}

void
dial_note(void *arg, const char *text)
{
	session_log(arg, false, "%s", text);
}

void
dial_late(const struct session *s, const struct link *l, struct why *why)
{
	const char *silent = link_waits_for(l);

	why_fail(why, FAULT_TIMEOUT, "no connection within "
	    "timeout-connect=%g s: still %s%s%s%s",
	    s->options.link.timeout_connect / 1000.0,
	    session_state_name(s->state), silent != NULL ? ": " : "",
	    silent != NULL ? silent : "",
	    silent != NULL ? " does not answer" : "");
}

void
dial_timeout(void *arg)
{
	struct session *s = arg;

	dial_late(s, s->link, &s->why);
	retry_attempt_failed(s);
}

/* What cannot be read now, perhaps because it is being written, can wait. */
void
dial_refresh(struct session *s)
{
	struct why why;

	if (s->transport->refresh != NULL &&
	    s->transport->refresh(&s->dial, &why) == -1)
		session_log(s, true, "%s; what was read before stays in use",
		    why.text);
}

void
dial_start(struct session *s, const char *reason)
{
	if (s->waits != NULL) {
		listen_start(s, reason);
		return;
	}
	state_enter(s, SESSION_RESOLVING, "%s", reason);
	timer_set(&s->deadline, s->options.link.timeout_connect,
	    dial_timeout, s);
	dial_refresh(s);
	dial_begun(s);
	s->link = link_new(s->transport, &s->dial, dial_changed, s,
	    &s->why, dial_note);
}

void
dial_inherit(struct session *s, int fd)
{
	timer_set(&s->deadline, s->options.link.timeout_connect,
	    dial_timeout, s);
	dial_begun(s);
	s->link = link_inherit(&s->dial, fd, &(struct link_owner){
	    dial_changed, s, &s->why, dial_note });
	state_enter(s, SESSION_HANDSHAKE, "its connection is taken over");
}

/* Of those that `in` gave to this link: on the wire TLS adds its own. */
static uint64_t
dial_unacknowledged(const struct session *s)
{
	uint64_t sent = s->flow.to_peer.bytes - s->up_sent;
	uint64_t n = link_unacknowledged(s->link);

	return n < sent ? n : sent;
}

static void
dial_say_lost(struct session *s, uint64_t unsent, uint64_t unacknowledged)
{
	char first[48] = "", then[72] = "";

	if (unsent > 0)
		snprintf(first, sizeof(first), "; %ju bytes were not sent",
		    (uintmax_t)unsent);
	if (unacknowledged > 0)
		snprintf(then, sizeof(then), "%s%ju %ssent but not "
		    "acknowledged", unsent > 0 ? ", " : "; ",
		    (uintmax_t)unacknowledged, unsent > 0 ? "" :
		    "bytes were ");
	strlcat(s->why.text, first, sizeof(s->why.text));
	strlcat(s->why.text, then, sizeof(s->why.text));
}

/*
 * What is lost with a link is said: bytes taken and not sent, and bytes that
 * the peer's kernel has not acknowledged.
 */
void
dial_drop(struct session *s)
{
	uint64_t unsent = 0, unacknowledged = 0;

	if (s->link == NULL)
		return;
	if (s->link->told == LINK_UP) {
		unsent = flow_link_down(s);
		unacknowledged = dial_unacknowledged(s);
	}
	s->engine_lost = false;
	s->row->fd[LEDGER_PEER] = -1;
	s->row->number[HEIR_TO_PEER] = 0;
	link_free(s->link);
	s->link = NULL;
	dial_over(s);
	s->discarded += unsent;
	s->flow.lost += unsent;
	if (s->place->parent != NULL) {
		s->place->parent->flow.lost += unsent;
		s->place->parent->uncertain += unacknowledged;
	}
	s->uncertain += unacknowledged;
	if (unsent + unacknowledged == 0)
		return;
	if (s->why.fault == FAULT_NONE)
		why_fail(&s->why, FAULT_RECEIVE, "the connection has ended");
	dial_say_lost(s, unsent, unacknowledged);
	dial_failure(s);
	session_log(s, true, "%s", s->why.text);
}

void
dial_deliver_end(struct session *s)
{
	unsigned how = 0;
	char *path;
	int dir_fd;

	s->end_owed = false;
	if (s->options.session.on_close == ON_CLOSE_EOF)
		how |= DELIVERY_KEEP;
	if (s->state == SESSION_FAILED)
		how |= DELIVERY_FOR_GOOD;
	dir_fd = directory_open(s->place->rundir_fd, s->name);
	if (dir_fd == -1)
		return;
	path = xasprintf("%s/%s/out", s->place->rundir, s->name);
	status_flush(s);
	delivery_end(&s->channel.out, dir_fd, path, how);
	free(path);
	private_deliver_end(s, how);
}
