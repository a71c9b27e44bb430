/*
 * The state machine of a channel's `out` in message delivery.
 *
 *	           begin()              end()
 *	  IDLE ──────────────▶ WRITING ──────────────▶ WHOLE
 *	   ▲ ▲                                           │
 *	   │ └──── nobody has it open: same slot ────────┤ the pipe is empty:
 *	   │ ┌──── who has it open came after ◀──────────┤ judge by the events
 *	   │ │     the last reading: same slot           │
 *	   │ │                                           ▼
 *	   │ │                       a reader is there and has read: turn()
 *	   └─┴── it has its end, or has left meanwhile ──┘
 *
 * A reader that came and read waits for its end of file.  turn() exchanges
 * the two names, so that nobody else comes to the old slot, and then looks at
 * the events once more:
 *
 *	the same reader still        GIVEN  our end is closed: that is its end
 *	                                    of file, and the slot is old
 *	it left                      LEFT   nothing is closed; the old slot is
 *	                                    the spare now, still held
 *	it left and another came     BACK   the names are exchanged back: what
 *	                                    came waits for the next reply
 *
 * Why the second look is enough, for clients that take turns.  A client's
 * event "left" is queued before its close(2) or exit(2) is over.  The next
 * client looks up the name after that.  If it found the old slot, its look-up
 * was before the exchange; so the event of its forerunner's leaving was queued
 * before the exchange, and the second look, after it, sees that.  Without
 * this look the end of file would now and then go to the next client.  It may
 * be that it sees the one leave, and not yet the other come: then the old slot
 * is a spare that is held, the late one waits there undisturbed, and its event
 * makes that slot the current one, or has an untouched reply moved to it.
 *
 * When to look.  Nobody is woken by the events themselves: a shell reads byte
 * by byte, and would be slowed down several times over.  A pipe that has one
 * buffer (a page, as ours are when at rest) can be written to when it is
 * empty: that is what we are woken by, once a reply.  One that holds more, an
 * end that is owed and a few rare cases are watched by a notice beside
 * (`bell`), or looked at from time to time while readings are small.
 *
 * Events are queued a little after what they tell of.  So whoever has emptied
 * the pipe may not be known yet to have read: the reply is done only when a
 * reading was told since it began.  Where a newcomer could be the one who
 * emptied it, it is done all the same, and judged in IDLE when that reading is
 * told; but a moment is waited where the next reply was there before this was
 * read, and would be taken for more of it.
 *
 * A reply that failed, or is empty, is owed its end of file even though nobody
 * has read: it stays WHOLE until somebody has it open.  One that has read, and
 * may just be leaving with its line, is given a moment to do so, lest the end
 * be spent on it and the next reading wait for ever.  After close() every
 * reader is owed one.
 *
 * An old slot keeps its hidden name and is followed.  When it is wanted as the
 * spare, a write end is opened: ENXIO, nobody is there nor waits in open(2),
 * and it is held again.  Otherwise somebody is: one that lingers and has its
 * end already, or one that looked up the name before the exchange and was
 * held up since, and now waits in open(2), unseen: it is served as the spare's
 * reader, or meets the end of file where the current slot has one.  A moment
 * after an end was given all old ones are looked at like this, so that such a
 * one does not wait until the next reply.
 *
 * What windows remain:
 * - Clients that do not take turns.  Equal events in a row are merged, so two
 *   that open at the same time may be counted as one; they split a reply
 *   anyway, and the end of file may then come to one that has not read.
 * - The kernel's queue of events overflows: everybody counts as one who waits
 *   for the end of file, unless the pipe itself says that nobody is there.
 *
 * Without events (`told` is false) the same states are gone through by a
 * timer, which runs only while a reply is not delivered or an end is owed.
 * Who is there can be asked (fifo_is_read()), but not whether it has read.  So
 * the last byte of a reply is kept back until the pipe is empty and somebody
 * has it open: this one is in the midst of the reply and nobody else's.  The
 * names are exchanged, and only then the last byte is written to the old slot
 * and, when it was taken, that is closed:
 *
 *	WHOLE ──empty, somebody is there──▶ exchange, the last byte ──▶ LAST
 *	  ▲                                                              │  │
 *	  └──nobody is there any more: the byte is taken back────────────┘  │
 *	IDLE ◀──it was taken: the end of file───────────────────────────────┘
 *
 * Who wants an end of file has it, who does not has left with the last byte,
 * and who comes later finds the other slot.  Where the last byte could not be
 * kept back, because the end came in a later turn than it (a reply that ends
 * with its link, or by silence), asked() is asked after the reader was seen: a
 * client writes its request before it opens `out`, so who has not asked waits
 * for the end, and who has, for the next reply.  There, readers that open
 * `out` before they ask may meet the end of another's reply, and those that
 * ask ahead may miss theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/slots.h"
#include "channel/stage.h"

#define SLOTS 4                 /* current, spare, and old ones */

#define SLOTS_EVENT_MS 2        /* the event of a reading that was seen */
#define SLOTS_LEAVE_MS 20       /* a reader leaves with what it has */
#define SLOTS_LATE_MS 200       /* from a look-up to the open: a preemption */
#define SLOTS_RETRY_MS 1000     /* no descriptor, no room on the disk */
#define SLOTS_TICK_MS 1         /* without events, and at most: */
#define SLOTS_TICK_MAX_MS 20
#define SLOTS_SMALL 256         /* a reading of less than this is small */

