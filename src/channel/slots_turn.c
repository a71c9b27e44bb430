/*
 * Which FIFO has the name.  A reader that came and read waits for its end of
 * file.  turn() exchanges the two names, so that nobody else comes to the old
 * slot, and then looks at the events once more:
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
 * An old slot keeps its hidden name and is followed.  When it is wanted as the
 * spare, a write end is opened: ENXIO, nobody is there nor waits in open(2),
 * and it is held again.  Otherwise somebody is: one that lingers and has its
 * end already, or one that looked up the name before the exchange and was
 * held up since, and now waits in open(2), unseen: it is served as the spare's
 * reader, or meets the end of file where the current slot has one.  A moment
 * after an end was given all old ones are looked at like this, so that such a
 * one does not wait until the next reply.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/slots_internal.h"

/*
 * The spare's second name, to be exchanged with `out`; see directory.c.  It is
 * made ahead: where there is room for no name more, readers still turn.
 */
static const char slots_next[] = ".out.nxt";

static void
slots_name_next(struct slots *d, struct slot *s)
{
	unlinkat(d->dir_fd, slots_next, 0);
	d->next = linkat(d->dir_fd, s->fifo.name, d->dir_fd, slots_next,
	    0) == 0 ? s : NULL;
}

void
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

int
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
	if (slot_make(s, d) == -1) {
		slots_note(d, "a second FIFO cannot be made");
		return -1;
	}
	slots_spare(d, s);
	return 0;
}

int
slots_exchange(struct slots *d)
{
	struct slot *from = d->current, *to = d->spare;

	if (to->ours)
		slots_sync(d);
	if (d->next == to &&
	    fifo_exchange(d->dir_fd, slots_next, SLOTS_NAME) == 0) {
		d->next = from;
	} else if (d->next == to && renameat(d->dir_fd, slots_next, d->dir_fd,
	    SLOTS_NAME) == 0) {
		slots_name_next(d, from);
	} else if (fifo_name(&to->fifo, d->dir_fd, SLOTS_NAME) == -1) {
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

void
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

void
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

bool
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

void
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
	return fifo_is_named(&d->current->fifo, d->dir_fd, SLOTS_NAME) &&
	    !slots_next_lost(d);
}

int
slots_restore(struct slots *d, const char **what)
{
	int came = fifo_name_again(&d->current->fifo, d->dir_fd, SLOTS_NAME,
	    what);

	if (came == -1 || !slots_next_lost(d))
		return came;
	if (came == 0)
		*what = "something else in its place was removed";
	slots_name_next(d, d->next);
	return 1;
}
