/*
 * A channel: one way in and out of a session for clients.  So far there is
 * one kind, the session's default channel: the FIFOs `in` and `out` of its
 * directory, and `ctl` beside them.
 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/option.h"
#include "base/why.h"
#include "channel/delivery.h"
#include "channel/fifo.h"

struct channel_options {
	mode_t mode;
	char *group;
	size_t pipe_size;
};
extern const struct option_row channel_option_rows[3];

struct channel {
	struct fifo in, ctl;
	struct delivery out;
};

/*
 * Make the FIFOs in dir_fd and hold them.  `ready` as in delivery.h.  0, or
 * -1 + FAULT_REFUSED, and nothing is held.
 */
int channel_make(struct channel *c, int dir_fd,
    const struct channel_options *options, gid_t gid, loop_cb *ready,
    void *arg, struct why *why);
/* Let go of everything. */
void channel_clear(struct channel *c);
/* New mode for FIFOs that are there. */
void channel_mode(struct channel *c, mode_t mode);
/*
 * What the directory's mode has to be, for those whom `mode` lets use the
 * FIFOs to reach them: 0700, 0710 for the group, 0711 for all.
 */
mode_t channel_directory_mode(const struct channel_options *options);
/* The mode of a file that tells of the channel: who may read `out` may. */
mode_t channel_file_mode(const struct channel_options *options);

/*
 * Put back what was deleted or replaced, and tell `note` of each: the FIFO's
 * name, and what had happened.  A FIFO, once lost, is the same pipe again: it
 * has a second, hidden name, from which it is put back.  -1, see errno, when
 * one (*which) cannot be: with ENOENT its hidden name is gone too, which is
 * how a directory looks that somebody is removing.
 */
int channel_restore(struct channel *c, int dir_fd,
    void (*note)(const char *fifo, const char *what, void *arg), void *arg,
    const char **which);

#endif
