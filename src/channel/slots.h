/*
 * Slots: delivery of messages by a FIFO.  One reply, then a real end of file
 * for a reader that waits for one (`cat < out`), and none for readers that
 * take what they need and leave (`read < out`, line after line).
 *
 * Two FIFOs take turns: `out` is always the name of the current slot; the
 * spare, made, held and watched, waits under a hidden name.
 *
 *	slots_begin() ─▶ slots_write()… ─▶ slots_end() ─▶ read, judged ─▶ ready
 */
#ifndef CHANNEL_SLOTS_H
#define CHANNEL_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/ledger.h"
#include "base/loop.h"
#include "base/why.h"
#include "channel/fifo.h"
#include "channel/notice.h"

struct slots;

struct slots_place {
	int dir_fd;             /* the channel's directory; owned by the slots,
				   closed by slots_free() */
	const char *path;       /* of that directory, absolute; copied */
	mode_t mode;            /* of the FIFOs */
	gid_t gid;              /* (gid_t)-1: the process's */
	size_t pipe_size;       /* what a FIFO with much in it grows to */
	struct ledger_row *row; /* where it is told; NULL: nowhere */
};

struct slots_owner {
	/*
	 * A slot is free for the next reply (after slots_begin() said no), or
	 * may be written to again (after slots_write() said EAGAIN).  Comes
	 * from the loop, never from inside a function below.
	 */
	void (*ready)(void *arg);
	/*
	 * Has the client begun a request beyond those whose replies have
	 * begun, as far as can be seen now?  One that has is done with the
	 * reply before, unless it had asked when that began.  May come from
	 * inside the functions below.
	 */
	bool (*asked)(void *arg);
	/* Something for the session's log, in words. */
	void (*note)(void *arg, const char *text);
	void *arg;
};

/*
 * Make both FIFOs in the directory, give the first the name `out`, and watch
 * them.  The place's dir_fd is taken over on success only.  NULL +
 * FAULT_REFUSED, then nothing is held and nothing stays in the directory.
 */
struct slots *slots_new(const struct slots_place *place,
    const struct slots_owner *owner, struct why *why);

/*
 * The same from what a former engine has left, whose descriptors are taken
 * over: all stands as it stood until slots_go_on().  What is not there is made.
 */
struct slots *slots_inherit(const struct slots_place *place,
    const struct slots_owner *owner, struct ledger_left *left,
    struct why *why);
/* Nobody else holds them any more: readers are judged. */
void slots_go_on(struct slots *d);
/*
 * Take back the reply that is under way, of which nobody has read: true, and
 * it is as if it had not begun.
 */
bool slots_retract(struct slots *d);

/*
 * Let go: readers meet the end of file after what is in the FIFOs.  The names
 * stay, the caller removes the directory.  NULL is allowed.
 */
void slots_free(struct slots *d);

/*
 * A reply begins: true, and the current slot is its own; false: an earlier
 * reply is still to be read, ready() comes when it was.
 */
bool slots_begin(struct slots *d);
/*
 * Bytes of it: as write(2) to a pipe without waiting; -1 with EAGAIN: full,
 * ready() comes when there is room.
 */
ssize_t slots_write(struct slots *d, const void *data, size_t size);
/*
 * It is whole.  `failed`: it was cut short or has no byte at all, so its
 * reader is given the end of file though it may have read nothing.
 */
void slots_end(struct slots *d, bool failed);
/* Is a reply under way, or not yet read? */
bool slots_busy(const struct slots *d);

/*
 * Has a reader taken bytes of the reply, and left it with nobody reading?  As
 * of this moment: what clients have done is looked at first.  To be asked
 * before the next request is taken from `in`, whose client may wait for that.
 */
bool slots_abandoned(struct slots *d);
/*
 * Drop what is left of the reply in the slot, and have done with it: true, and
 * how many bytes.  False: nothing is dropped, because somebody has it open,
 * who may have come since slots_abandoned() was asked.  Under way: what is
 * written from now on until slots_end() is still the caller's to hold back.
 */
bool slots_drop(struct slots *d, size_t *dropped);
/* Bytes that wait to be read. */
size_t slots_waiting(const struct slots *d);

/*
 * From now on every reader meets the end of file at once, after what is still
 * to be read, until slots_resume(): the session has ended for good.
 */
void slots_close(struct slots *d);
void slots_resume(struct slots *d);

/* Give the FIFOs this mode. */
void slots_mode(struct slots *d, mode_t mode);
/*
 * Put the name `out` back where it was deleted or replaced, as fifo_restore()
 * (1, 0, -1 with errno; *what in words).
 */
int slots_restore(struct slots *d, const char **what);
/* As fifo_in_place(). */
bool slots_in_place(const struct slots *d);

#endif
