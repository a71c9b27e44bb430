/*
 * Slots from what a former engine has left: its descriptors, the names, and
 * what stands in the ledger.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "channel/slots_internal.h"

/* The one that has the name; if none has, the one that had it. */
static struct slot *
slots_named(struct slots *d, unsigned number)
{
	struct stat st = { 0 };
	struct slot *s;

	(void)!fstatat(d->dir_fd, SLOTS_NAME, &st, AT_SYMLINK_NOFOLLOW);
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
	if (left->state.reply == LEDGER_TURNING && was != d->current) {
		d->phase = SLOTS_IDLE;
		d->turning = was->fifo.fd != -1 ? was : NULL;
	}
	/* What is there still is read in our time, and told. */
	if (slots_unread(d) > 0)
		d->current->touched = false;
	else
		d->inherited = d->phase == SLOTS_WHOLE;
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

void
slots_go_on(struct slots *d)
{
	slots_finish_turn(d);
	/* Who reads what is there is one that came to us, or is here now. */
	if (d->told && slots_unread(d) > 0) {
		slots_sync(d);
		slots_count(d, d->current);
	}
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
