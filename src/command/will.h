/*
 * The will: what the next engine is to know of each session, should this one
 * be killed, held by the keeper under the session's name (keeper/hold.h); and
 * its execution by that next one.  What the session holds, and what is under
 * way on it, is the ledger's part (base/ledger.h).
 */
#ifndef COMMAND_WILL_H
#define COMMAND_WILL_H

#include <stdbool.h>
#include <stddef.h>

#include "command/broker.h"

/* Make or renew that of a session; and take it back, it has ended. */
void will_make(const struct entry *e);
void will_revoke(const char *name);

/*
 * At an engine's start: begin our own ledger and anchor, and, before the first
 * session of ours, open in the broker what the last engine left, all of which
 * stands still yet.  How many sessions that are.
 */
void will_begin(void (*confine_anchor)(void));
size_t will_execute(void);
/* Was there an engine before us that came to stand? */
bool will_succeeds(void);
/* Does what this engine holds outlive it? */
bool will_outlives(void);
/* This engine is about to end for the next one's sake. */
void will_hand_over(void);
/* Is it we who were made way for, a moment ago?  Says so once. */
bool will_was_handed_over(void);
/* Our anchor holds instead of the last engine's; all that stands goes on. */
void will_done(void);

#endif