static const char slots_name[] = "out";
/* The spare's second name, to be exchanged with that; see directory.c. */
static const char slots_next[] = ".out.nxt";
static const char *const slot_names[SLOTS] = {
	".out.0", ".out.1", ".out.2", ".out.3",
};

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
	bool inherited;         /* who is there came to a former engine */
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

/* --- one slot --- */

static void slots_look(void *arg);

static bool
slot_old(const struct slot *s)
{
	return s->made && s->fifo.fd == -1;
}

/* Somebody has it open, or perhaps. */
static bool
slot_occupied(const struct slot *s)
{
	return s->readers > 0 || s->crowded;
}

static void
slot_forget_readers(struct slot *s)
{
	s->readers = 0;
	s->crowded = s->fresh = s->touched = false;
}

static void
slot_opened(struct slot *s)
{
	if (s->readers++ > 0)
		s->crowded = true;
	s->fresh = true;
}

/* What is waited for may have come; and it may not be us who has asked. */
static void
slot_news(struct slot *s)
{
	struct slots *d = s->slots;

	if (s != d->current)
		return;
	d->patient = false;
	if (!d->again.set)
		return;
	timer_clear(&d->again);
	deferred_queue(&d->look, slots_look, d);
}

/* An opening that was merged with another is found out here at the latest. */
static void
slot_read(struct slot *s)
{
	if (!s->touched)
		slot_news(s);
	if (s->readers == 0)
		s->readers = 1;
	s->fresh = false;
	s->touched = true;
}

static void
slot_left(struct slot *s)
{
	if (s->readers > 0)
		s->readers--;
	slot_news(s);
}

static void
slot_happened(void *arg, enum notice_event event)
{
	struct slot *s = arg;

	if (s->ours && event == NOTICE_OPENED)
		return;
	switch (event) {
	case NOTICE_OPENED:
		slot_opened(s);
		break;
	case NOTICE_READ:
		slot_read(s);
		break;
	case NOTICE_LEFT:
		slot_left(s);
		break;
	case NOTICE_LOST:
		s->crowded = true;
		break;
	}
}

static int
slot_watch_at(struct slot *s, const char *directory, bool wake)
{
	struct slots *d = s->slots;
	char *path = xasprintf("%s/%s", directory, s->fifo.name);
	int came, error;

	came = wake ?
	    notice_add(&d->bell, path, NOTICE_READERS, slots_look, d) :
	    notice_follow(&s->events, path, slot_happened, s);
	error = errno;
	free(path);
	errno = error;
	return came;
}

/*
 * To follow it, or to be woken for it: by the descriptor of its directory,
 * which has another name until it appears; by its path if there is no /proc.
 */
static int
slot_watch(struct slot *s, bool wake)
{
	char by_fd[32];

	snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", s->slots->dir_fd);
	if (slot_watch_at(s, by_fd, wake) == 0)
		return 0;
	return errno == ENOENT ? slot_watch_at(s, s->slots->path, wake) : -1;
}

/* Events that cannot be had are done without, from now on. */
static int
slot_make(struct slot *s, struct slots *d, const char *name)
{
	s->slots = d;
	s->fifo.narrow = true;
	if (fifo_hold(&s->fifo, d->dir_fd, name, d->mode, d->gid) == -1)
		return -1;
	s->made = true;
	slot_forget_readers(s);
	if (d->told && slot_watch(s, false) == -1)
		d->told = false;
	return 0;
}

static void
slot_remove(struct slot *s)
{
	if (!s->made)
		return;
	notice_clear(&s->events);
	unlinkat(s->slots->dir_fd, s->fifo.name, 0);
	if (s->slots->next == s)
		s->slots->next = NULL;
	fifo_close(&s->fifo);
	s->made = false;
}

/*
 * Hold an old one again, if nobody is there (ENXIO), or if that is one who
 * came late and has not had its end; else set who is there free, to meet that.
 * Our openings are told by the next slots_sync().
 */
static bool
slot_reopen(struct slot *s)
{
	struct slots *d = s->slots;
	int end = fifo_write_end(&s->fifo, d->dir_fd);
	bool late = false, held = false;

	if (end != -1) {
		notice_sync();
		late = d->told && !slot_occupied(s) && !d->closed &&
		    !slot_occupied(d->current);
	}
	if (late || (end == -1 && errno == ENXIO))
		held = fifo_hold_again(&s->fifo, d->dir_fd) == 0;
	if (end != -1)
		close(end);
	s->ours = end != -1 || held;
	if (held) {
		slot_forget_readers(s);
		s->readers = s->fresh = d->late_comer = late;
	}
	return held;
}

/* --- the two of them --- */

/* To the ledger: what the next engine would have to know. */
static void
slots_tell(struct slots *d)
{
	static const enum ledger_reply replies[] = {
		[SLOTS_IDLE] = LEDGER_IDLE,
		[SLOTS_WRITING] = LEDGER_WRITING,
		[SLOTS_WHOLE] = LEDGER_WHOLE,
	};
	const struct slot *s = d->turning != NULL ? d->turning : d->current;

	/* With a byte kept back it is not whole for anybody but us. */
	ledger_reply(d->row, d->turning != NULL ? LEDGER_TURNING :
	    d->kept != -1 || d->last != NULL ? LEDGER_WRITING : d->dropped ? LEDGER_IDLE : replies[d->phase], d->failed,
	    (unsigned)(s - d->slot));
}

