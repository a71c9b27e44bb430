/*
 * Notices: what clients do to our names and FIFOs.  On Linux one inotify(7)
 * descriptor a kind serves the whole broker, and says nothing while nothing
 * happens; elsewhere a timer looks, for as long as there is a notice to serve.
 *
 * A notice is a hint: the callback looks for itself how things are.  Who
 * follows a FIFO is told what happened to it, each thing in its order, but
 * only on asking: nobody is woken for it.
 */
#ifndef CHANNEL_NOTICE_H
#define CHANNEL_NOTICE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include "base/loop.h"

enum notice_kind {
	NOTICE_NAMES,           /* of a directory: made, deleted, renamed */
	NOTICE_READERS,         /* of a FIFO: opened, read from, closed */
	NOTICE_FOLLOW,          /* the same, told one by one */
};

/* What happened to a FIFO that is followed. */
enum notice_event {
	NOTICE_OPENED,
	NOTICE_READ,            /* bytes were taken */
	NOTICE_LEFT,            /* one that could only read has closed it */
	NOTICE_LOST,            /* too much: any of these, in any order */
};

/*
 * Called from inside notice_sync(), thus from wherever that is called: note it
 * down, and act on it from the loop.
 */
typedef void notice_cb(void *arg, enum notice_event event);

struct notice {
	RB_ENTRY(notice) entry;
	int id;
	enum notice_kind kind : 8;
	bool active;
	union {
		loop_cb *cb;
		notice_cb *follow;      /* of NOTICE_FOLLOW */
	};
	void *arg;
	struct deferred due;    /* of cb: at the end of the turn */
};

/*
 * Call cb(arg) after something of this kind happened at `path`.  0, or -1,
 * see errno: ENOSPC is the user's limit of watches
 * (fs.inotify.max_user_watches).
 */
int notice_add(struct notice *n, const char *path, enum notice_kind kind,
    loop_cb *cb, void *arg);
/*
 * Have notice_sync() call cb(arg, event) for each event at the FIFO `path`;
 * equal ones in a row may come as one, our own openings and readings come too.
 * As notice_add(); ENOSYS where the system tells nothing (notice_follows() is
 * false).
 */
int notice_follow(struct notice *n, const char *path, notice_cb *cb,
    void *arg);
bool notice_follows(void);
/* Tell what has happened up to now to all FIFOs that are followed. */
void notice_sync(void);
/*
 * A name was given to another by us: what is told of names may wait a moment,
 * rather than that we are woken for each.
 */
void notice_renamed(void);
/* Forget it; a zeroed one is allowed. */
void notice_clear(struct notice *n);

#endif
