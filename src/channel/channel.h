/*
 * A channel: one way in and out of a session for clients, a pair of FIFOs, a
 * connected socket, or the descriptors of one `fifoctl request`.  One file a
 * kind; the rest of the house sees this header alone.
 *
 * A channel watches its own descriptors, in the directions that the owner
 * wants, and tells the owner, who reads and writes.
 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/option.h"
#include "base/why.h"
#include "channel/pair.h"

struct channel;

/* Both come from the loop, never from inside a function below. */
struct channel_owner {
	loop_cb *readable;      /* read() is worth trying */
	loop_cb *ready;         /* so are begin() and write(), after a no */
	/* Has the client begun its next request?  As slots_owner.asked. */
	bool (*asked)(void *arg);
	void (*note)(void *arg, const char *text);
	void *arg;
};

struct channel_kind {
	const char *name;       /* "FIFO", for people */
	/*
	 * As read(2), never waits: 0 the client sends no more (a FIFO's may
	 * always); -1 with EAGAIN: not now; with another errno: it is gone.
	 */
	ssize_t (*read)(struct channel *c, void *data, size_t size);
	/*
	 * A reply begins; false: an earlier one is in its way, ready() comes.
	 * NULL: always at once.
	 */
	bool (*begin)(struct channel *c);
	/* As write(2), never waits; errno as read's. */
	ssize_t (*write)(struct channel *c, const void *data, size_t size);
	/* The reply is whole, or (failed) cut short or empty.  NULL: no-op. */
	void (*end)(struct channel *c, bool failed);
	/* As slots_abandoned() and slots_drop(); NULL: false; true, 0. */
	bool (*abandoned)(struct channel *c);
	bool (*drop)(struct channel *c, size_t *dropped);
	/* Bytes written that the client has not read; NULL: 0. */
	size_t (*waiting)(const struct channel *c);
	/*
	 * Drop what the client has written, and how much; is it still writing?
	 * Its directory is dir_fd.  NULL: it is not.
	 */
	bool (*flush)(struct channel *c, int dir_fd, size_t *dropped);
	/* As slots_retract(); NULL: false. */
	bool (*retract)(struct channel *c);
	/* Every reader meets the end of file, or (again) no longer. NULL: no. */
	void (*finish)(struct channel *c, bool again);
	/* Close and free. */
	void (*free)(struct channel *c);
};

struct channel {
	const struct channel_kind *kind;
	struct channel_owner owner;
	int in_fd, out_fd;              /* as watched; -1: none */
	struct watch readable, writable;
	struct ledger_row *row;         /* of a client's socket; or NULL */
	int end_fd;                     /* see channel_follow_end() */
	struct watch ended;
	bool once;              /* one request, then no more: fifoctl request */
	bool always;            /* may be read at any time, cannot be watched */
	bool guest;             /* came in by a front door */
	bool exact;             /* its end is seen: half-close, hang-up */
};

/* --- the kinds --- */

/* The FIFOs of `pair` (borrowed). */
struct channel *channel_fifo(struct pair *pair,
    const struct channel_owner *owner);
/* A connected, non-blocking stream socket, taken over. */
struct channel *channel_socket(int fd, const struct channel_owner *owner);
/*
 * A caller's own descriptors, taken over: one request is read from `in`, its
 * reply is written to `out`.  They are shared with other processes, so their
 * flags are left alone.  NULL + FAULT_REFUSED where one cannot be used so.
 */
struct channel *channel_stdio(int in, int out,
    const struct channel_owner *owner, struct why *why);

/* --- for owners --- */

ssize_t channel_read(struct channel *c, void *data, size_t size);
bool channel_begin(struct channel *c);
ssize_t channel_write(struct channel *c, const void *data, size_t size);
void channel_end(struct channel *c, bool failed);
bool channel_abandoned(struct channel *c);
bool channel_drop(struct channel *c, size_t *dropped);
size_t channel_waiting(const struct channel *c);
void channel_finish(struct channel *c, bool again);
bool channel_retract(struct channel *c);
/* As its kind's; nothing is read meanwhile.  dir_fd (-1: none) is closed. */
bool channel_flush(struct channel *c, int dir_fd, size_t *dropped);
/* Is the client told when there is something to read? */
void channel_want(struct channel *c, bool reading);
/* There is no memory to read into: try again in a second, watch_rest(). */
void channel_rest(struct channel *c);
/*
 * It has said all, read() says 0 for ever: call readable() when something has
 * happened, and read() may say that it is gone.
 */
void channel_follow_end(struct channel *c);
/* Its owner hears no more of its descriptors, which may be closed. */
void channel_stop(struct channel *c);
/* NULL is allowed. */
void channel_free(struct channel *c);

/* --- for kinds --- */

/* Fill in what all have, and make the watches. */
void channel_init(struct channel *c, const struct channel_kind *kind,
    const struct channel_owner *owner, int in_fd, int out_fd);
/* write() has said EAGAIN: call owner.ready() when out_fd takes more. */
void channel_await(struct channel *c);

#endif
