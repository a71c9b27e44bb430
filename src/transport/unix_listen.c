/*
 * Waiting at a unix socket: a path, or with @ an abstract name (unix(7)).
 */
#include "transport/unix_dial.h"

static int
unix_listen_check(const struct url *url, struct why *why)
{
	struct keeper_address at;

	if (url->host != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": write "
		    "unix-listen:PATH or unix-listen:@NAME", url->text);
	return unix_address(url->rest, &at, why);
}

static int
unix_listen_address(const struct url *url, struct keeper_address *out,
    struct why *why)
{
	return unix_address(url->rest, out, why);
}

const struct transport transport_unix_listen = {
	.name = "unix-listen",
	.accepts = "unix",
	.usage = "unix-listen:PATH",
	.text = "Wait for connections to a unix socket, whose file has the "
		"session's mode and group; @NAME is an abstract one.",
	.flags = TRANSPORT_PATH,
	.check = unix_listen_check,
	.address = unix_listen_address,
};
