/*
 * A unix socket of datagrams that keep their order, with an end.
 */
#include <sys/socket.h>

#include "transport/dgram.h"
#include "transport/sock.h"
#include "transport/unix_dial.h"

static int
unix_seqpacket_open(struct link *l)
{
	return unix_open(l, SOCK_SEQPACKET);
}

static ssize_t
unix_seqpacket_read(struct link *l, void *data, size_t size)
{
	ssize_t n = dgram_read(l, data, size, true);

	return n == -1 ? unix_broken(l) : n;
}

const struct transport transport_unix_seqpacket = {
	.name = "unix-seqpacket",
	.usage = "unix-seqpacket:PATH",
	.text = "A unix socket of type SOCK_SEQPACKET: datagrams over a "
		"connection.",
	.flags = TRANSPORT_DATAGRAM | TRANSPORT_PATH,
	.size = sizeof(struct unix_link),
	.check = unix_check,
	.open = unix_seqpacket_open,
	.advance = unix_advance,
	.read = unix_seqpacket_read,
	.write = unix_write,
	.finish = sock_finish,
	.close = unix_close,
	.fact = unix_fact,
};
