/* What the files of tests/wire share. */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 2048         /* the devices take 1500 */

/* One end: a network namespace, and the packets of its device. */
struct side {
	int netns_fd, fd;
};

/*
 * Make a namespace with the device `wire', which has `address' and leads to
 * `other', and stay in it; ends the program with 77 where that cannot be.
 */
void side_make(struct side *side, const char *address, const char *other);

/*
 * The packet that ends the connection of a TCP packet as if the other end had
 * said so (RFC 9293 3.10.7, RFC 5961 3.2: it is taken where its sequence number
 * is exactly the next): to where the packet came from, or to where it goes;
 * `seen': that end has got the packet.  The size of it in `out'; 0 where
 * there is none, for it is no TCP of IPv4, or a reset itself.
 */
size_t reset_back(const uint8_t *packet, size_t size, uint8_t *out);
size_t reset_ahead(const uint8_t *packet, size_t size, int seen,
    uint8_t *out);

#endif
