/*
 * Pipes that bytes are spliced through, socket to socket.  There are few, and
 * a relay has one only while bytes are in it or come without a pause.
 */
#ifndef SESSION_RELAY_PIPE_H
#define SESSION_RELAY_PIPE_H

#include <stddef.h>

struct relay_pipe {
	struct relay_pipe *next;        /* free list */
	int fds[2];                     /* as of pipe(2) */
	size_t n;                       /* bytes in it */
};

/* An empty one; NULL: all are in use, or there is no descriptor for one. */
struct relay_pipe *relay_pipe_take(void);
/* NULL is allowed; one that is not empty is closed. */
void relay_pipe_give(struct relay_pipe *p);
/* Close the free ones. */
void relay_pipe_close_all(void);

#endif
