/*
 * The state machine of a session: which moves there are, and the one setter.
 */
#ifndef SESSION_STATE_H
#define SESSION_STATE_H

#include "session/session.h"

/*
 * Enter a state.  A move that the table does not allow ends the program: it
 * is a mistake of ours.  The move is logged with the reason in words, shown in
 * `status` and told to the owner, both at the end of the turn.
 */
void state_enter(struct session *s, enum session_state state,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* It is in its state from now on. */
void state_began(struct session *s);

/* On the way from an address to a link. */
bool state_is_dialling(enum session_state state);

#endif
