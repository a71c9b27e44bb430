/*
 * Delivery: how the peer's bytes reach the readers of `out`, and how these
 * meet an end of file when the stream has ended.
 *
 * In a stream there is one FIFO, and the end of file is the exception: it is
 * due when a link has ended and on-close=eof, or when the session has ended
 * for good.  Closing our end of a FIFO that will be written again would not
 * do (re-opening it cancels an end of file that nobody has read yet), so a
 * fresh FIFO takes the name and the old one is closed, never to be written
 * again.
 *
 * open ──end()──▶ ending ──the pipe is empty and somebody reads──▶ rotate:
 *   ▲                │                               the reader has its EOF
 *   │                └─resume(), or nobody reads and another link may come─┐
 *   └──────────────────────────────────────────────────────────────────────┘
 *
 * A reader may have looked up the name just before the rotation and open the
 * old FIFO after we have closed it: it would wait in open(2) for a writer for
 * ever.  So the old one keeps a hidden name for a moment, and is opened for
 * writing once more before that is removed: with O_NONBLOCK this succeeds
 * only if there is a reader (one that waits in open counts), and sets it free
 * to meet its end of file.
 *
 * While ending we hold only a write end, so that poll(2) can tell whether
 * anybody reads (POLLERR: nobody), and nothing more is written: a next link's
 * bytes wait until the last one's have been read.
 */
#ifndef CHANNEL_DELIVERY_H
#define CHANNEL_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/loop.h"
#include "channel/fifo.h"
#include "channel/notice.h"

struct delivery {
	struct fifo fifo;
	bool ending;
	bool write_end;         /* only that is held: poll tells of readers */
	int dir_fd;             /* while ending; else -1 */
	char *path;             /* of the FIFO, while ending; else NULL */
	bool for_good;          /* every later reader has its EOF too */
	bool keep;              /* what nobody has read yet keeps its EOF */
	bool was_ending;        /* in a former engine */
	struct notice *readers; /* while ending; else NULL */
	struct delivery_late *late;     /* old FIFOs; NULL: none */
	loop_cb *ready;         /* it may be written to again */
	void *arg;
};

/* The FIFO has been made; `ready` is called when an end has been delivered. */
void delivery_init(struct delivery *d, loop_cb *ready, void *arg);
void delivery_clear(struct delivery *d);

enum delivery_end {
	DELIVERY_KEEP = 1,      /* also who comes later to read the last bytes;
				   the next link's wait for that */
	DELIVERY_FOR_GOOD = 2,  /* and everybody, until there is a link again */
};

/*
 * The stream has ended: whoever reads meets an end of file after the last
 * byte.  `dir_fd` is the session's directory (taken over), `path` the FIFO's.
 */
void delivery_end(struct delivery *d, int dir_fd, const char *path,
    unsigned how);
/* A new link is there: no end is due any more to those who have not come. */
void delivery_resume(struct delivery *d);
/* Drop what waits to be read, an end that is due included: how many bytes. */
size_t delivery_drop(struct delivery *d);
/* May bytes be written now?  They go to d->fifo.fd. */
bool delivery_open(const struct delivery *d);

#endif
