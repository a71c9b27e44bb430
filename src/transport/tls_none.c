/*
 * TLS in words alone, for a program that never dials (fifoctl): it shows and
 * checks what an operator says, and is spared OpenSSL, whose loading takes
 * longer than all that it does.  What only OpenSSL can check, the broker does.
 */
#include "transport/tls.h"
#include "transport/transport.h"

int
tls_check_ciphers(const char *value, struct why *why)
{
	(void)value;
	(void)why;
	return 0;
}

const struct transport transport_tls = { TRANSPORT_TLS_WORDS };
