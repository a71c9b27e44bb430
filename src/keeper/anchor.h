/*
 * The anchor: a process that does nothing but share the engine's table of
 * descriptors.  Whatever the engine holds when it is killed stays open in that
 * table, exactly so long as the engine held it: an end of file that it gives
 * by closing a FIFO is one, at once, and nothing is told to anybody.  The next
 * engine has the descriptors sent by their numbers, which the ledger has.
 *
 * It is a copy of the engine as that was when it began, so the sooner the
 * better.  It ends when the other end of its socket is closed, which must be
 * the keeper's alone: what the engine has, the anchor has.
 */
#ifndef KEEPER_ANCHOR_H
#define KEEPER_ANCHOR_H

#include <stddef.h>
#include <sys/types.h>

#include "base/loop.h"

/*
 * The two ends of its socket: the one for the keeper, and its own.  0, or -1,
 * see errno; ENOSYS: this system has nothing of the kind.
 */
int anchor_sockets(int fds[2]);
/*
 * Begin it with its end, before this process has a second thread, and when the
 * other end is held by the keeper and closed here; the first that it does is
 * to confine itself.  0, or -1, see errno.
 */
int anchor_begin(int fd, void (*confine)(void));
/* Be told when the one that was begun is gone; NULL: no more. */
void anchor_watch(loop_cb *cb, void *arg);
/* The one that was begun; 0: there is none, or it is gone. */
pid_t anchor_pid(void);
/*
 * These, up to ANCHOR_OWN, are the engine's alone, the lock on the run
 * directory among them: closed when it is gone.  Before anchor_begin().
 */
#define ANCHOR_OWN 4
void anchor_owns(const int *fds, size_t n);

/*
 * Fetch copies of n of its descriptors by their numbers, close-on-exec and
 * non-blocking; -1 where it has none of that number, or does not answer.
 */
void anchor_fetch(int anchor_fd, const int *numbers, int *fds, size_t n);
/* Have it end, and wait until it has closed everything. */
void anchor_end(int anchor_fd);

#endif