static void
slots_note(struct slots *d, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	d->owner.note(d->owner.arg, text);
}

/* Hear of all that happened up to now. */
static void
slots_sync(struct slots *d)
{
	size_t i;

	notice_sync();
	for (i = 0; i < SLOTS; i++)
		d->slot[i].ours = false;
}

static void
slots_look_soon(struct slots *d)
{
	deferred_queue(&d->look, slots_look, d);
}

static void
slots_again(void *arg)
{
	struct slots *d = arg;

	d->patient = true;
	slots_look(d);
}

/* Look again in so many milliseconds; sooner if something happens. */
static void
slots_wait(struct slots *d, int ms)
{
	if (!d->again.set)
		timer_set(&d->again, ms, slots_again, d);
}

static void
slots_name_next(struct slots *d, struct slot *s)
{
	unlinkat(d->dir_fd, slots_next, 0);
	d->next = linkat(d->dir_fd, s->fifo.name, d->dir_fd, slots_next,
	    0) == 0 ? s : NULL;
}

static void
slots_spare(struct slots *d, struct slot *s)
{
	d->spare = s;
	if (d->next != s)
		slots_name_next(d, s);
}

/* A name for one more; the first old one gives it up where all are taken. */
static struct slot *
slots_vacant(struct slots *d, size_t *number)
{
	size_t i, old = 0;

	for (i = 0; i < SLOTS; i++)
		if (!d->slot[i].made)
			break;
		else if (slot_old(&d->slot[i]))
			old = i;
	*number = i < SLOTS ? i : old;
	slot_remove(&d->slot[*number]);
	return &d->slot[*number];
}

/* Have a spare: an old one that everybody has left, or a new one. */
static int
slots_prepare(struct slots *d)
{
	struct slot *s;
	size_t i;

	if (d->spare != NULL)
		return 0;
	for (i = 0; i < SLOTS; i++) {
		s = &d->slot[i];
		if (slot_old(s) && slot_reopen(s)) {
			slots_spare(d, s);
			return 0;
		}
	}
	s = slots_vacant(d, &i);
	if (slot_make(s, d, slot_names[i]) == -1) {
		slots_note(d, "a second FIFO cannot be made");
		return -1;
	}
	slots_spare(d, s);
	return 0;
}

static void slots_writable(void *arg);

static void
slots_want(struct slots *d)
{
	bool wanted = d->full || d->draining;

	if (wanted && !d->writable.wanted)
		watch_init(&d->writable, d->current->fifo.fd, LOOP_WRITE,
		    slots_writable, d);
	watch_want(&d->writable, wanted);
}

/* The descriptor of the current one is another now. */
static void
slots_want_anew(struct slots *d)
{
	watch_want(&d->writable, false);
	slots_want(d);
}

/* The spare takes the name; the current one is the spare. */
static int
slots_exchange(struct slots *d)
{
	struct slot *from = d->current, *to = d->spare;

	if (to->ours)
		slots_sync(d);
	if (d->next == to &&
	    fifo_exchange(d->dir_fd, slots_name, slots_next) == 0) {
		d->next = from;
	} else if (fifo_name(&to->fifo, d->dir_fd, slots_name) == -1) {
		slots_note(d, "out cannot be given to another FIFO");
		return -1;
	}
	to->touched = from->touched;
	d->current = to;
	d->spare = from;
	notice_renamed();
	slots_want_anew(d);
	return 0;
}

static void slots_late(void *arg);

/* Close our end of it: whoever reads meets the end of file. */
static void
slots_let_go(struct slots *d, struct slot *s)
{
	fifo_close(&s->fifo);
	if (d->spare == s)
		d->spare = NULL;
	if (d->late.set)
		d->late_again = true;
	else
		timer_set(&d->late, SLOTS_LATE_MS, slots_late, d);
}

/*
 * Old slots, a moment after an end was given: one becomes the spare, those
 * beyond are removed, and those that are still read stay.
 */
static void
slots_late(void *arg)
{
	struct slots *d = arg;
	struct slot *s;

	for (s = d->slot; s < d->slot + SLOTS; s++) {
		if (!slot_old(s))
			continue;
		if (!slot_reopen(s))
			continue;
		if (d->spare == NULL)
			slots_spare(d, s);
		else
			slot_remove(s);
	}
	if (d->late_again)
		timer_set(&d->late, SLOTS_LATE_MS, slots_late, d);
	d->late_again = false;
	slots_look(d);
}

static size_t
slots_unread(const struct slots *d)
{
	return fifo_waiting(d->current->fifo.fd);
}

/* Is the reply, or everybody, owed an end of file by all means? */
static bool
slots_owes(const struct slots *d)
{
	return d->closed || (d->phase == SLOTS_WHOLE && d->failed);
}

static void
slots_done(struct slots *d)
{
	if (d->phase == SLOTS_WHOLE)
		d->phase = SLOTS_IDLE;
	d->failed = d->patient = d->draining = d->doubtful = false;
	d->inherited = false;
	slots_tell(d);
	slots_want(d);
	timer_clear(&d->again);
	fifo_shrink(&d->current->fifo);
}

enum turn {
	TURN_GIVEN,
	TURN_LEFT,
	TURN_BACK,
	TURN_FAILED,
};

