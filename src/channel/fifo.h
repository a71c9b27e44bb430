/*
 * One FIFO that we hold: made under a hidden name, opened at both ends by one
 * descriptor (O_RDWR, the placeholder), and then given its public name as a
 * second hard link.  While we hold it, opening it never blocks and nobody
 * meets an end of file or a SIGPIPE (fifo(7), pipe(7)).
 */
#ifndef CHANNEL_FIFO_H
#define CHANNEL_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"

/*
 * An idle pipe is kept at two pages: one page is one buffer, and would block
 * a writer while its page is only partly read.
 */
#define FIFO_IDLE_SIZE 8192

struct fifo {
	const char *name;       /* "in"; its hidden twin is ".in" */
	int fd;                 /* -1: not held */
	bool grown;             /* larger than when idle */
	bool narrow;            /* idle, it is one page: see fifo_narrow() */
	ino_t inode;
	int32_t *told;          /* where the ledger has fd; NULL: nowhere */
};

/*
 * Make `name` in the directory dir_fd with this mode and, where gid is not
 * -1, group.  0, or -1 + FAULT_REFUSED.
 */
int fifo_make(struct fifo *f, int dir_fd, const char *name, mode_t mode,
    gid_t gid, struct why *why);
/* Let go; the names stay.  Not held is allowed. */
void fifo_close(struct fifo *f);
/* The ledger is told of its descriptor, here, from now on. */
void fifo_tell(struct fifo *f, int32_t *told);
/* Hold it by this descriptor instead; the former one is the caller's. */
void fifo_become(struct fifo *f, int fd);
/*
 * Hold what a former engine held, by its descriptor (taken over): true, if it
 * is a FIFO at all.
 */
bool fifo_inherit(struct fifo *f, int dir_fd, const char *name, int fd);
/* Has it its hidden name, from which it is put back?  It is given that again. */
bool fifo_has_twin(const struct fifo *f, int dir_fd);
/*
 * Does anybody but us have it open to write, or in open(2)?  Exact for the
 * moment: we do without our write end until we know.
 */
bool fifo_is_written(struct fifo *f, int dir_fd);

/*
 * Is the name still ours?  If it was deleted, or something else has taken it,
 * put it back: 1 put back (with `what` told in words), 0 it was in place,
 * -1 it could not be, see errno.
 */
int fifo_restore(const struct fifo *f, int dir_fd, const char **what);
/* Is there nothing to put back, and all that it would be done from? */
bool fifo_in_place(const struct fifo *f, int dir_fd);

/*
 * A fresh FIFO takes the name, and `old` receives the descriptor of the one
 * that had it, which is now called `aside`; the caller closes and removes it.
 * 0 or -1, see errno.
 */
int fifo_rotate(struct fifo *f, int dir_fd, const char *aside, int *old);

/*
 * One under a hidden name alone: make it and hold both ends.  f->narrow is
 * set already, `name` is kept.  0 or -1, see errno.
 */
int fifo_hold(struct fifo *f, int dir_fd, const char *name, mode_t mode,
    gid_t gid);
/* Hold one again whose ends were all closed.  0 or -1, see errno. */
int fifo_hold_again(struct fifo *f, int dir_fd);
/*
 * Only a write end of it: ENXIO, nobody reads it nor waits in open(2) for a
 * writer, provided that we do not hold it; ESTALE, its name is another's.
 */
int fifo_write_end(const struct fifo *f, int dir_fd);
/*
 * Does anybody but us read this one that we hold?  Exact for the moment, and
 * without any notice: we do without our read end until we know.
 */
bool fifo_is_read(struct fifo *f, int dir_fd);
/* Give the hidden FIFO this name too, whatever has it now.  0 or -1. */
int fifo_name(const struct fifo *f, int dir_fd, const char *name);
/* As fifo_in_place() and fifo_restore(), of a name so given. */
bool fifo_is_named(const struct fifo *f, int dir_fd, const char *name);
int fifo_name_again(const struct fifo *f, int dir_fd, const char *name,
    const char **what);
/* Move what is in one pipe to another that has room for it. */
void fifo_move(int from, int to);

/* Bytes that wait in a pipe or a socket: FIONREAD; 0 when it cannot tell. */
size_t fifo_waiting(int fd);

/* Read and drop what is in a pipe now, not what comes meanwhile: how much. */
size_t fifo_drop(int fd);

/* --- what Linux does better: fifo_linux.c, fifo_generic.c --- */

/*
 * Enlarge up to `size` bytes, as far as the system lets us (EPERM beyond
 * pipe-user-pages-soft and EBUSY are normal and leave it as it is); shrink an
 * empty one to FIFO_IDLE_SIZE, true when done.
 */
void fifo_grow(struct fifo *f, size_t size);
bool fifo_shrink(struct fifo *f);

/* A fresh pipe, empty: give it its idle size. */
void fifo_begin(struct fifo *f);
/* An inherited one: is it grown? */
void fifo_measure(struct fifo *f);
/*
 * Have the pipe hold one buffer, with what is in it: then poll(2) says that it
 * can be written to when it is empty, and not before.  False where it holds
 * more, or this cannot be.
 */
bool fifo_narrow(struct fifo *f);
/*
 * Exchange two names in one step: each then names what the other did.  0 or
 * -1; ENOSYS where there is no such step.
 */
int fifo_exchange(int dir_fd, const char *a, const char *b);

/*
 * Move up to `size` bytes between a pipe and a socket without copying, never
 * waiting: splice(2).  As read(2); -1 with ENOSYS where there is none.
 */
ssize_t fifo_splice(int from, int to, size_t size);
bool fifo_can_splice(void);

#endif
