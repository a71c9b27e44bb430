/*
 * The mirror: whoever looks on while bytes pass, the record and the taps.
 * Bytes are shown once, in the order in which they are taken: to the peer
 * before they are sent, from it before they are delivered.  Those of a peer
 * that is a session of its own (accept=each) are shown where that belongs to.
 */
#ifndef SESSION_MIRROR_H
#define SESSION_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/transcript.h"

struct session;

/* One who looks on; may neither end the session nor wait. */
struct tap {
	LIST_ENTRY(tap) entry;
	struct session *s;      /* NULL: it has ended, or ours with it has */
	void (*see)(const struct transcript_piece *p, void *arg);
	void *arg;
};

/* Does anybody look on?  Then bytes must pass through our hands. */
bool mirror_is_there(const struct session *s);
/*
 * These pass now.  A mark for mirror_holds(), which says whether they have to
 * wait yet (record-sync); when they may go on the session has its turn.
 */
uint64_t mirror_show(struct session *s, enum transcript_way way,
    const void *data, size_t size);
bool mirror_holds(const struct session *s, uint64_t mark);

/* Set see and arg before; from now on, until tap_end() or the session's end. */
void tap_begin(struct tap *t, struct session *s);
void tap_end(struct tap *t);
/* The session's end. */
void mirror_clear(struct session *s);

#endif
