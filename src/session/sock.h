/*
 * The socket `sock` in a session's directory: every client that connects has
 * a channel of its own.
 */
#ifndef SESSION_SOCK_H
#define SESSION_SOCK_H

#include "session/session.h"

/*
 * Make it in the directory dir_fd, which is hidden yet; where its path would
 * be longer than a socket's may be (unix(7)) there is none.  0, or -1 + why.
 */
int sock_make(struct session *s, int dir_fd, struct why *why);
/* Serve it from now on. */
void sock_watch(struct session *s);
/* Give it the mode of the FIFOs. */
void sock_mode(struct session *s, int dir_fd);
/* Close it; the name stays. */
void sock_clear(struct session *s);
/* Is there one? */
bool sock_is_there(const struct session *s);

#endif
