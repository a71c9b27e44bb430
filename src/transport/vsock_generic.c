#include <string.h>

#include "transport/vsock.h"

int
vsock_available(struct why *why)
{
	return why_fail(why, FAULT_USAGE, "vsock is Linux's; this build has "
	    "none");
}

void
vsock_address(uint32_t cid, uint32_t port, struct keeper_address *out)
{
	(void)cid;
	(void)port;
	memset(out, 0, sizeof(*out));
}

bool
vsock_parts(const struct sockaddr_storage *address, uint32_t *cid,
    uint32_t *port)
{
	(void)address;
	*cid = *port = 0;
	return false;
}
