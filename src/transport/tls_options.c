/*
 * What an operator can say about TLS, and what of it can be seen to be wrong
 * without opening a file.
 */
#include <string.h>

#include "base/xalloc.h"
#include "transport/prelude.h"
#include "transport/tls.h"

#define PIN_PREFIX "sha256//"
#define PIN_BASE64 44           /* a SHA-256 in base64, RFC 4648 4 */

static int
check_name(const char *value, struct why *why)
{
	if (strlen(value) > 253 || value[0] == '.' ||
	    (strspn(value, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") != strlen(value)))
		return why_fail(why, FAULT_USAGE,
		    "a host name or an address is wanted");
	return 0;
}

/* Entries of 1 to 255 bytes, and 65535 in all (RFC 7301 3.1). */
static int
check_alpn(const char *value, struct why *why)
{
	size_t n;

	if (strlen(value) > 65534)
		return why_fail(why, FAULT_USAGE, "too long");
	for (;; value += n + 1) {
		n = strcspn(value, ",");
		if (n < 1 || n > 255)
			return why_fail(why, FAULT_USAGE,
			    "protocols of 1 to 255 bytes are wanted, with "
			    "commas between them: h2,http/1.1");
		if (value[n] == '\0')
			return 0;
	}
}

static int
check_pin(const char *value, struct why *why)
{
	size_t n;

	for (;; value += n + 1) {
		n = strcspn(value, ";");
		if (n != strlen(PIN_PREFIX) + PIN_BASE64 ||
		    strncmp(value, PIN_PREFIX, strlen(PIN_PREFIX)) != 0 ||
		    value[n - 1] != '=' || strspn(value + strlen(PIN_PREFIX),
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    "0123456789+/") != PIN_BASE64 - 1)
			return why_fail(why, FAULT_USAGE,
			    "sha256//BASE64 is wanted, the SHA-256 of the "
			    "server's public key (several: with ; between)");
		if (value[n] == '\0')
			return 0;
	}
}

#define AT(member) .offset = offsetof(struct tls_options, member)

const struct option_row tls_option_rows[16] = {
	{ .name = "verify", .type = OPTION_BOOL, AT(verify), .value = "yes",
	    .text = "Verify the chain, the name and the validity of the "
		    "peer's certificate; \"no\" turns crl and ocsp off as "
		    "well, but not pin, and is shown in status." },
	{ .name = "verify-name", .type = OPTION_STRING, AT(verify_name),
	    .check = check_name,
	    .never_empty = true,
	    .text = "The name or address that the certificate must be for, "
		    "instead of the endpoint's host." },
	{ .name = "ca", .type = OPTION_PATH, AT(ca),
	    .never_empty = true,
	    .text = "File of certificates (PEM) to trust instead of the "
		    "system's; a server's self-signed certificate may be "
		    "one of them. On the side that waits it has clients asked "
		    "for a certificate." },
	{ .name = "crl", .type = OPTION_PATH, AT(crl),
	    .never_empty = true,
	    .text = "File of revocation lists (PEM), one for every authority "
		    "of the chain; without them the peer is refused." },
	{ .name = "ocsp", .type = OPTION_CHOICE, AT(ocsp),
	    .choices = "no|staple|require", .value = "no",
	    .text = "Ask for a stapled OCSP response: \"staple\" refuses a "
		    "bad one, \"require\" a missing one too." },
	{ .name = "pin", .type = OPTION_STRING, AT(pin), .check = check_pin,
	    .never_empty = true,
	    .text = "The server's public key as curl's sha256//BASE64, "
		    "several with ; between; looked at with verify=no too." },
	{ .name = "sni", .type = OPTION_STRING, AT(sni), .check = check_name,
	    .text = "The host to ask the server for, instead of the "
		    "endpoint's; \"-\" asks for none, as for an address." },
	{ .name = "alpn", .type = OPTION_STRING, AT(alpn),
	    .check = check_alpn,
	    .text = "Protocols to offer, or to choose from, best first: "
		    "h2,http/1.1." },
	{ .name = "cert", .type = OPTION_PATH, AT(cert),
	    .text = "Our certificate and its chain (PEM), for peers that "
		    "want one; the side that waits must have one." },
	{ .name = "key", .type = OPTION_PATH, AT(key),
	    .text = "Its private key (PEM, without a passphrase), where it "
		    "is not in cert's file." },
	{ .name = "tls-min", .type = OPTION_CHOICE, AT(min),
	    .choices = "1.2|1.3", .value = "1.2",
	    .text = "The oldest version of TLS to speak." },
	{ .name = "tls-max", .type = OPTION_CHOICE, AT(max),
	    .choices = "1.2|1.3", .value = "1.3",
	    .text = "The newest version of TLS to speak." },
	{ .name = "ciphers", .type = OPTION_STRING, AT(ciphers),
	    .check = tls_check_ciphers,
	    .text = "Ciphers by OpenSSL's names, with : between; those that "
		    "begin with TLS_ are for TLS 1.3, all others for 1.2, "
		    "and a version that none is for keeps its own." },
	{ .name = "keylog", .type = OPTION_PATH, AT(keylog),
	    .text = "File to append the session keys to, for Wireshark "
		    "(SSLKEYLOGFILE): whoever reads it reads the traffic." },
	{ .name = "resume", .type = OPTION_BOOL, AT(resume), .value = "yes",
	    .text = "Resume the last TLS session when connecting again, "
		    "which spares a round trip or the certificates." },
	{ .name = "starttls", .type = OPTION_CHOICE, AT(starttls),
	    .choices = PRELUDE_STARTTLS, .value = "no",
	    .text = "Begin in clear, and ask the server for TLS in the words "
		    "of this protocol; its greeting is heard before that." },
};

int
tls_options_check(const struct tls_options *o, struct why *why)
{
	const struct option_row *row;
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(tls_option_rows) / sizeof(*row); i++) {
		row = &tls_option_rows[i];
		if (row->check == NULL)
			continue;
		value = *(char *const *)((const char *)o + row->offset);
		if (value != NULL && row->check(value, why) == -1)
			return why_prefix(why, "%s", row->name);
	}
	if (o->min > o->max)
		return why_fail(why, FAULT_USAGE,
		    "tls-min=1.3 and tls-max=1.2 leave no version to speak");
	if (o->key != NULL && o->cert == NULL)
		return why_fail(why, FAULT_USAGE,
		    "key= without cert=: a key alone proves nothing");
	return 0;
}

unsigned char *
tls_options_alpn(const char *text, size_t *size)
{
	unsigned char *wire;
	size_t n, end = 0;

	*size = 0;
	if (text == NULL)
		return NULL;
	wire = xcalloc(1, strlen(text) + 1);
	for (;; text += n + 1) {
		n = strcspn(text, ",");
		wire[end] = (unsigned char)n;
		memcpy(wire + end + 1, text, n);
		end += n + 1;
		if (text[n] == '\0')
			break;
	}
	*size = end;
	return wire;
}
