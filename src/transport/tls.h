/*
 * TLS by OpenSSL 3: a layer over any stream link.  Verification of chain and
 * name is on by default, against the system's store (RFC 5280, RFC 9525).
 */
#ifndef TRANSPORT_TLS_H
#define TRANSPORT_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"

enum tls_ocsp { TLS_OCSP_NO, TLS_OCSP_STAPLE, TLS_OCSP_REQUIRE };
enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

struct tls_options {
	bool verify;
	char *verify_name;      /* NULL: the endpoint's host */
	char *ca;               /* file of PEM certificates, instead of the
				   system's */
	char *crl;              /* file of PEM CRLs; turns checking on */
	int ocsp;               /* enum tls_ocsp */
	char *pin;              /* "sha256//BASE64", several by ';' (curl) */
	char *sni;              /* NULL: the host where it is a name; "-": none */
	char *alpn;             /* "h2,http/1.1" */
	char *cert, *key;       /* client certificate chain and its key, PEM */
	int min, max;           /* enum tls_version */
	char *ciphers;          /* TLS 1.2 list and 1.3 suites, OpenSSL's words */
	char *keylog;           /* file, appended to (SSLKEYLOGFILE's form) */
	bool resume;
	int starttls;           /* index in PRELUDE_STARTTLS, of prelude.h */
};
extern const struct option_row tls_option_rows[16];

struct tls_memory;

/* Look at all values again, each alone and against the others. */
int tls_options_check(const struct tls_options *o, struct why *why);
/* "h2,http/1.1" as on the wire (RFC 7301 3.1); the caller frees. */
unsigned char *tls_options_alpn(const char *text, size_t *size);
/* The check of the option `ciphers`, by OpenSSL; or none (tls_none.c). */
int tls_check_ciphers(const char *value, struct why *why);

/* What is told of TLS, by whomever. */
#define TRANSPORT_TLS_WORDS                                                    \
	.name = "tls", .over = "tcp", .usage = "tls://HOST:PORT",              \
	.text = "TLS over TCP; the certificate and its name are verified."

#endif
