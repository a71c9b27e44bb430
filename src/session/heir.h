/*
 * The heir: how a session goes on from where a former engine was killed, from
 * what that one's ledger says (base/ledger.h).  In two steps: while others may
 * still hold the descriptors everything is taken over as it stood, and told to
 * our own ledger; then heir_go_on() does what is due.
 *
 * Nothing is sent again.  An exchange that was under way ends as uncertain: a
 * reply that had begun is cut short, and of others the client has an answer
 * that says so, or an end of file.  A request of which a part was taken is
 * dropped up to its end, which is when nobody writes any more.  A connection
 * that was at rest goes on; of others, the peer meets an end.
 */
#ifndef SESSION_HEIR_H
#define SESSION_HEIR_H

#include "session/exchange.h"
#include "session/session.h"

/* The numbers in a stream's row: bytes that we have in our hands. */
enum { HEIR_TO_PEER, HEIR_TO_CLIENT };

/* What was asked on a channel, which is made already, and is not answered. */
void heir_dialogue(struct dialogue *d, const struct ledger_left *left);
/* Its answers, now or when its client has written all. */
void heir_dialogue_go_on(struct dialogue *d);
/* It ends. */
void heir_flush_forget(struct dialogue *d);

/* All that is the session's. */
void heir_begin(struct session *s);
void heir_go_on(struct session *s);

/* --- an engine that makes way by itself --- */

/*
 * From now on (or no longer) nothing new begins: no request, and no byte of a
 * stream, is taken; what is under way goes on to its end.
 */
void heir_halt(bool halted);
bool heir_halted(void);
/* Has it come to its end, so that nothing is lost if we end here? */
bool heir_is_quiet(const struct session *s);
/* What a stream holds and nobody takes is for the heir. */
void heir_bequeath(struct session *s);

#endif
