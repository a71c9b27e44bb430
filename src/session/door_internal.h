/*
 * Doors' insides: door_open.c has them stand, door.c lets clients in, and
 * door_tls.c has those shake hands first that have to.
 */
#ifndef SESSION_DOOR_INTERNAL_H
#define SESSION_DOOR_INTERNAL_H

#include <sys/queue.h>

#include "base/loop.h"
#include "base/seldom.h"
#include "session/access.h"
#include "session/door.h"
#include "session/door_address.h"
#include "transport/listener.h"
#include "transport/tls.h"

struct door {
	TAILQ_ENTRY(door) entry;
	struct session *s;
	char *text;             /* as listen= has it */
	struct url url;
	const struct transport *waits;          /* there, and */
	const struct transport *accepted;       /* of a client's link */
	struct link_options link;
	struct tls_options tls;         /* borrows the session's strings */
	struct dial dial;
	char *netns;
	struct listener *listener;      /* NULL: cannot be made, see why */
	bool stands;
	struct why why;
	int tries;
	struct timer again;     /* of the next try */
};

TAILQ_HEAD(door_list, door);

struct doors {
	struct door_list list;
	struct door_list retired;       /* closed; links may borrow of them */
	TAILQ_HEAD(, arrival) arrivals; /* clients that shake hands */
	struct access access;
	size_t nclients;        /* that are here */
	uint64_t accepted, refused;
	struct seldom told;     /* of those turned away */
};

/* --- door.c --- */

/* One has called there: listener_plan's arrived. */
void door_arrived(void *arg, int fd);
/* Have the doors take clients, or leave them waiting. */
void door_want(struct session *s);

/* --- door_tls.c --- */

/* The client (taken over) has to shake hands before it is let in. */
void arrival_new(struct door *d, int fd);
/* Those of this door, or (NULL) all, are closed. */
void arrival_clear(struct session *s, const struct door *d);

#endif
