/*
 * Without events the same states are gone through by a timer, which runs only
 * while a reply is not delivered or an end is owed.  Who is there can be asked
 * (fifo_is_read()), but not whether it has read.  So the last byte of a reply
 * is kept back until the pipe is empty and somebody has it open: this one is in
 * the midst of the reply and nobody else's.  The names are exchanged, and only
 * then the last byte is written to the old slot and, when it was taken, that is
 * closed:
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
#include <unistd.h>

#include "channel/slots_internal.h"

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

void
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

bool
slots_attended_untold(struct slots *d)
{
	slots_take_back(d);
	return d->last != NULL || slots_is_read(d, d->current);
}
