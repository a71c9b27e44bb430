/*
 * A hub: the links of many peers as one.  What is read is their lines, each
 * whole, in turn; what is written goes to all of them.
 *
 * A line waits until its newline is there; one that is longer than HUB_LINE
 * goes on in pieces, during which the others wait, unless a second passes
 * without a byte of it.  A last line without a newline gets one, so that the
 * next is not glued to it.  At most HUB_LINE bytes a peer wait, and none of
 * one that is silent.
 *
 * Of bytes to the peers a chunk at a time is given to all; who is behind is
 * waited for (at most patience_ms, then it is let go), or (drop) misses it.
 */
#ifndef TRANSPORT_HUB_H
#define TRANSPORT_HUB_H

#include <stdbool.h>
#include <stddef.h>

#include "transport/link.h"

#define HUB_LINE 65536

struct hub_plan {
	struct link_owner owner;        /* as link_new()'s; changed: unused */
	/*
	 * A hub has no descriptor to be watched: this is called, with the
	 * owner's arg, when read or write is worth trying again, and at the
	 * end of a turn alone.
	 */
	loop_cb *ready;
	bool drop;
	int patience_ms;
};

/* A hub without peers, which is up: link_read() says 0 as long as it has none. */
struct link *hub_new(struct dial *dial, const struct hub_plan *plan);
/* One more peer's link, up, taken over. */
void hub_add(struct link *hub, struct link *peer);
size_t hub_count(const struct link *hub);
/* The same as in the plan, from now on. */
void hub_set(struct link *hub, bool drop, int patience_ms);

#endif
