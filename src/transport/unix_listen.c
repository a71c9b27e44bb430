/*
 * Waiting at a unix socket: a path, or with @ a name of Linux's abstract
 * namespace, which is no file (unix(7)).
 */
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "keeper/keeper.h"
#include "transport/transport.h"

#define UNIX_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

static int
unix_listen_check(const struct url *url, struct why *why)
{
	if (url->host != NULL || (url->rest[0] != '/' && url->rest[0] != '@'))
		return why_fail(why, FAULT_USAGE, "\"%.80s\": write "
		    "unix-listen:/PATH or unix-listen:@NAME", url->text);
	if (url->rest[1] == '\0')
		return why_fail(why, FAULT_USAGE, "\"%.80s\" names no socket",
		    url->text);
	if (strlen(url->rest) > UNIX_PATH_MAX)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": the path of a "
		    "socket is no longer than %zu bytes", url->text,
		    UNIX_PATH_MAX);
	return 0;
}

static int
unix_listen_address(const struct url *url, struct keeper_address *out,
    struct why *why)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->address;
	size_t n = strlen(url->rest);

	if (unix_listen_check(url, why) == -1)
		return -1;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, url->rest, n);
	/* An abstract name begins with a zero, and has none at its end. */
	if (url->rest[0] == '@')
		un->sun_path[0] = '\0';
	else
		n++;
	out->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return 0;
}

const struct transport transport_unix_listen = {
	.name = "unix-listen",
	/* Once accepted it is a plain stream socket as any other. */
	.accepts = "tcp",
	.usage = "unix-listen:PATH",
	.text = "Wait for connections to a unix socket, whose file has the "
		"session's mode and group; @NAME is an abstract one.",
	.flags = TRANSPORT_PATH,
	.check = unix_listen_check,
	.address = unix_listen_address,
};
