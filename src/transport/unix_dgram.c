/*
 * A unix socket of datagrams, with an address of our own, so that the peer can
 * answer.  None is lost: a peer that does not read makes us wait.
 */
#include <sys/socket.h>

#include "transport/dgram.h"
#include "transport/unix_dial.h"

static int
unix_dgram_open(struct link *l)
{
	return unix_open(l, SOCK_DGRAM);
}

static ssize_t
unix_dgram_read(struct link *l, void *data, size_t size)
{
	ssize_t n = dgram_read(l, data, size, false);

	return n == -1 ? unix_broken(l) : n;
}

const struct transport transport_unix_dgram = {
	.name = "unix-dgram",
	.usage = "unix-dgram:PATH",
	.text = "A unix socket of type SOCK_DGRAM, as /dev/log is; we have an "
		"address, so that it can answer.",
	.flags = TRANSPORT_DATAGRAM | TRANSPORT_PATH,
	.size = sizeof(struct unix_link),
	.check = unix_check,
	.open = unix_dgram_open,
	.advance = unix_advance,
	.read = unix_dgram_read,
	.write = unix_write,
	.finish = dgram_finish,
	.close = unix_close,
	.fact = unix_fact,
};