static enum turn
slots_try_turn(struct slots *d, struct slot *old)
{
	if (slots_prepare(d) == -1 || slots_exchange(d) == -1)
		return TURN_FAILED;
	if (d->told) {
		slots_sync(d);
		d->late_comer = !slot_occupied(old);
		if (d->late_comer)
			return TURN_LEFT;
		if (old->fresh && !old->crowded && !slots_owes(d) &&
		    slots_exchange(d) == 0)
			return TURN_BACK;
	}
	slots_let_go(d, old);
	return TURN_GIVEN;
}

/* Give the reader of the current slot its end of file, if it is still it. */
static enum turn
slots_turn(struct slots *d)
{
	struct slot *old = d->current;
	enum turn turn;

	old->fresh = false;
	d->turning = old;
	slots_tell(d);
	turn = slots_try_turn(d, old);
	d->turning = NULL;
	slots_tell(d);
	return turn;
}

static void
slots_give(struct slots *d)
{
	enum turn turn = slots_turn(d);

	if (turn == TURN_FAILED) {
		timer_clear(&d->again);
		slots_wait(d, SLOTS_RETRY_MS);
	} else if (turn != TURN_LEFT || !slots_owes(d)) {
		slots_done(d);
	}
}

/* --- judged by events --- */

enum verdict {
	VERDICT_NOBODY,
	VERDICT_FRESH,          /* somebody who has read nothing */
	VERDICT_READER,         /* somebody who has read, or perhaps has */
};

/*
 * There were several, and as many leavings were told as openings, equal ones
 * in a row as one: the pipe itself is asked.
 */
static void
slots_count(struct slots *d, struct slot *s)
{
	bool is;

	if (!s->crowded || s->readers > 0)
		return;
	is = fifo_is_read(&s->fifo, d->dir_fd);
	s->ours = true;
	slots_want_anew(d);
	slots_sync(d);
	s->crowded = is;
}

static enum verdict
slots_verdict(struct slots *d)
{
	struct slot *s = d->current;

	slots_count(d, s);
	if (!slot_occupied(s))
		return VERDICT_NOBODY;
	return s->fresh && !s->crowded ? VERDICT_FRESH : VERDICT_READER;
}

/*
 * A reply that is owed its end, and somebody has it open: who has read may be
 * about to leave.
 */
static void
slots_judge_owed(struct slots *d, enum verdict verdict)
{
	bool came = verdict == VERDICT_FRESH &&
	    (d->size == 0 || d->current->touched);

	if (verdict == VERDICT_NOBODY)
		return;
	if (d->closed || came || d->patient)
		slots_give(d);
	else
		slots_wait(d, SLOTS_LEAVE_MS);
}

static void
slots_rung(void *arg)
{
	struct slots *d = arg;

	d->rung_ms *= 10;
	if (d->rung_ms <= SLOTS_LATE_MS)
		timer_set(&d->rung, d->rung_ms, slots_rung, d);
	else
		d->doubtful = false;
	slots_look(d);
}

/* What has happened may be told a little later: look a few times. */
static void
slots_look_later(struct slots *d)
{
	d->rung_ms = SLOTS_EVENT_MS;
	timer_set(&d->rung, d->rung_ms, slots_rung, d);
}

/*
 * Somebody waits who has not read since it came, as far as was told: for the
 * next reply, if the reading that emptied the pipe was another's.  One that is
 * never told was by splice(2), of which not every kernel tells.
 */
static void
slots_judge_fresh(struct slots *d)
{
	bool touched = d->current->touched;

	if (!d->patient && (!touched || d->ahead)) {
		slots_wait(d, touched ? SLOTS_EVENT_MS : SLOTS_LATE_MS);
	} else if (touched) {
		slots_done(d);
		d->doubtful = true;
		slots_look_later(d);
	} else {
		slots_give(d);
	}
}

/*
 * Of a reply to which a former engine saw its readers come: who has asked
 * since then does not wait for the end of that one.
 */
static bool
slots_has_turned(const struct slots *d)
{
	return d->inherited && !d->closed && d->phase == SLOTS_WHOLE &&
	    d->owner.asked(d->owner.arg);
}

/* The pipe is empty, and nothing more of a reply will come. */
static void
slots_judge_drained(struct slots *d)
{
	enum verdict verdict;

	if (d->spare == NULL)
		slots_prepare(d);
	/* Whoever emptied the pipe had been told to open it. */
	slots_sync(d);
	verdict = slots_verdict(d);
	if (slots_has_turned(d))
		slots_done(d);
	else if (slots_owes(d))
		slots_judge_owed(d, verdict);
	else if (verdict == VERDICT_READER)
		slots_give(d);
	else if (d->phase == SLOTS_IDLE)
		d->doubtful = verdict != VERDICT_NOBODY;
	else if (verdict == VERDICT_NOBODY)
		slots_done(d);
	else
		slots_judge_fresh(d);
}

/*
 * Somebody waits at the spare, and nobody at the current one: it is made the
 * current one, with the reply, if that is untouched.
 */
static void
slots_promote(struct slots *d)
{
	struct slot *from = d->current, *to = d->spare;

	d->late_comer = d->draining = false;
	if (slots_exchange(d) == -1 || d->phase == SLOTS_IDLE)
		return;
	if (from->fifo.grown)
		fifo_grow(&to->fifo, d->pipe_size);
	fifo_move(from->fifo.fd, to->fifo.fd);
	slots_sync(d);
	slot_forget_readers(from);
}

/*
 * Until somebody comes to the current slot, somebody may to the spare.  What
 * is moved there is a whole reply, or nothing but an end of file.
 */
