/*
 * A link's insides: link.c is the stack and what goes through it,
 * link_driver.c brings it up.
 */
#ifndef TRANSPORT_LINK_INTERNAL_H
#define TRANSPORT_LINK_INTERNAL_H

#include <stdbool.h>

#include "base/loop.h"
#include "transport/link.h"

struct prelude_ends;
struct way;

/* What drives a link through all phases before LINK_UP, and no longer. */
struct link_driver {
	struct watch readable, writable;
	struct deferred step;
	struct way *way;        /* NULL: not begun, or nothing to say */
	bool arrived;           /* at the endpoint: its way is done */
	struct prelude_ends *client;    /* for whom it is made; NULL: for us */
};

/* --- link.c --- */

/* The one whose owner is told of all its layers. */
struct link *link_top(struct link *l);

/* --- link_driver.c --- */

/* It is up, or will not be; nothing happens where there is none any more. */
void link_driver_free(struct link *l);

#endif
