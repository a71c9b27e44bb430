/*
 * How far has what was written to a session come?  Up to the peer's system:
 * its kernel has acknowledged it, as far as ours knows.
 */
#ifndef SESSION_WRITTEN_H
#define SESSION_WRITTEN_H

#include <stdint.h>

#include "base/why.h"
#include "session/session.h"

/* What has been written up to a moment. */
struct written {
	uint64_t upto;          /* as flow.to_peer.bytes counts */
	uint64_t uncertain, lost;       /* the session's, at that moment */
};

enum written_state {
	WRITTEN_WAITS,
	WRITTEN_ARRIVED,
	WRITTEN_LOST,           /* some of it: see why */
};

void written_mark(struct session *s, struct written *w);
/* Where is it now?  The session may have ended just now. */
enum written_state written_look(struct session *s, const struct written *w,
    struct why *why);
/* How many bytes are on their way yet, those written since included. */
uint64_t written_waiting(struct session *s);

#endif
