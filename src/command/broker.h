/*
 * The broker: all sessions of one fifod, by name, and what each was opened
 * with.  One a process.
 */
#ifndef COMMAND_BROKER_H
#define COMMAND_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include "base/loop.h"
#include "base/why.h"
#include "command/plan.h"
#include "session/session.h"

struct entry {
	RB_ENTRY(entry) tree;
	const char *name;       /* the session's */
	struct session *session;
	char *opened;           /* its options then, see plan_spell() */
	struct keeper_home *home;       /* where its programs run, or NULL */
	bool from_file;         /* the configuration file's, not by hand */
	bool alias_from_file;   /* so is its link */
	uint64_t nchanges;      /* of the session, that observers know of */
};

/*
 * Start with no session.  A transient broker is for one shell: it stops the
 * loop when its last session has ended and nobody holds it, or when none
 * was opened in the first 10 s.  `place` is borrowed for good.
 */
void broker_init(const struct session_place *place, bool transient);
/* After the loop: close what is left at once, and free all. */
void broker_free(void);

const struct session_place *broker_place(void);
/* When it was started, by the clock on the wall. */
const struct timespec *broker_began(void);
/* By name; NULL where there is none (no why: NULL). */
struct entry *broker_find(const char *name, struct why *why);
/*
 * The next in the order of names, "" for the first; NULL at the end.  `after`
 * itself need not exist.
 */
struct entry *broker_after(const char *after);
/*
 * What it was opened with, and as reload changed it since, into a zeroed plan;
 * the caller clears it.
 */
void broker_plan(const struct entry *e, struct plan *p);

/*
 * Open what the plan says; the plan is copied.  The name must be free.  NULL +
 * why: nothing was made, or what was will have ended with this turn.
 */
struct entry *broker_open(const struct plan *plan, bool from_file,
    struct why *why);
/*
 * The same of a session that a former engine had, whatever there is room for;
 * its link is there, or was removed.  `now`: the options that it had by then.
 */
struct entry *broker_inherit(const struct plan *plan,
    const struct options *now, bool from_file, struct why *why);
/*
 * Make a standing session what `plan` says by changes that need no new link.
 * 1 done, or nothing to do; 0 that is impossible, nothing was changed: close
 * it and open again; -1 + why, either some changes may have been made, or it
 * could not be opened again so and was not changed.
 */
int broker_adapt(struct entry *e, const struct plan *plan, struct why *why);

/*
 * Events, at the end of a turn: a session has changed its state, or has ended
 * (then e is NULL, its name is free and its directory gone).  An observer may
 * be removed in its own event, and others too.
 */
typedef void broker_event(const char *name, struct entry *e, void *arg);

/*
 * Are enough descriptors left for what a session or a channel takes?  0, or
 * -1 + FAULT_REFUSED.
 */
int broker_room(struct why *why);

/*
 * A move from one state to another, while it is made: to be written down.
 * `from' SESSION_CLOSED: it is new, and idle.
 */
struct broker_moved {
	struct session *session;
	enum session_state from;
	const char *reason;
};
typedef void broker_move(const struct broker_moved *m, void *arg);

struct broker_observer {
	TAILQ_ENTRY(broker_observer) entry;
	const char *name;       /* borrowed; NULL: all */
	broker_event *event;
	broker_move *move;      /* of each by itself; NULL: not wanted */
	void *arg;
	bool listening;
};

void broker_observe(struct broker_observer *o, const char *name,
    broker_event *event, void *arg);
/* A zeroed or forgotten one is allowed. */
void broker_forget(struct broker_observer *o);

/* While held, a transient broker does not end by itself. */
void broker_hold(void);
void broker_release(void);

/*
 * Close all sessions, after what is in their `in` is sent (or at once), then
 * loop_stop(); from now on `open` is refused.  Both may be called again.
 */
void broker_drain(void);
void broker_stop_now(void);
bool broker_stopping(void);

#endif
