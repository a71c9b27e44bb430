/*
 * Has the reply been read, and is there somebody who waits for its end?  From
 * events, where the system tells them.
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
 * What windows remain:
 * - Clients that do not take turns.  Equal events in a row are merged, so two
 *   that open at the same time may be counted as one; they split a reply
 *   anyway, and the end of file may then come to one that has not read.
 * - The kernel's queue of events overflows: everybody counts as one who waits
 *   for the end of file, unless the pipe itself says that nobody is there.
 */
#include "channel/slots_internal.h"

#define SLOTS_SMALL 256         /* a reading of less than this is small */

enum verdict {
	VERDICT_NOBODY,
	VERDICT_FRESH,          /* somebody who has read nothing */
	VERDICT_READER,         /* somebody who has read, or perhaps has */
};

/*
 * There were several, and as many leavings were told as openings, equal ones
 * in a row as one: the pipe itself is asked.
 */
void
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
 * Of a reply that was read in a former engine's time, who saw its readers come:
 * who has asked since then does not wait for the end of that one.
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

/*
 * Be woken for whatever happens at the current slot.  It may just have
 * happened: looked at once.  And the kernel tells an event to the watches that
 * there were when it began to: of one it is about to tell when ours is added
 * we hear by the other queue alone, when that client's thread goes on.
 */
void
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

void
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

bool
slots_attended_told(struct slots *d)
{
	slots_sync(d);
	return slots_verdict(d) != VERDICT_NOBODY;
}
