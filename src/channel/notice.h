/*
 * Notices: what clients do to our names and FIFOs.  On Linux one inotify(7)
 * descriptor serves the whole broker and says nothing while nothing happens;
 * elsewhere a timer looks, for as long as there is a notice to serve.
 *
 * A notice is a hint: the callback looks for itself how things are.
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
};

struct notice {
	RB_ENTRY(notice) entry;
	int id;
	enum notice_kind kind;
	bool active;
	loop_cb *cb;
	void *arg;
};

/*
 * Call cb(arg) after something of this kind happened at `path`.  0, or -1,
 * see errno: ENOSPC is the user's limit of watches
 * (fs.inotify.max_user_watches).
 */
int notice_add(struct notice *n, const char *path, enum notice_kind kind,
    loop_cb *cb, void *arg);
/* Forget it; a zeroed one is allowed. */
void notice_clear(struct notice *n);

#endif
