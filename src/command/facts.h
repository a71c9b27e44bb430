/*
 * The facts about a session, as `status` and `list` print them.
 */
#ifndef COMMAND_FACTS_H
#define COMMAND_FACTS_H

#include "session/session.h"

/* One JSON object on one line, without the line's end; the caller frees. */
char *facts_json(struct session *s);

#endif
