#include "transport/transport.h"

const struct transport transport_tls_listen = {
	.name = "tls-listen",
	.accepts = "tls",
	.usage = "tls-listen://[HOST]:PORT",
	.text = "The same for TLS: cert= and key= are shown to those who "
		"connect, and with ca= these must show one.",
};
