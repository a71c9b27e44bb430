/*
 * A session's link: how it begins, what it tells on its way up, and what is
 * said of it when it is gone.
 */
#ifndef SESSION_DIAL_H
#define SESSION_DIAL_H

#include "session/session.h"

/* Start to make a link; `reason` is for the log, or "". */
void dial_start(struct session *s, const char *reason);
/* The link is gone: account for what was lost with it, and free it. */
void dial_drop(struct session *s);
/* timeout-connect has run out for `l': what was it waiting for? */
void dial_late(const struct session *s, const struct link *l,
    struct why *why);
/* The newest failure is in s->why: have `status` tell it. */
void dial_failure(struct session *s);
/* Read again what has changed of the files that options name. */
void dial_refresh(struct session *s);
/* The chain that the peer of this link showed, as the file peer.pem. */
void dial_write_certificates(struct session *s, const struct link *l);
/* Every byte has been delivered: readers meet their end of file. */
void dial_deliver_end(struct session *s);

#endif
