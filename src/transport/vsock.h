/*
 * VM sockets, vsock(7): between a virtual machine and its host.
 */
#ifndef TRANSPORT_VSOCK_H
#define TRANSPORT_VSOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "keeper/keeper.h"

#define VSOCK_ANY UINT32_MAX

/* A CID in decimal, or host, local, any.  0, or -1 + FAULT_USAGE. */
int vsock_cid(const char *text, uint32_t *cid, struct why *why);
/* A port, 0 to 4294967294.  0, or -1 + FAULT_USAGE. */
int vsock_port(const char *text, uint32_t *port, struct why *why);

/* --- vsock_linux.c, vsock_generic.c --- */

/* Are there any?  0, or -1 + FAULT_USAGE. */
int vsock_available(struct why *why);
/* An address of that kind; `available' first. */
void vsock_address(uint32_t cid, uint32_t port, struct keeper_address *out);
/* Back again; false: it is another kind. */
bool vsock_parts(const struct sockaddr_storage *address, uint32_t *cid,
    uint32_t *port);

#endif