static void
slots_expect_late(struct slots *d)
{
	size_t waiting = slots_waiting(d);

	slots_sync(d);
	if (d->spare == NULL || slot_occupied(d->current) ||
	    (d->phase != SLOTS_IDLE && waiting < d->size &&
	    !(slots_owes(d) && waiting == 0)))
		d->late_comer = false;
	else if (d->spare->readers > 0)
		slots_promote(d);
}

static void slots_tick(struct slots *d, size_t waiting);

/*
 * Be woken for whatever happens at the current slot.  It may just have
 * happened: looked at once.  And the kernel tells an event to the watches that
 * there were when it began to: of one it is about to tell when ours is added
 * we hear by the other queue alone, when that client's thread goes on.
 */
static void
slots_ring(struct slots *d, bool wanted)
{
	struct slot *at = wanted ? d->current : NULL;

	if (d->rings == at)
		return;
	notice_clear(&d->bell);
	if (!d->doubtful)
		timer_clear(&d->rung);
	d->rings = NULL;
	if (at == NULL)
		return;
	if (slot_watch(at, true) == -1) {
		slots_tick(d, d->unread);
		return;
	}
	d->rings = at;
	slots_look_later(d);
	slots_look_soon(d);
}

/*
 * What to be woken for.  A pipe of one buffer says itself when it is empty.
 * Else every reading has to be looked at, and if these are small, rather from
 * time to time.
 */
static void
slots_attend(struct slots *d)
{
	bool whole = d->phase == SLOTS_WHOLE, small;

	d->draining = whole && !d->failed && d->unread > 0 &&
	    fifo_narrow(&d->current->fifo);
	slots_want(d);
	small = whole && !d->draining && d->unread > 0 &&
	    d->unread < d->ticked && d->unread + SLOTS_SMALL > d->ticked;
	if (small || (whole && d->late_comer))
		slots_tick(d, d->unread);
	d->ticked = d->unread;
	slots_ring(d, (whole && !d->draining && !small) || d->closed);
}

/*
 * A pipe of one buffer that had been written to is empty when it says that it
 * can be written to, and not known to be before.
 */
static void
slots_count_unread(struct slots *d)
{
	if (d->emptied)
		d->unread = 0;
	else if (d->untried && d->size > 0 && !d->failed &&
	    !d->current->fifo.grown)
		d->unread = (size_t)d->size;
	else
		d->unread = slots_unread(d);
	d->emptied = d->untried = false;
}

static void
slots_judge_told(struct slots *d)
{
	if (d->phase == SLOTS_WRITING)
		return;
	if (d->late_comer)
		slots_expect_late(d);
	if (d->phase == SLOTS_WHOLE || d->closed || d->doubtful) {
		slots_count_unread(d);
		if (d->unread == 0)
			slots_judge_drained(d);
	}
	slots_attend(d);
}

/* --- judged by looking, without events --- */

static void
slots_tick(struct slots *d, size_t waiting)
{
	if (d->tick_ms == 0 || waiting != d->ticked)
		d->tick_ms = SLOTS_TICK_MS;
	else if (d->tick_ms < SLOTS_TICK_MAX_MS)
		d->tick_ms *= 2;
	d->ticked = waiting;
	timer_set(&d->again, d->tick_ms, slots_look, d);
}

/* Does anybody have it open?  The descriptor may be another afterwards. */
static bool
slots_is_read(struct slots *d, struct slot *s)
{
	bool is = fifo_is_read(&s->fifo, d->dir_fd);

	if (s == d->current)
		slots_want_anew(d);
	return is;
}

/* Write the byte that was kept back, which was not the last after all. */
static void
slots_write_kept(struct slots *d)
{
	uint8_t byte = (uint8_t)d->kept;

	if (d->kept == -1)
		return;
	if (write(d->current->fifo.fd, &byte, 1) == 1)
		d->kept = -1;
	else
		slots_tick(d, 0);
}

/* Nobody else can come to where the last byte goes. */
static void
slots_write_last(struct slots *d)
{
	struct slot *old = d->current;
	uint8_t byte = (uint8_t)d->kept;

	if (slots_prepare(d) == -1 || slots_exchange(d) == -1) {
		slots_wait(d, SLOTS_RETRY_MS);
		return;
	}
	if (write(old->fifo.fd, &byte, 1) != 1)
		slots_note(d, "the last byte cannot be written");
	d->kept = -1;
	d->last = old;
	slots_tell(d);
	d->spare = NULL;
	d->tick_ms = 0;
	slots_tick(d, 1);
}

/* Whoever was there left without the last byte: that is kept again. */
static bool
slots_take_back(struct slots *d)
{
	uint8_t byte;

	if (d->last == NULL || slots_is_read(d, d->last) ||
	    read(d->last->fifo.fd, &byte, 1) != 1)
		return false;
	d->kept = byte;
	slots_spare(d, d->last);
	d->last = NULL;
	return true;
}

/* LAST: true when the byte was taken, and the end of file given. */
static bool
slots_last_taken(struct slots *d)
{
	struct slot *old = d->last;

	if (fifo_waiting(old->fifo.fd) > 0)
		return false;
	d->last = NULL;
	slots_let_go(d, old);
	slots_done(d);
	return true;
}

static void
slots_judge_last(struct slots *d)
{
	if (slots_last_taken(d))
		return;
	slots_take_back(d);
	slots_tick(d, 1);
}

