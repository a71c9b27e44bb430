/*
 * A session's link: how it begins, what it tells on its way up, and what is
 * said of it when it is gone.
 */
#ifndef SESSION_DIAL_H
#define SESSION_DIAL_H

#include "session/session.h"

/* Start to make a link; `reason` is for the log, or "". */
void dial_start(struct session *s, const char *reason);
/* The link that a former engine had, over this descriptor (taken over). */
void dial_inherit(struct session *s, int fd);
/*
 * What a link that was made of another's call tells of itself, as one that we
 * dialled does: arg is the session.  It is late when dial_timeout() is called.
 */
void dial_changed(struct link *l, void *arg);
void dial_note(void *arg, const char *text);
void dial_timeout(void *arg);
/* The link is gone: account for what was lost with it, and free it. */
void dial_drop(struct session *s);
/*
 * Of a link that is told to be up: its peer, TLS and how long it took, for the
 * log, and that for `up-in'.
 */
void dial_describe(struct session *s, struct link *l, char *out, size_t size);
/* A link is up: one that a former engine had is not made again. */
void dial_linked(struct session *s, const struct link *l);
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
