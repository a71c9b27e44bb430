/*
 * A pair: the FIFOs `in` and `out` of one directory, the session's own or a
 * private channel's, and who may use them.
 */
#ifndef CHANNEL_PAIR_H
#define CHANNEL_PAIR_H

#include <stddef.h>
#include <sys/types.h>

#include "base/option.h"
#include "base/why.h"
#include "channel/delivery.h"
#include "channel/fifo.h"
#include "channel/slots.h"

struct channel_options {
	mode_t mode;
	char *group;
	size_t pipe_size;
};
extern const struct option_row channel_option_rows[3];

struct pair {
	struct fifo in;
	struct delivery out;    /* a stream's; else it holds nothing */
	struct slots *slots;    /* of messages; NULL in a stream */
};

/* Where, for whom, and what for. */
struct pair_plan {
	int dir_fd;             /* borrowed */
	const char *path;       /* of the directory, absolute */
	const struct channel_options *options;
	gid_t gid;
	bool messages;          /* one reply, then an end of file */
	loop_cb *ready;         /* of a stream, as in delivery.h */
	struct slots_owner owner;       /* of messages; its arg is both's */
	struct ledger_row *row; /* where it is told; NULL: nowhere */
	struct ledger_left *left;       /* of a former engine, whose FIFOs
				   they are; NULL: they are made */
};

/* A zeroed pair that holds nothing, for pair_clear(). */
void pair_init(struct pair *p);
/*
 * Make the FIFOs and hold them, `in` last.  0, or -1 + FAULT_REFUSED, and
 * nothing is held.
 */
int pair_make(struct pair *p, const struct pair_plan *plan, struct why *why);
/* One FIFO as the plan says, told as `which': 0, or -1 + FAULT_REFUSED. */
int pair_make_fifo(struct fifo *f, const struct pair_plan *plan,
    const char *name, enum ledger_fd which, struct why *why);
/* Those that were inherited are nobody else's any more. */
void pair_go_on(struct pair *p);
/* Let go of everything. */
void pair_clear(struct pair *p);
/* New mode for FIFOs that are there. */
void pair_mode(struct pair *p, mode_t mode);
/*
 * What the directory's mode has to be, for those whom `mode` lets use the
 * FIFOs to reach them: 0700, 0710 for the group, 0711 for all.
 */
mode_t pair_directory_mode(const struct channel_options *options);
/* The mode of a file that tells of the channel: who may read `out` may. */
mode_t pair_file_mode(const struct channel_options *options);

typedef void pair_note(const char *fifo, const char *what, void *arg);

/*
 * Put back what was deleted or replaced, and tell `note` of each: the FIFO's
 * name, and what had happened.  A FIFO, once lost, is the same pipe again: it
 * has a second, hidden name, from which it is put back.  -1, see errno, when
 * one (*which) cannot be: with ENOENT its hidden name is gone too, which is
 * how a directory looks that somebody is removing.
 */
int pair_restore(struct pair *p, int dir_fd, pair_note *note, void *arg,
    const char **which);
/* As fifo_in_place(): if not, somebody may be in the middle of removing it. */
bool pair_in_place(const struct pair *p, int dir_fd);

#endif