/* Somebody is there, or nobody: it is given its end, or is done with. */
static void
slots_judge_empty(struct slots *d)
{
	bool is = slots_is_read(d, d->current);

	if (is && slots_owes(d) && (d->closed || d->size == 0 || d->patient))
		slots_give(d);
	else if (is && slots_owes(d))
		slots_wait(d, SLOTS_LEAVE_MS);
	else if (slots_owes(d))
		slots_tick(d, 0);
	else if (is && d->kept != -1)
		slots_write_last(d);
	else if (d->kept != -1)
		slots_tick(d, 0);
	else if (is && !d->owner.asked(d->owner.arg))
		slots_give(d);
	else
		slots_done(d);
}

static void
slots_judge_untold(struct slots *d)
{
	size_t unread;

	if (d->phase == SLOTS_WRITING || slots_owes(d))
		slots_write_kept(d);
	if (d->phase == SLOTS_WRITING)
		return;
	if (d->last != NULL) {
		slots_judge_last(d);
		return;
	}
	if (d->phase == SLOTS_IDLE && !d->closed)
		return;
	unread = slots_unread(d);
	if (unread == 0)
		slots_judge_empty(d);
	else
		slots_tick(d, unread);
	if (d->closed)
		slots_tick(d, unread);
}

/* --- what is called --- */

static void
slots_judge(struct slots *d)
{
	if (d->told)
		slots_judge_told(d);
	else
		slots_judge_untold(d);
}

static void
slots_look(void *arg)
{
	struct slots *d = arg;

	slots_judge(d);
	if (!d->wanted || d->phase != SLOTS_IDLE)
		return;
	d->wanted = false;
	d->owner.ready(d->owner.arg);
}

static void
slots_writable(void *arg)
{
	struct slots *d = arg;

	bool full = d->full;

	d->emptied = d->draining;
	d->full = d->draining = false;
	slots_want(d);
	if (full)
		d->owner.ready(d->owner.arg);
	else
		slots_look(d);
}

static int
slots_make(struct slots *d, struct why *why)
{
	if (slot_make(&d->slot[0], d, slot_names[0]) == 0 &&
	    slot_make(&d->slot[1], d, slot_names[1]) == 0 &&
	    fifo_name(&d->slot[0].fifo, d->dir_fd, slots_name) == 0) {
		d->current = &d->slot[0];
		slots_spare(d, &d->slot[1]);
		return 0;
	}
	return why_fail(why, FAULT_REFUSED, "FIFO %s cannot be made: %s",
	    slots_name, strerror(errno));
}

static struct slots *
slots_alloc(const struct slots_place *place, const struct slots_owner *owner)
{
	struct slots *d = xcalloc(1, sizeof(*d));
	size_t i;

	d->owner = *owner;
	d->dir_fd = place->dir_fd;
	d->path = xstrdup(place->path);
	d->mode = place->mode;
	d->gid = place->gid;
	d->pipe_size = place->pipe_size;
	d->row = place->row != NULL ? place->row : ledger_none();
	d->told = notice_follows();
	d->kept = -1;
	for (i = 0; i < SLOTS; i++) {
		d->slot[i].fifo.fd = -1;
		fifo_tell(&d->slot[i].fifo, &d->row->fd[LEDGER_SLOT + i]);
	}
	return d;
}

static struct slots *
slots_made(struct slots *d, struct why *why)
{
	size_t i;

	if (slots_make(d, why) == 0) {
		slots_tell(d);
		return d;
	}
	for (i = 0; i < SLOTS; i++)
		slot_remove(&d->slot[i]);
	d->dir_fd = -1;
	slots_free(d);
	return NULL;
}

struct slots *
slots_new(const struct slots_place *place, const struct slots_owner *owner,
    struct why *why)
{
	return slots_made(slots_alloc(place, owner), why);
}

/* --- from a former engine --- */

/* The FIFO of this number: held, or an old one that is there, or none. */
static void
slot_inherit(struct slot *s, struct slots *d, int fd)
{
	const char *name = slot_names[s - d->slot];
	struct stat st;

	s->slots = d;
	s->fifo.name = name;
	s->fifo.narrow = true;
	if (fd != -1)
		s->made = fifo_inherit(&s->fifo, d->dir_fd, name, fd);
	if (s->made && (fstatat(d->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) ==
	    -1 || st.st_ino != s->fifo.inode)) {
		fifo_close(&s->fifo);
		s->made = false;
	}
	if (!s->made && fstatat(d->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) ==
	    0 && S_ISFIFO(st.st_mode)) {
		s->made = true;
		s->fifo.inode = st.st_ino;
	}
	if (!s->made)
		return;
	slot_forget_readers(s);
	/* Who came before the events were followed, nobody knows. */
	s->crowded = s->fifo.fd != -1;
	s->touched = true;
	if (d->told && slot_watch(s, false) == -1)
		d->told = false;
}

/* The one that has the name; if none has, the one that had it. */
static struct slot *
slots_named(struct slots *d, unsigned number)
{
	struct stat st = { 0 };
	struct slot *s;

	(void)!fstatat(d->dir_fd, slots_name, &st, AT_SYMLINK_NOFOLLOW);
	for (s = d->slot; s < d->slot + SLOTS; s++)
		if (s->fifo.fd != -1 && s->fifo.inode == st.st_ino)
			return s;
	return d->slot[number].fifo.fd != -1 ? &d->slot[number] : NULL;
}

