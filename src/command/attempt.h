/*
 * Waiting for the end of a session's attempt to connect: what `open` and
 * `reconnect` return with.
 */
#ifndef COMMAND_ATTEMPT_H
#define COMMAND_ATTEMPT_H

#include <stdbool.h>

#include "command/broker.h"
#include "command/call.h"

/* The first member of what c->state points to. */
struct attempt {
	bool until_up;  /* failed attempts are not the end, but for `failed` */
	bool undo;      /* refused for good: close the session again */
};

/*
 * Finish the call when session e is up, or idle because nothing asks for a
 * link yet (0), or its attempt has failed (its fault).
 */
void attempt_wait(struct call *c, struct entry *e);

#endif
