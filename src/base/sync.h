/*
 * fdatasync(2) without waiting: a thread does it, one for each struct sync,
 * so that a slow disk holds up nobody but whoever asked.  It sleeps while
 * there is nothing to do, touches nothing but the descriptors it is given,
 * and takes no signals.
 */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

struct sync;

/* One asked for is done: 0, or errno. */
typedef void sync_cb(int error, void *arg);

/* NULL + errno where the system has no thread left. */
struct sync *sync_new(sync_cb *cb, void *arg);
/*
 * Ask for what has been written to fd to be on disk; cb(error, arg) comes
 * from the loop.  One at a time: not again before that.  The descriptor stays
 * open until then.  0, or -1 + errno, and no callback comes.
 */
int sync_begin(struct sync *y, int fd);
/* Have fd synced and closed, after all that was asked for before. */
void sync_close(struct sync *y, int fd);
/* No callback will come; what was asked for is still done. NULL is allowed. */
void sync_free(struct sync *y);

#endif
