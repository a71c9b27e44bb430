/*
 * The slots as a whole: what is called, and when they are looked at; see
 * slots_internal.h for the states.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/slots_internal.h"

#define SLOTS_TICK_MS 1         /* without events, and at most: */
#define SLOTS_TICK_MAX_MS 20

void
slots_tell(struct slots *d)
{
	static const enum ledger_reply replies[] = {
		[SLOTS_IDLE] = LEDGER_IDLE,
		[SLOTS_WRITING] = LEDGER_WRITING,
		[SLOTS_WHOLE] = LEDGER_WHOLE,
	};
	const struct slot *s = d->turning != NULL ? d->turning : d->current;

	enum ledger_reply reply = replies[d->phase];

	/* With a byte kept back it is not whole for anybody but us. */
	if (d->turning != NULL)
		reply = LEDGER_TURNING;
	else if (d->kept != -1 || d->last != NULL)
		reply = LEDGER_WRITING;
	else if (d->dropped)
		reply = LEDGER_IDLE;
	ledger_reply(d->row, reply, d->failed, (unsigned)(s - d->slot));
}

void
slots_note(struct slots *d, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	d->owner.note(d->owner.arg, text);
}

void
slots_sync(struct slots *d)
{
	size_t i;

	notice_sync();
	for (i = 0; i < SLOTS; i++)
		d->slot[i].ours = false;
}

void
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

void
slots_wait(struct slots *d, int ms)
{
	if (!d->again.set)
		timer_set(&d->again, ms, slots_again, d);
}

void
slots_tick(struct slots *d, size_t waiting)
{
	if (d->tick_ms == 0 || waiting != d->ticked)
		d->tick_ms = SLOTS_TICK_MS;
	else if (d->tick_ms < SLOTS_TICK_MAX_MS)
		d->tick_ms *= 2;
	d->ticked = waiting;
	timer_set(&d->again, d->tick_ms, slots_look, d);
}

static void slots_writable(void *arg);

void
slots_want(struct slots *d)
{
	bool wanted = d->full || d->draining;

	if (wanted && !d->writable.wanted)
		watch_init(&d->writable, d->current->fifo.fd, LOOP_WRITE,
		    slots_writable, d);
	watch_want(&d->writable, wanted);
}

void
slots_want_anew(struct slots *d)
{
	watch_want(&d->writable, false);
	slots_want(d);
}

size_t
slots_unread(const struct slots *d)
{
	return fifo_waiting(d->current->fifo.fd);
}

bool
slots_owes(const struct slots *d)
{
	return d->closed || (d->phase == SLOTS_WHOLE && d->failed);
}

void
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

static void
slots_judge(struct slots *d)
{
	if (d->told)
		slots_judge_told(d);
	else
		slots_judge_untold(d);
}

void
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
	if (slot_make(&d->slot[0], d) == 0 &&
	    slot_make(&d->slot[1], d) == 0 &&
	    fifo_name(&d->slot[0].fifo, d->dir_fd, SLOTS_NAME) == 0) {
		d->current = &d->slot[0];
		slots_spare(d, &d->slot[1]);
		return 0;
	}
	return why_fail(why, FAULT_REFUSED, "FIFO %s cannot be made: %s",
	    SLOTS_NAME, strerror(errno));
}

struct slots *
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

struct slots *
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
		slot_free(&d->slot[i]);
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

static bool
slots_attended(struct slots *d)
{
	return d->told ? slots_attended_told(d) : slots_attended_untold(d);
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
