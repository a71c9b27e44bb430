/*
 * Doors' insides: door.c serves them, door_open.c opens and closes them.
 */
#ifndef SESSION_DOOR_INTERNAL_H
#define SESSION_DOOR_INTERNAL_H

#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/seldom.h"
#include "session/access.h"
#include "session/door.h"
#include "session/door_address.h"

struct door {
	TAILQ_ENTRY(door) entry;        /* of the session */
	TAILQ_ENTRY(door) known;        /* of all, while it is open */
	struct session *s;
	char *text;             /* as listen= has it */
	struct door_address address;
	int fd;                 /* -1: cannot be opened, see why */
	struct why why;
	int tries;
	dev_t device;           /* of a unix socket's file, which is ours */
	ino_t inode;
	struct watch readable;
	struct timer timer;     /* of the next try, or of a rest */
};

TAILQ_HEAD(door_list, door);

struct doors {
	struct door_list list;
	struct access access;
	size_t nclients;        /* that are here */
	uint64_t accepted, refused;
	struct seldom told;     /* of those turned away */
	struct seldom tired;    /* that there are no descriptors */
};

/* Its address in words; of port 0, the port that was picked.  Returns out. */
char *door_text(const struct door *d, char *out, size_t size);
/* It is open: have clients come in. */
void door_serve(struct door *d);

#endif
