/*
 * Waiting for virtual machines, or for their host: vsock(7).
 */
#include <string.h>

#include "transport/transport.h"
#include "transport/vsock.h"

static int
vsock_listen_address(const struct url *url, struct keeper_address *out,
    struct why *why)
{
	uint32_t cid = VSOCK_ANY, port;

	if (url->host[0] != '\0' && strcmp(url->host, "*") != 0 &&
	    vsock_cid(url->host, &cid, why) == -1)
		return -1;
	if (vsock_port(url->port, &port, why) == -1)
		return -1;
	/* VMADDR_PORT_ANY: one that is free. */
	vsock_address(cid, port == 0 ? UINT32_MAX : port, out);
	return 0;
}

static int
vsock_listen_check(const struct url *url, struct why *why)
{
	struct keeper_address at;

	if (url->host == NULL || url->port == NULL || *url->rest != '\0')
		return why_fail(why, FAULT_USAGE, "\"%.80s\" is not of the "
		    "form vsock-listen://[CID]:PORT", url->text);
	return vsock_listen_address(url, &at, why);
}

const struct transport transport_vsock_listen = {
	.name = "vsock-listen",
	.accepts = "vsock",
	.usage = "vsock-listen://[CID]:PORT",
	.text = "Wait for connections of virtual machines, or of their host; "
		"port 0 picks one.",
	.available = vsock_available,
	.check = vsock_listen_check,
	.address = vsock_listen_address,
};
