/*
 * A session's insides: session_open.c has it begin, session.c does what it is
 * asked for, session_close.c has it end.
 */
#ifndef SESSION_SESSION_INTERNAL_H
#define SESSION_SESSION_INTERNAL_H

#include "session/session.h"

/* --- session.c --- */

/* Whatever carries its bytes: anything may have changed. */
void session_turn(struct session *s);

/* --- session_close.c --- */

/* Of everything that clients hold: their readers meet the end of file. */
void session_let_go(struct session *s);
/*
 * A stream's readers have had an end of file (delivery.h; arg: the session).
 * Of a peer that has gone nothing is left to be done, at the next turn.
 */
void session_delivered(void *arg);

#endif
