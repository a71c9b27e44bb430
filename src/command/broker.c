#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/broker.h"
#include "command/limit.h"
#include "command/will.h"
#include "keeper/keeper.h"

/* How long a transient broker waits for its first session. */
#define BROKER_GRACE_MS 10000
/*
 * The descriptors that must be free before a session is opened: what its
 * directory, FIFOs, look-up and link take, and some for the links that
 * standing sessions make again and for control clients.
 */
#define BROKER_ROOM 32

static int
entry_compare(const struct entry *a, const struct entry *b)
{
	return strcmp(a->name, b->name);
}

RB_HEAD(entries, entry);
/* The static kind of libbsd 0.11 wants an __unused that Linux lacks. */
RB_PROTOTYPE(entries, entry, tree, entry_compare)
RB_GENERATE(entries, entry, tree, entry_compare)

static struct {
	const struct session_place *place;
	struct entries entries;
	size_t count;
	TAILQ_HEAD(, broker_observer) observers;
	struct broker_observer *next;   /* of the event being told */
	int holds;
	bool transient, stopping;
	struct timer grace;
	struct timespec began;
} broker;

/* Has a transient broker served its purpose, or a stopping one ended? */
static void
broker_settle(void)
{
	if (broker.count > 0)
		return;
	if (broker.transient && broker.holds == 0 && !broker.grace.set)
		broker.stopping = true;
	if (broker.stopping)
		loop_stop();
}

static void
broker_grace_over(void *arg)
{
	(void)arg;
	broker_settle();
}

void
broker_init(const struct session_place *place, bool transient)
{
	memset(&broker, 0, sizeof(broker));
	broker.place = place;
	broker.transient = transient;
	clock_gettime(CLOCK_REALTIME, &broker.began);
	RB_INIT(&broker.entries);
	TAILQ_INIT(&broker.observers);
	if (transient)
		timer_set(&broker.grace, BROKER_GRACE_MS, broker_grace_over,
		    NULL);
}

static void
entry_free(struct entry *e)
{
	session_free(e->session);
	keeper_home_release(e->home);
	free(e->opened);
	free(e);
}

void
broker_free(void)
{
	struct entry *e;

	timer_clear(&broker.grace);
	while ((e = RB_MIN(entries, &broker.entries)) != NULL) {
		RB_REMOVE(entries, &broker.entries, e);
		entry_free(e);
	}
}

const struct session_place *
broker_place(void)
{
	return broker.place;
}

const struct timespec *
broker_began(void)
{
	return &broker.began;
}

struct entry *
broker_find(const char *name, struct why *why)
{
	struct entry key = { .name = name };
	struct entry *e = RB_FIND(entries, &broker.entries, &key);

	if (e == NULL)
		why_fail(why, FAULT_NO_SESSION, "no such session");
	return e;
}

struct entry *
broker_after(const char *after)
{
	struct entry key = { .name = after };
	struct entry *e = RB_NFIND(entries, &broker.entries, &key);

	if (e != NULL && strcmp(e->name, after) == 0)
		e = RB_NEXT(entries, &broker.entries, e);
	return e;
}

void
broker_plan(const struct entry *e, struct plan *p)
{
	p->name = xstrdup(e->name);
	p->alias = xstrdup(e->session->alias);
	p->home = keeper_home_hold(e->home);
	url_copy(&p->url, &e->session->url);
	plan_read(&p->options, e->opened);
}

/* --- events --- */

static void
broker_tell(const char *name, struct entry *e)
{
	struct broker_observer *o;

	for (o = TAILQ_FIRST(&broker.observers); o != NULL; o = broker.next) {
		broker.next = TAILQ_NEXT(o, entry);
		if (o->name == NULL || strcmp(o->name, name) == 0)
			o->event(name, e, o->arg);
	}
	broker.next = NULL;
}

/* New ones go to the front: not part of the event that is being told. */
void
broker_observe(struct broker_observer *o, const char *name,
    broker_event *event, void *arg)
{
	o->name = name;
	o->event = event;
	o->arg = arg;
	if (!o->listening)
		TAILQ_INSERT_HEAD(&broker.observers, o, entry);
	o->listening = true;
}

void
broker_forget(struct broker_observer *o)
{
	if (!o->listening)
		return;
	if (broker.next == o)
		broker.next = TAILQ_NEXT(o, entry);
	TAILQ_REMOVE(&broker.observers, o, entry);
	o->listening = false;
}

static void
broker_entered(struct session *s, enum session_state from,
    const char *reason, void *arg)
{
	const struct broker_moved moved = { s, from, reason };
	struct broker_observer *o, *next;

	(void)arg;
	TAILQ_FOREACH_SAFE(o, &broker.observers, entry, next)
		if (o->move != NULL && (o->name == NULL ||
		    strcmp(o->name, s->name) == 0))
			o->move(&moved, o->arg);
}

static void
broker_changed(struct session *s, void *arg)
{
	struct entry *e = arg;

	if (e->nchanges == s->nchanges)
		return;
	e->nchanges = s->nchanges;
	/* What is about to end is not begun again. */
	if (s->state == SESSION_CLOSING)
		will_revoke(e->name);
	broker_tell(e->name, e);
}

static void
broker_ended(struct session *s, void *arg)
{
	struct entry *e = arg;

	(void)s;
	RB_REMOVE(entries, &broker.entries, e);
	broker.count--;
	will_revoke(e->name);
	broker_tell(e->name, NULL);
	entry_free(e);
	broker_settle();
}

/* --- sessions --- */

/*
 * Are BROKER_ROOM descriptors left?  They are given out from the lowest, so
 * one tells: those that a new session would still take come after it.
 */
