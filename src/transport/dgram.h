/*
 * What links of datagrams share (TRANSPORT_DATAGRAM): slots on l->fd, and
 * what the kernel counts.
 */
#ifndef TRANSPORT_DGRAM_H
#define TRANSPORT_DGRAM_H

#include <stdint.h>

#include "transport/link.h"

/*
 * The slots read and write.  An empty datagram says nothing and is passed
 * over; where the end is told by one (`ends`, SOCK_SEQPACKET), it is the end.
 * errno that is neither EAGAIN nor EMSGSIZE is left for the member.
 */
ssize_t dgram_read(struct link *l, void *data, size_t size, bool ends);
ssize_t dgram_write(struct link *l, const void *data, size_t size);
/* The slots finish, and fact. */
int dgram_finish(struct link *l);
bool dgram_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size);

/* --- what a kernel can: dgram_linux.c, dgram_generic.c --- */

/* Have it keep so much that was not read, or as much of that as it does. */
void dgram_enlarge(int fd, size_t size);
/* How many datagrams it has dropped; -1 where it does not say. */
int64_t dgram_lost(int fd);

#endif
