/*
 * What an operator can say about TLS, and what of it can be seen to be wrong
 * without opening a file.
 */
#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "transport/tls_internal.h"

#define PIN_PREFIX "sha256//"
#define PIN_SIZE 32             /* bytes of a SHA-256 */
#define PIN_BASE64 44           /* their length in base64 */

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
	unsigned char key[PIN_SIZE + 2];        /* '=' decodes to a byte */
	size_t n;

	for (;; value += n + 1) {
		n = strcspn(value, ";");
		if (n != strlen(PIN_PREFIX) + PIN_BASE64 ||
		    strncmp(value, PIN_PREFIX, strlen(PIN_PREFIX)) != 0 ||
		    value[n - 1] != '=' || value[n - 2] == '=' ||
		    EVP_DecodeBlock(key, (const unsigned char *)value +
		    strlen(PIN_PREFIX), PIN_BASE64) != PIN_SIZE + 1)
			return why_fail(why, FAULT_USAGE,
			    "sha256//BASE64 is wanted, the SHA-256 of the "
			    "server's public key (several: with ; between)");
		if (value[n] == '\0')
			return 0;
	}
}

static int
check_ciphers(const char *value, struct why *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int wrong;

	if (ctx == NULL)
		return why_fail(why, FAULT_REFUSED, "out of memory");
	wrong = tls_options_ciphers(ctx, value, why);
	SSL_CTX_free(ctx);
	return wrong;
}

#define AT(member) .offset = offsetof(struct tls_options, member)

const struct option_row tls_option_rows[15] = {
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
		    "one of them." },
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
	    .text = "Protocols to offer, best first: h2,http/1.1." },
	{ .name = "cert", .type = OPTION_PATH, AT(cert),
	    .text = "Our certificate and its chain (PEM), for peers that "
		    "want one." },
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
	    .check = check_ciphers,
	    .text = "Ciphers by OpenSSL's names, with : between; those that "
		    "begin with TLS_ are for TLS 1.3, all others for 1.2, "
		    "and a version that none is for keeps its own." },
	{ .name = "keylog", .type = OPTION_PATH, AT(keylog),
	    .text = "File to append the session keys to, for Wireshark "
		    "(SSLKEYLOGFILE): whoever reads it reads the traffic." },
	{ .name = "resume", .type = OPTION_BOOL, AT(resume), .value = "yes",
	    .text = "Resume the last TLS session when connecting again, "
		    "which spares a round trip or the certificates." },
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

/* SSL_CTX_set_ciphersuites(3) passes over names that it does not know. */
static bool
ciphers_suite_known(SSL_CTX *ctx, const char *name)
{
	STACK_OF(SSL_CIPHER) *list;
	int i;

	if (!SSL_CTX_set_ciphersuites(ctx, name))
		return false;
	list = SSL_CTX_get_ciphers(ctx);
	for (i = 0; i < sk_SSL_CIPHER_num(list); i++) {
		if (strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(list, i)),
		    name) == 0)
			return true;
	}
	return false;
}

int
tls_options_ciphers(SSL_CTX *ctx, const char *text, struct why *why)
{
	char *copy = xstrdup(text), *rest = copy, *name;
	char *suites = xcalloc(1, strlen(text) + 2);
	char *list = xcalloc(1, strlen(text) + 2);
	int wrong = 0;

	while (wrong == 0 && (name = strsep(&rest, ":, ")) != NULL) {
		if (strncmp(name, "TLS_", 4) == 0 &&
		    !ciphers_suite_known(ctx, name))
			wrong = why_fail(why, FAULT_USAGE,
			    "%.60s is not a cipher suite of TLS 1.3", name);
		strcat(strcat(strncmp(name, "TLS_", 4) == 0 ? suites : list,
		    name), ":");
	}
	/* Each ends in a colon, which only set_ciphersuites minds. */
	suites[strlen(suites) - (suites[0] != '\0')] = '\0';
	if (wrong == 0 && ((suites[0] != '\0' &&
	    !SSL_CTX_set_ciphersuites(ctx, suites)) ||
	    (list[0] != '\0' && !SSL_CTX_set_cipher_list(ctx, list))))
		wrong = why_fail(why, FAULT_USAGE,
		    "OpenSSL knows no such ciphers (see openssl ciphers -v)");
	free(copy);
	free(suites);
	free(list);
	return wrong;
}
