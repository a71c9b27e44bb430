/*
 * The stage: how many bytes of a reply have gone to a FIFO, so that whoever
 * finds us dead in the middle knows it to the byte.  A write(2) and the note of
 * it are two steps, and in between a reader may have taken all of it.  So the
 * bytes stand in a pipe of ours first, the ledger is told what is to happen,
 * and then they move (splice(2)): what is not in the pipe any more has gone.
 */
#ifndef CHANNEL_STAGE_H
#define CHANNEL_STAGE_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/ledger.h"

/*
 * Where something outlives us; without, or where it cannot be, bytes go as
 * they are.
 */
void stage_begin(void);
void stage_end(void);

/*
 * As writev(2) to a FIFO that does not block, of the first bytes of the row's
 * reply.
 */
ssize_t stage_write(struct ledger_row *row, int fd, const struct iovec *v,
    int n);

#endif
