#include "transport/transport.h"

const struct transport transport_tcp_listen = {
	.name = "tcp-listen",
	.accepts = "tcp",
	.usage = "tcp-listen://[HOST]:PORT",
	.text = "Wait for TCP connections, at every address where HOST is left "
		"out; port 0 picks one, see listening in status.",
};
