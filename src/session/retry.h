/*
 * When to dial again: after an attempt that failed, a link that broke and a
 * link that the peer has closed.
 */
#ifndef SESSION_RETRY_H
#define SESSION_RETRY_H

#include "session/session.h"

/* Is the session idle, and would a byte in `in` make a link? */
bool retry_on_demand(const struct session *s);
/* How long to wait before the next attempt, after s->tries in a row. */
int retry_delay_ms(const struct session *s);
/* Would another attempt meet what s->why says again? */
bool retry_is_final(const struct session *s);
/* The policy may have changed: dial where it now says so. */
void retry_reconsider(struct session *s);
/* No link came of it; s->why says why. */
void retry_attempt_failed(struct session *s);
/* The link broke; s->why says why. */
void retry_link_broken(struct session *s);
/* The peer has closed the link in order. */
void retry_link_ended(struct session *s);

#endif