/* As it stood: who had the name, who was the spare, how far the reply was. */
static int
slots_stand(struct slots *d, const struct ledger_left *left)
{
	static const enum slots_phase phases[] = {
		[LEDGER_IDLE] = SLOTS_IDLE,
		[LEDGER_WRITING] = SLOTS_WRITING,
		[LEDGER_WHOLE] = SLOTS_WHOLE,
		[LEDGER_TURNING] = SLOTS_WHOLE,
	};
	struct slot *s, *was = &d->slot[left->state.slot];

	d->current = slots_named(d, left->state.slot);
	if (d->current == NULL)
		return -1;
	for (s = d->slot; s < d->slot + SLOTS; s++)
		if (s != d->current && s->fifo.fd != -1 && d->spare == NULL)
			slots_spare(d, s);
	/* A last byte that was written there alone belongs to no other reply. */
	if (d->spare != NULL && left->state.reply != LEDGER_TURNING)
		fifo_drop(d->spare->fifo.fd);
	d->phase = phases[left->state.reply];
	d->failed = left->state.failed;
	d->size = left->number[0];
	d->row->number[0] = d->size;
	d->inherited = true;
	if (left->state.reply == LEDGER_TURNING && was != d->current) {
		d->phase = SLOTS_IDLE;
		d->turning = was->fifo.fd != -1 ? was : NULL;
	}
	slots_tell(d);
	return 0;
}

struct slots *
slots_inherit(const struct slots_place *place, const struct slots_owner *owner,
    struct ledger_left *left, struct why *why)
{
	struct slots *d = slots_alloc(place, owner);
	size_t i;

	for (i = 0; i < SLOTS; i++)
		slot_inherit(&d->slot[i], d,
		    ledger_inherit(left, LEDGER_SLOT + i));
	if (slots_stand(d, left) == 0)
		return d;
	for (i = 0; i < SLOTS; i++)
		slot_remove(&d->slot[i]);
	return slots_made(d, why);
}

/* The names had been exchanged, and the end was to be given. */
static void
slots_finish_turn(struct slots *d)
{
	struct slot *old = d->turning;

	if (old == NULL)
		return;
	if (!d->owner.asked(d->owner.arg) && fifo_is_read(&old->fifo,
	    d->dir_fd))
		slots_let_go(d, old);
	d->turning = NULL;
	slots_tell(d);
}

void
slots_go_on(struct slots *d)
{
	slots_finish_turn(d);
	slots_look_soon(d);
}

bool
slots_retract(struct slots *d)
{
	if (d->phase != SLOTS_WRITING || slots_unread(d) != d->size ||
	    fifo_drop(d->current->fifo.fd) != d->size)
		return false;
	d->phase = SLOTS_IDLE;
	d->size = 0;
	slots_tell(d);
	return true;
}

/* Whoever waits in open(2) is set free. */
static void
slots_free_slot(struct slots *d, struct slot *s)
{
	int end;

	if (!s->made)
		return;
	notice_clear(&s->events);
	fifo_close(&s->fifo);
	end = fifo_write_end(&s->fifo, d->dir_fd);
	if (end != -1)
		close(end);
}

void
slots_free(struct slots *d)
{
	size_t i;

	if (d == NULL)
		return;
	watch_clear(&d->writable);
	deferred_clear(&d->look);
	timer_clear(&d->again);
	timer_clear(&d->late);
	timer_clear(&d->rung);
	notice_clear(&d->bell);
	for (i = 0; i < SLOTS; i++)
		slots_free_slot(d, &d->slot[i]);
	if (d->dir_fd != -1)
		close(d->dir_fd);
	free(d->path);
	free(d);
}

bool
slots_begin(struct slots *d)
{
	slots_judge(d);
	d->wanted = d->phase != SLOTS_IDLE;
	if (d->wanted) {
		d->ahead = d->ahead || slots_unread(d) > 0;
		return false;
	}
	d->phase = SLOTS_WRITING;
	d->row->number[0] = 0;
	ledger_begun(d->row);
	d->size = 0;
	d->kept = -1;
	d->failed = d->dropped = d->patient = d->ahead = false;
	d->current->touched = false;
	d->doubtful = false;
	d->ticked = 0;
	timer_clear(&d->again);
	timer_clear(&d->rung);
	slots_ring(d, false);
	return true;
}

/* The first bytes of it are those that nobody may have read: exactly. */
static ssize_t
slots_writev_once(struct slots *d, const struct iovec *v, int n)
{
	if (d->size == 0)
		return stage_write(d->row, d->current->fifo.fd, v, n);
	d->row->number[0] = LEDGER_UNKNOWN;
	return writev(d->current->fifo.fd, v, n);
}

/* As much as fits, the pipe grown to its size where that is not all. */
static ssize_t
slots_writev(struct slots *d, struct iovec *v, int n, size_t size)
{
	struct fifo *f = &d->current->fifo;
	ssize_t wrote, more;
	size_t skip;
	int i;

	do
		wrote = slots_writev_once(d, v, n);
	while (wrote == -1 && errno == EINTR);
	if (f->grown || (wrote == -1 && errno != EAGAIN) ||
	    (wrote >= 0 && (size_t)wrote == size))
		return wrote;
	fifo_grow(f, d->pipe_size);
	skip = wrote > 0 ? (size_t)wrote : 0;
	for (i = 0; i < n - 1 && skip >= v[i].iov_len; i++)
		skip -= v[i].iov_len;
	v[i].iov_base = (uint8_t *)v[i].iov_base + skip;
	v[i].iov_len -= skip;
	d->row->number[0] = LEDGER_UNKNOWN;
	more = writev(f->fd, v + i, n - i);
	if (more == -1)
		return wrote;
	return wrote > 0 ? wrote + more : more;
}

