#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "session/dial.h"
#include "session/heir.h"
#include "session/listen.h"
#include "session/peers.h"
#include "session/status.h"
#include "transport/hub.h"

/* What a session for a peer takes: its FIFOs, for a moment its directory. */
#define PEER_DESCRIPTORS 4

/* First a link on its way up; then, with accept=each, a session. */
struct peer {
	TAILQ_ENTRY(peer) entry;
	struct peers *peers;
	struct link *link;
	struct timer deadline;
	struct why why;
	bool arriving;
	struct session *session;
};

struct peers {
	struct session *s;
	struct session_place place;     /* peers/ */
	char *path;
	TAILQ_HEAD(, peer) all;
	size_t n;
	size_t arriving;                /* of these, whose link is not up */
	unsigned next;                  /* name of the newest */
};

static struct peer *
peer_new(struct peers *all)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->peers = all;
	TAILQ_INSERT_TAIL(&all->all, p, entry);
	all->n++;
	return p;
}

static void
peer_arrived(struct peer *p)
{
	p->peers->arriving -= p->arriving;
	p->arriving = false;
	timer_clear(&p->deadline);
}

static void
peer_free(struct peer *p)
{
	TAILQ_REMOVE(&p->peers->all, p, entry);
	p->peers->n--;
	peer_arrived(p);
	link_free(p->link);
	session_free(p->session);
	free(p);
}

/* It is gone: another may come. */
static void
peer_end(struct peer *p)
{
	struct peers *all = p->peers;
	struct session *s = all->s;

	peer_free(p);
	if (s->state == SESSION_CLOSING && all->n == 0 && s->link == NULL) {
		session_close(s, true);
		return;
	}
	status_changed(s);
	listen_take(s);
}

/* --- each a session --- */

static void
peer_session_changed(struct session *session, void *arg)
{
	(void)session;
	(void)arg;
}

static void
peer_session_ended(struct session *session, void *arg)
{
	(void)session;
	peer_end(arg);
}

static void
peer_become_session(struct peer *p)
{
	struct session_owner owner = { .changed = peer_session_changed,
		.ended = peer_session_ended, .arg = p };
	struct peers *all = p->peers;
	struct link *l = p->link;
	char name[16];

	snprintf(name, sizeof(name), "%u", ++all->next);
	p->link = NULL;
	all->s->nlinks++;
	p->session = session_new_peer(name, &all->place, &owner, l);
	if (p->session != NULL)
		return;
	session_log(all->s, true, "a peer is turned away: %s",
	    all->s->why.text);
	dial_failure(all->s);
	peer_end(p);
}

/* --- all merged --- */

static void
peers_ready(void *arg)
{
	flow_turn(arg);
}

static struct link *
peers_hub(struct session *s)
{
	struct hub_plan plan = {
		.owner = { dial_changed, s, &s->why, dial_note },
		.ready = peers_ready,
		.drop = s->options.session.slow == SLOW_DROP,
		.patience_ms = s->options.session.timeout_read,
	};

	return hub_new(&s->dial, &plan);
}

static void
peer_join(struct peer *p)
{
	struct session *s = p->peers->s;
	struct link *l = p->link;
	bool first = s->link == NULL;

	p->link = NULL;
	link_trace(l, NULL, 0);
	peer_free(p);
	if (first)
		s->link = peers_hub(s);
	else
		s->nlinks++;
	hub_add(s->link, l);
	if (first)
		dial_changed(s->link, s);
}

/* --- arrivals --- */

static void
peer_up(struct peer *p)
{
	struct session *s = p->peers->s;

	peer_arrived(p);
	if (s->options.session.accept == ACCEPT_EACH)
		peer_become_session(p);
	else
		peer_join(p);
	status_changed(s);
	listen_take(s);
}

static void
peer_refused(struct peer *p)
{
	struct session *s = p->peers->s;

	s->why = p->why;
	dial_failure(s);
	session_log(s, true, "a peer is turned away: %s", p->why.text);
	peer_end(p);
}

static void
peer_changed(struct link *l, void *arg)
{
	if (l->phase == LINK_UP)
		peer_up(arg);
	else if (l->phase == LINK_FAILED)
		peer_refused(arg);
}

static void
peer_late(void *arg)
{
	struct peer *p = arg;

	why_fail(&p->why, FAULT_TIMEOUT, "no handshake within "
	    "timeout-connect=%g s",
	    p->peers->s->options.link.timeout_connect / 1000.0);
	peer_refused(p);
}

static void
peer_note(void *arg, const char *text)
{
	const struct peer *p = arg;

	session_log(p->peers->s, false, "%s", text);
}

void
peers_arrived(struct peers *all, int fd)
{
	struct session *s = all->s;
	struct peer *p = peer_new(all);
	struct link_owner owner = { peer_changed, p, &p->why, peer_note };

	all->arriving++;
	p->arriving = true;
	timer_set(&p->deadline, s->options.link.timeout_connect, peer_late, p);
	p->link = link_accept(s->transport, &s->dial, fd, &owner);
}

