/*
 * A unix socket, as a stream of bytes.
 */
#include <sys/socket.h>

#include "transport/sock.h"
#include "transport/unix_dial.h"

static int
unix_stream_open(struct link *l)
{
	return unix_open(l, SOCK_STREAM);
}

const struct transport transport_unix = {
	.name = "unix",
	.usage = "unix:PATH",
	.text = "A unix socket; @NAME is an abstract name (Linux).",
	.flags = TRANSPORT_PLAIN | TRANSPORT_PATH | TRANSPORT_LIVES,
	.size = sizeof(struct unix_link),
	.check = unix_check,
	.open = unix_stream_open,
	.advance = unix_advance,
	.read = sock_read,
	.write = sock_write,
	.finish = sock_finish,
	.close = unix_close,
	.fact = unix_fact,
};
