/*
 * Handing over: this engine makes way for the next one, which may be another
 * program, when nothing is under way any more; so nothing is lost.
 */
#ifndef COMMAND_HANDOVER_H
#define COMMAND_HANDOVER_H

#include <stdbool.h>

#include "session/session.h"

/* Let nothing new begin, or go on as before. */
void handover_halt(bool halted);
/* A session that has something under way; NULL: it is time. */
const struct session *handover_waits_for(void);
/* Now.  Does not return; or -1 + why: there is nobody to take over. */
int handover_go(struct why *why);

#endif
