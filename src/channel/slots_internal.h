/*
 * What the files of the slots share.
 *
 *	           begin()              end()
 *	  IDLE ──────────────▶ WRITING ──────────────▶ WHOLE
 *	   ▲ ▲                                           │
 *	   │ └──── nobody has it open: same slot ────────┤ the pipe is empty:
 *	   │ ┌──── who has it open came after ◀──────────┤ judge by the events
 *	   │ │     the last reading: same slot           │ (slots_told.c)
 *	   │ │                                           ▼
 *	   │ │                       a reader is there and has read: turn()
 *	   └─┴── it has its end, or has left meanwhile ──┘ (slots_turn.c)
 *
 * Without events (`told` is false) the same states are gone through by a timer
 * (slots_untold.c).
 */
#ifndef CHANNEL_SLOTS_INTERNAL_H
#define CHANNEL_SLOTS_INTERNAL_H

#include <stdint.h>

#include "channel/slots.h"

#define SLOTS 4                 /* current, spare, and old ones */

#define SLOTS_EVENT_MS 2        /* the event of a reading that was seen */
#define SLOTS_LEAVE_MS 20       /* a reader leaves with what it has */
#define SLOTS_LATE_MS 200       /* from a look-up to the open: a preemption */
#define SLOTS_RETRY_MS 1000     /* no descriptor, no room on the disk */

#define SLOTS_NAME "out"

enum slots_phase {
	SLOTS_IDLE,
	SLOTS_WRITING,
	SLOTS_WHOLE,
};

struct slot {
	struct fifo fifo;       /* by its hidden name */
	bool made;              /* made and not held: an old one */
	struct slots *slots;
	struct notice events;
	unsigned readers;       /* have it open, as was told */
	bool crowded;           /* there were several: that may be wrong */
	bool fresh;             /* the newest has read nothing, as was told */
	bool touched;           /* a reading was told since the reply began */
	bool ours;              /* what is told now is our own doing */
};

struct slots {
	struct slots_owner owner;
	int dir_fd;
	char *path;
	mode_t mode;
	gid_t gid;
	size_t pipe_size;
	struct slot slot[SLOTS];
	struct slot *current;
	struct slot *spare;     /* NULL: to be made */
	struct slot *next;      /* has the name slots_next */
	struct slot *last;      /* LAST: where the last byte was written */
	struct slot *turning;   /* whose reader is being given its end */
	struct ledger_row *row;
	enum slots_phase phase;
	uint64_t size;          /* of the reply so far */
	int kept;               /* the byte kept back, or -1 */
	bool told;              /* events tell of readers */
	bool ahead;             /* the next was there before it was read */
	bool failed;            /* the reply is owed an end of file */
	bool closed;            /* everybody is */
	bool dropped;           /* the reply's rest goes nowhere */
	bool inherited;         /* the reply was read before we came */
	bool late_comer;        /* one may come to the spare, see turn() */
	bool wanted;            /* a begin() was refused */
	bool full;              /* a write() was */
	bool draining;          /* the pipe will say when it is empty */
	bool emptied;           /* it has just said so */
	bool untried;           /* the reply has just ended */
	bool patient;           /* what was to be waited for was */
	bool doubtful;          /* IDLE: is the reader there the one who read? */
	int tick_ms;
	size_t ticked;          /* what waited at the last look */
	size_t unread;          /* what waits, as was looked at */
	struct watch writable;  /* room for more, or empty */
	struct notice bell;     /* something happens at the current one */
	struct slot *rings;     /* where that is */
	struct timer rung;      /* what has happened may be told later */
	int rung_ms;
	struct deferred look;
	struct timer again;     /* look again */
	struct timer late;      /* see to old slots */
	bool late_again;
};

/* --- slot.c --- */

/* Ours by its name alone: its end of file was given. */
bool slot_old(const struct slot *s);
/* Somebody has it open, or perhaps. */
bool slot_occupied(const struct slot *s);
void slot_forget_readers(struct slot *s);
/*
 * To follow it, or (wake) to be woken by whatever happens at it: the bell.
 * 0, or -1, see errno.
 */
int slot_watch(struct slot *s, bool wake);
/*
 * Make it under the hidden name of its place, held and followed; events that
 * cannot be had are done without, from now on.  0, or -1, see errno.
 */
int slot_make(struct slot *s, struct slots *d);
/*
 * From a former engine: held by fd, or (-1) an old one that is there, or none.
 */
void slot_inherit(struct slot *s, struct slots *d, int fd);
void slot_remove(struct slot *s);
/*
 * Hold an old one again, if nobody is there, or if that is one who came late
 * and has not had its end: true; else whoever is there meets that.  Our
 * openings are told by the next slots_sync().
 */
bool slot_reopen(struct slot *s);
/* Let go; its name stays, and whoever waits in open(2) is set free. */
void slot_free(struct slot *s);

/* --- slots.c --- */

/* Nothing made yet; and then both FIFOs, or NULL, as slots_new(). */
struct slots *slots_alloc(const struct slots_place *place,
    const struct slots_owner *owner);
struct slots *slots_made(struct slots *d, struct why *why);
/* To the ledger: what the next engine would have to know. */
void slots_tell(struct slots *d);
/* To the owner's log: what went wrong, and errno in words. */
void slots_note(struct slots *d, const char *what);
/* Hear of all that happened up to now. */
void slots_sync(struct slots *d);
/* Judge how things are: now, at the end of the turn, ... */
void slots_look(void *arg);
void slots_look_soon(struct slots *d);
/* ... in so many milliseconds, or sooner if something happens; then patient, */
void slots_wait(struct slots *d, int ms);
/* ... or from time to time, while so many bytes wait. */
void slots_tick(struct slots *d, size_t waiting);
/* Be woken when the current slot can be written to, if that is of interest, */
void slots_want(struct slots *d);
/* ... whose descriptor is another now. */
void slots_want_anew(struct slots *d);
/* Bytes in the current slot. */
size_t slots_unread(const struct slots *d);
/* Is the reply, or everybody, owed an end of file by all means? */
bool slots_owes(const struct slots *d);
/* The reply is delivered: IDLE. */
void slots_done(struct slots *d);

/* --- slots_turn.c --- */

/* This one is the spare, and has the name that is exchanged with `out`. */
void slots_spare(struct slots *d, struct slot *s);
/* Have a spare: an old one that everybody has left, or a new one.  0 or -1. */
int slots_prepare(struct slots *d);
/* The spare takes the name; the current one is the spare.  0 or -1. */
int slots_exchange(struct slots *d);
/* Close our end of it: whoever reads meets the end of file. */
void slots_let_go(struct slots *d, struct slot *s);
/* Give the reader of the current slot its end of file, if it is still it. */
void slots_give(struct slots *d);
/*
 * The current slot is closed with what is in it, which is the end of that:
 * true, unless somebody came before the names were exchanged.
 */
bool slots_empty(struct slots *d);
/* A former engine had exchanged the names, and was to give the end. */
void slots_finish_turn(struct slots *d);

/* --- slots_told.c, slots_untold.c --- */

/* Has anybody it open, of whom we do not know?  Then it is crowded. */
void slots_count(struct slots *d, struct slot *s);
/* Where is the reply, and whoever reads it: go on from there. */
void slots_judge_told(struct slots *d);
void slots_judge_untold(struct slots *d);
/* Has anybody the current slot open, as far as is known at this moment? */
bool slots_attended_told(struct slots *d);
bool slots_attended_untold(struct slots *d);
/* Be woken, or not, for whatever happens at the current slot. */
void slots_ring(struct slots *d, bool wanted);

#endif