static ssize_t
slots_put(struct slots *d, struct iovec *v, int n, size_t size)
{
	ssize_t wrote = slots_writev(d, v, n, size);

	if (wrote == -1 && errno == EAGAIN) {
		d->full = true;
		slots_want(d);
	}
	return wrote;
}

/*
 * All but the last byte, which may be the reply's last.  What was kept before
 * goes first; of a part that was written, the byte after it is kept.
 */
static ssize_t
slots_put_but_one(struct slots *d, const uint8_t *data, size_t size)
{
	uint8_t before = (uint8_t)d->kept;
	size_t first = d->kept != -1;
	struct iovec v[2] = {
		{ &before, first },
		{ (void *)(uintptr_t)data, size - 1 },
	};
	ssize_t n = 0;

	if (first + size - 1 > 0)
		n = slots_put(d, v, 2, first + size - 1);
	if (n == -1)
		return -1;
	n -= (ssize_t)first;
	d->kept = data[n];
	slots_look_soon(d);
	return n + 1;
}

ssize_t
slots_write(struct slots *d, const void *data, size_t size)
{
	struct iovec v = { (void *)(uintptr_t)data, size };
	ssize_t n;

	if (size == 0)
		return 0;
	n = d->told ? slots_put(d, &v, 1, size) :
	    slots_put_but_one(d, data, size);
	if (n > 0)
		d->size += (uint64_t)n;
	d->row->number[0] = d->size;
	return n;
}

void
slots_end(struct slots *d, bool failed)
{
	d->phase = d->dropped ? SLOTS_IDLE : SLOTS_WHOLE;
	d->failed = failed || d->size == 0;
	slots_tell(d);
	d->full = false;
	d->untried = true;
	slots_want(d);
	d->tick_ms = 0;
	slots_look_soon(d);
}

bool
slots_busy(const struct slots *d)
{
	return d->phase != SLOTS_IDLE;
}

size_t
slots_waiting(const struct slots *d)
{
	return slots_unread(d) + (d->kept != -1) + (d->last != NULL ?
	    fifo_waiting(d->last->fifo.fd) : 0);
}

/* Somebody has it open, as far as is known at this moment. */
static bool
slots_attended(struct slots *d)
{
	if (!d->told) {
		slots_take_back(d);
		return d->last != NULL || slots_is_read(d, d->current);
	}
	slots_sync(d);
	return slots_verdict(d) != VERDICT_NOBODY;
}

bool
slots_abandoned(struct slots *d)
{
	if (d->phase == SLOTS_IDLE || slots_attended(d))
		return false;
	if (slots_waiting(d) == d->size)
		return false;
	return d->phase == SLOTS_WRITING || d->failed || slots_waiting(d) > 0;
}

/*
 * The slot is closed with what is in it, which is the end of that, unless
 * somebody came before the names were exchanged.
 */
static bool
slots_empty(struct slots *d)
{
	struct slot *old = d->current;

	if (slots_prepare(d) == -1 || slots_exchange(d) == -1)
		return false;
	slots_sync(d);
	if (d->told && slot_occupied(old) && slots_exchange(d) == 0)
		return false;
	slots_let_go(d, old);
	return true;
}

bool
slots_drop(struct slots *d, size_t *dropped)
{
	size_t waiting;

	*dropped = 0;
	if (d->phase == SLOTS_IDLE)
		return true;
	if (slots_attended(d))
		return false;
	waiting = slots_waiting(d);
	if (slots_unread(d) > 0 && !slots_empty(d))
		return false;
	*dropped = waiting;
	d->kept = -1;
	d->full = false;
	slots_want(d);
	d->dropped = d->phase == SLOTS_WRITING;
	slots_done(d);
	slots_look_soon(d);
	return true;
}

void
slots_close(struct slots *d)
{
	d->closed = true;
	slots_look_soon(d);
}

void
slots_resume(struct slots *d)
{
	d->closed = false;
}

void
slots_mode(struct slots *d, mode_t mode)
{
	struct slot *s;

	d->mode = mode;
	for (s = d->slot; s < d->slot + SLOTS; s++)
		if (s->made && s->fifo.fd != -1)
			fchmod(s->fifo.fd, mode);
		else if (s->made)
			(void)!fchmodat(d->dir_fd, s->fifo.name, mode, 0);
}

/* What had taken the name may have been exchanged with the spare's. */
static bool
slots_next_lost(const struct slots *d)
{
	struct stat st;

	return d->next != NULL && (fstatat(d->dir_fd, slots_next, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 || st.st_ino != d->next->fifo.inode);
}

bool
slots_in_place(const struct slots *d)
{
	return fifo_is_named(&d->current->fifo, d->dir_fd, slots_name) &&
	    !slots_next_lost(d);
}

int
slots_restore(struct slots *d, const char **what)
{
	int came = fifo_name_again(&d->current->fifo, d->dir_fd, slots_name,
	    what);

	if (came == -1 || !slots_next_lost(d))
		return came;
	if (came == 0)
		*what = "something else in its place was removed";
	slots_name_next(d, d->next);
	return 1;
}
