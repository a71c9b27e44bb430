/*
 * What unix sockets of all types share: addresses, and how one is dialled.
 */
#ifndef TRANSPORT_UNIX_DIAL_H
#define TRANSPORT_UNIX_DIAL_H

#include "base/loop.h"
#include "keeper/keeper.h"
#include "transport/link.h"

struct unix_link {
	struct link link;       /* first: it is a link */
	struct timer again;     /* the peer's backlog was full */
	char own[64];           /* the file of our own address; "": none */
	bool lasting;           /* it is connected */
};

/*
 * "/run/x", "@name" into *out; 0, or -1 + FAULT_USAGE (empty, too long, no
 * abstract names here).
 */
int unix_address(const char *path, struct keeper_address *out,
    struct why *why);

/* The slots check, open and advance, of a socket of this type. */
int unix_check(const struct url *url, struct why *why);
int unix_open(struct link *l, int type);
int unix_advance(struct link *l);
/* The slots close, and fact. */
void unix_close(struct link *l);
bool unix_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size);
/* What errno says of the connection, in words: -1; EAGAIN, EMSGSIZE stay. */
int unix_broken(struct link *l);
/* One datagram; as write of a transport. */
ssize_t unix_write(struct link *l, const void *data, size_t size);

/* --- unix_linux.c, unix_generic.c --- */

/* Are there abstract names?  0, or -1 + FAULT_USAGE. */
int unix_abstract(struct why *why);
/*
 * Give a datagram socket an address of its own, for the peer to answer to:
 * the name of its file into out, "" where there is none.  0, or -1 with errno.
 */
int unix_bind_own(int fd, char *out, size_t size);
/* "pid 4711, uid 0" of the one at the other end; false: not known. */
bool unix_credentials(int fd, char *out, size_t size);

#endif