/* --- those of a former engine --- */

static void
peer_inherit(struct peers *all, struct ledger_left *left)
{
	struct peer *p = peer_new(all);
	struct session_owner owner = { .changed = peer_session_changed,
		.ended = peer_session_ended, .arg = p };
	unsigned number = (unsigned)strtoul(left->name, NULL, 10);

	if (number > all->next)
		all->next = number;
	p->session = session_inherit_peer(left->name, &all->place, &owner,
	    left);
	if (p->session == NULL)
		peer_free(p);
}

/* Whose directories are swept, and how many were. */
static struct {
	const struct peers *all;
	size_t n;
} peers_sweep;

static bool
peers_have(const char *name)
{
	const struct peer *p;

	TAILQ_FOREACH(p, &peers_sweep.all->all, entry)
		if (p->session != NULL && strcmp(p->session->name, name) == 0)
			return true;
	return false;
}

static void
peers_swept(const char *name, int left)
{
	(void)name;
	(void)left;
	peers_sweep.n++;
}

size_t
peers_inherit(struct peers *all)
{
	struct ledger_left *left;

	while ((left = ledger_claim(LEDGER_ACCEPTED, all->s->name, NULL)) !=
	    NULL)
		if (left->name[0] != '\0' && left->name[strspn(left->name,
		    "0123456789")] == '\0')
			peer_inherit(all, left);
	peers_sweep.all = all;
	peers_sweep.n = 0;
	directory_sweep(all->place.rundir_fd, peers_have, peers_swept);
	return peers_sweep.n;
}

static void
peer_go_on(struct session *session, void *arg)
{
	(void)arg;
	if (session->left != NULL)
		heir_go_on(session);
}

void
peers_go_on(struct peers *all)
{
	peers_each(all, peer_go_on, NULL);
}

/* What merges them holds of each what nobody could take over. */
bool
peers_are_quiet(const struct peers *all)
{
	const struct peer *p;

	if (all->s->options.session.accept != ACCEPT_EACH)
		return peers_count(all) == 0;
	TAILQ_FOREACH(p, &all->all, entry)
		if (p->session == NULL || !heir_is_quiet(p->session))
			return false;
	return true;
}

/* --- the whole --- */

struct peers *
peers_new(struct session *s, int dir_fd)
{
	struct peers *all = xcalloc(1, sizeof(*all));

	all->s = s;
	all->path = xasprintf("%s/%s/peers", s->place->rundir, s->name);
	all->place = (struct session_place){ dir_fd, all->path, s };
	TAILQ_INIT(&all->all);
	return all;
}

/* Those that are ended at once are gone at the end of the turn. */
bool
peers_drain(struct peers *all)
{
	struct peer *p, *next;
	bool any = false;

	for (p = TAILQ_FIRST(&all->all); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->session == NULL) {
			peer_free(p);
			continue;
		}
		session_close(p->session, false);
		any = true;
	}
	return any;
}

void
peers_clear(struct peers *all)
{
	struct peer *p;

	if (all == NULL)
		return;
	while ((p = TAILQ_FIRST(&all->all)) != NULL) {
		if (p->session != NULL)
			session_close(p->session, true);
		peer_free(p);
	}
}

void
peers_free(struct peers *all)
{
	if (all == NULL)
		return;
	peers_clear(all);
	if (all->place.rundir_fd != -1)
		close(all->place.rundir_fd);
	free(all->path);
	free(all);
}

size_t
peers_count(const struct peers *all)
{
	const struct session *s = all->s;

	return all->n + (s->link == NULL ? 0 : hub_count(s->link));
}

size_t
peers_spare(const struct peers *all)
{
	return all->s->options.session.accept != ACCEPT_EACH ? 0 :
	    all->arriving * PEER_DESCRIPTORS;
}

void
peers_each(struct peers *all, void (*call)(struct session *s, void *arg),
    void *arg)
{
	struct peer *p, *next;

	if (all == NULL)
		return;
	for (p = TAILQ_FIRST(&all->all); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->session != NULL)
			call(p->session, arg);
	}
}

bool
peers_room(const struct peers *all)
{
	return peers_count(all) < (size_t)all->s->options.session.max_peers;
}

void
peers_set(struct peers *all, const char *key, const char *value)
{
	const struct session_options *o = &all->s->options.session;
	struct peer *p;
	struct why why;

	TAILQ_FOREACH(p, &all->all, entry)
		if (p->session != NULL && session_set(p->session, key, value,
		    NULL, &why) == -1)
			session_log(p->session, true, "%s", why.text);
	if (all->s->link != NULL)
		hub_set(all->s->link, o->slow == SLOW_DROP, o->timeout_read);
}