static int
broker_descriptors(struct why *why)
{
	int fd = fcntl(broker.place->rundir_fd, F_DUPFD_CLOEXEC, 0);
	int error = fd == -1 ? errno : EMFILE;
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	if (fd != -1)
		close(fd);
	if (fd != -1 && (rlim_t)fd + BROKER_ROOM < limit.rlim_cur)
		return 0;
	return why_fail(why, FAULT_REFUSED, "the broker has too few "
	    "descriptors left for another session: %s (its limit is %ju, "
	    "with %zu sessions open)", strerror(error),
	    (uintmax_t)limit.rlim_cur, broker.count);
}

int
broker_room(struct why *why)
{
	if (xalloc_short())
		return why_fail(why, FAULT_REFUSED, "the broker has no memory "
		    "left for another: close sessions, or raise its limit");
	return broker_descriptors(why);
}

static int
broker_full(struct why *why)
{
	if (broker.count < (size_t)limits.sessions)
		return 0;
	return why_fail(why, FAULT_REFUSED, "there are %zu sessions, as many "
	    "as limit sessions=%d allows: close some, or raise it",
	    broker.count, limits.sessions);
}

static int
broker_alias(struct entry *e, const char *path, struct why *why)
{
	if (path == NULL)
		return 0;
	return session_alias(e->session, path, why);
}

static void
broker_set(struct session *s, void *arg)
{
	(void)s;
	will_make(arg);
}

/* session_new() takes endpoint and options over, so it gets copies. */
static struct session *
broker_session(struct entry *e, const struct plan *plan,
    const struct options *now, struct why *why)
{
	const struct session_owner owner = { .entered = broker_entered,
		.changed = broker_changed, .ended = broker_ended,
		.set = broker_set, .arg = e,
		.home = e->home };
	struct options options = { 0 };
	struct url url = { 0 };
	struct session *s;

	option_copy(option_groups, &options, now);
	url_copy(&url, &plan->url);
	s = session_new(plan->name, &url, &options, broker.place, &owner, why);
	if (s == NULL) {
		option_clear(option_groups, &options);
		url_clear(&url);
	}
	return s;
}

static void
broker_add(struct entry *e)
{
	RB_INSERT(entries, &broker.entries, e);
	broker.count++;
	timer_clear(&broker.grace);
}

static struct entry *
broker_make(const struct plan *plan, const struct options *now,
    bool from_file, struct why *why)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->opened = plan_spell(&plan->options, NULL);
	e->home = keeper_home_hold(plan->home);
	e->from_file = from_file;
	e->nchanges = UINT64_MAX;
	e->session = broker_session(e, plan, now, why);
	if (e->session == NULL) {
		entry_free(e);
		return NULL;
	}
	e->name = e->session->name;
	broker_add(e);
	return e;
}

/* It stood already: nothing that it takes is taken anew. */
struct entry *
broker_inherit(const struct plan *plan, const struct options *now,
    bool from_file, struct why *why)
{
	struct entry *e = broker_make(plan, now, from_file, why);

	if (e != NULL && plan->alias != NULL)
		session_has_alias(e->session, plan->alias);
	return e;
}

struct entry *
broker_open(const struct plan *plan, bool from_file, struct why *why)
{
	struct entry *e;

	if (broker.stopping) {
		why_fail(why, FAULT_REFUSED, "the broker is stopping");
		return NULL;
	}
	if (broker_full(why) == -1 || broker_room(why) == -1 ||
	    (e = broker_make(plan, &plan->options, from_file, why)) == NULL)
		return NULL;
	if (broker_alias(e, plan->alias, why) == 0) {
		will_make(e);
		return e;
	}
	session_close(e->session, true);
	return NULL;
}

/* Can the link be made?  It is made, to be sure, and removed again. */
static int
broker_alias_check(const struct entry *e, const char *path, struct why *why)
{
	char *target;
	int made;

	if (path == NULL || (e->session->alias != NULL &&
	    strcmp(path, e->session->alias) == 0))
		return 0;
	target = xasprintf("%s/%s", broker.place->rundir, e->name);
	made = keeper_symlink(target, path, broker.place->rundir, why);
	if (made == 0)
		keeper_symlink_remove(target, path);
	free(target);
	return made;
}

/* What stands is not closed for what could not take its place. */
int
broker_adapt(struct entry *e, const struct plan *plan, struct why *why)
{
	struct plan old = { 0 };
	int adapted;

	if (broker_alias_check(e, plan->alias, why) == -1)
		return -1;
	broker_plan(e, &old);
	adapted = plan_adapt(&old, plan, e->session, why);
	plan_clear(&old);
	if (adapted == 0)
		return plan_check(plan, why);
	if (adapted == 1) {
		free(e->opened);
		e->opened = plan_spell(&plan->options, NULL);
	}
	if (adapted == 1 && broker_alias(e, plan->alias, why) == -1)
		return -1;
	if (adapted == 1)
		will_make(e);
	return adapted;
}

/* --- the end --- */

void
broker_hold(void)
{
	broker.holds++;
}

void
broker_release(void)
{
	broker.holds--;
	/* Whom it was started for has been served: no more grace. */
	timer_clear(&broker.grace);
	broker_settle();
}

static void
broker_stop(bool now)
{
	struct entry *e;

	if (!broker.stopping) {
		log_info("stopping: %zu session%s to close", broker.count,
		    broker.count == 1 ? "" : "s");
		keeper_tell(KEEPER_STOPPING);
	}
	broker.stopping = true;
	RB_FOREACH(e, entries, &broker.entries)
		session_close(e->session, now);
	broker_settle();
}

void
broker_drain(void)
{
	broker_stop(false);
}

void
broker_stop_now(void)
{
	broker_stop(true);
}

bool
broker_stopping(void)
{
	return broker.stopping;
}
