/*
 * Why TLS failed, in words that a person can act on: OpenSSL's error queue
 * and the peer's alerts (RFC 8446 6.2), looked up in rows.
 */
#include <openssl/err.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "transport/tls_internal.h"

/* --- names, dates, bytes --- */

bool
tls_words_is_address(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1;
}

char *
tls_words_host(const char *host, char *out, size_t size)
{
	size_t n;

	strlcpy(out, host, size);
	n = strlen(out);
	if (strchr(out, ':') != NULL)
		out[strcspn(out, "%")] = '\0';
	else if (n > 1 && out[n - 1] == '.')
		out[n - 1] = '\0';
	return out;
}

char *
tls_words_date(const ASN1_TIME *date, char *out, size_t size)
{
	struct tm tm;

	if (date == NULL || !ASN1_TIME_to_tm(date, &tm) ||
	    strftime(out, size, "%Y-%m-%d", &tm) == 0)
		strlcpy(out, "an unknown date", size);
	return out;
}

char *
tls_words_bytes(const void *data, size_t n, char *out, size_t size)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < n && i + 1 < size; i++)
		out[i] = p[i] >= ' ' && p[i] < 127 ? (char)p[i] : '?';
	out[i] = '\0';
	return out;
}

char *
tls_words_name(const X509_NAME *name, char *out, size_t size)
{
	static const int kinds[] = { NID_commonName,
		NID_organizationalUnitName, NID_organizationName };
	const ASN1_STRING *s;
	size_t i;
	int at;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		at = X509_NAME_get_index_by_NID(name, kinds[i], -1);
		if (at < 0)
			continue;
		s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
		return tls_words_bytes(ASN1_STRING_get0_data(s),
		    (size_t)ASN1_STRING_length(s), out, size);
	}
	strlcpy(out, "(no name)", size);
	return out;
}

/* --- the longer sentences --- */

typedef void words_fn(struct tls_link *t, struct why *why);

/* Versions: the peer only says that it does not speak any of ours. */
static void
words_version(struct tls_link *t, struct why *why)
{
	const struct tls_options *o = t->link.dial->tls;

	if (o->max == TLS_VERSION_1_2)
		why_fail(why, FAULT_TLS,
		    "peer requires TLSv1.3 and tls-max is 1.2");
	else if (o->min == TLS_VERSION_1_3)
		why_fail(why, FAULT_TLS,
		    "peer offers at most TLSv1.2; tls-min is 1.3");
	else
		why_fail(why, FAULT_TLS,
		    "peer offers at most TLSv1.1; tls-min is 1.2");
}

/* What is there of the line that began where a TLS record should have. */
static void
words_not_tls(struct tls_link *t, struct why *why)
{
	struct link *below = t->link.below;
	char line[64], text[sizeof(line)];
	size_t n = t->nfirst, i;
	ssize_t more;

	if (n == sizeof(t->first) && t->first[0] >= 20 && t->first[0] <= 24 &&
	    t->first[1] == 3) {
		words_version(t, why);
		return;
	}
	memcpy(line, t->first, n);
	more = below->transport->read(below, line + n, sizeof(line) - n);
	n += more > 0 ? (size_t)more : 0;
	for (i = 0; i < n && line[i] != '\r' && line[i] != '\n';)
		i++;
	why_fail(why, FAULT_TLS, "peer does not speak TLS (%s \"%s\")",
	    t->link.dial->accepts ? "said" : "answered",
	    tls_words_bytes(line, i, text, sizeof(text)));
}

static void
words_wants_certificate(struct tls_link *t, struct why *why)
{
	if (SSL_get_certificate(t->ssl) != NULL)
		why_fail(why, FAULT_TLS,
		    "peer wants a client certificate and did not take cert=");
	else
		why_fail(why, FAULT_TLS,
		    "peer wants a client certificate (set cert= and key=)");
}

static void
words_no_cipher(struct tls_link *t, struct why *why)
{
	const struct tls_options *o = t->link.dial->tls;

	if (t->asked && o->cert == NULL)
		words_wants_certificate(t, why);
	else
		why_fail(why, FAULT_TLS, "no cipher in common: peer takes "
		    "none of those offered%s",
		    o->ciphers != NULL ? " (see ciphers=)" : "");
}

static void
words_alpn(struct tls_link *t, struct why *why)
{
	const char *alpn = t->link.dial->tls->alpn;

	why_fail(why, FAULT_TLS, "peer speaks none of alpn=%s",
	    alpn != NULL ? alpn : "");
}

static void
words_name(struct tls_link *t, struct why *why)
{
	const char *name = SSL_get_servername(t->ssl,
	    TLSEXT_NAMETYPE_host_name);

	why_fail(why, FAULT_TLS, "peer knows no host called %s (see sni=)",
	    name != NULL ? name : "nothing");
}

/* We are the side that waits, and asked for one (ca=, pin=). */
static void
words_no_certificate(struct tls_link *t, struct why *why)
{
	(void)t;
	why_fail(why, FAULT_CERTIFICATE, "peer shows no certificate, and one "
	    "that ca= or pin= knows is wanted");
}

/* --- rows --- */

/*
 * `say` speaks of a handshake, `ours` is a verdict on the certificate that we
 * showed.  Under TLS 1.3 the peer's word on that comes when we are up already.
 */
struct alert_row {
	int alert;
	words_fn *say;
	const char *ours;
};

static const struct alert_row alert_rows[] = {
	{ SSL_AD_PROTOCOL_VERSION, words_version, NULL },
	{ SSL_AD_HANDSHAKE_FAILURE, words_no_cipher, NULL },
	{ SSL_AD_INSUFFICIENT_SECURITY, words_no_cipher, NULL },
	{ SSL_AD_CERTIFICATE_REQUIRED, words_wants_certificate, NULL },
	{ SSL_AD_NO_APPLICATION_PROTOCOL, words_alpn, NULL },
	{ SSL_AD_UNRECOGNIZED_NAME, words_name, NULL },
	{ SSL_AD_BAD_CERTIFICATE, NULL, "it is bad" },
	{ SSL_AD_UNSUPPORTED_CERTIFICATE, NULL, "it is of a wrong kind" },
	{ SSL_AD_CERTIFICATE_REVOKED, NULL, "it is revoked" },
	{ SSL_AD_CERTIFICATE_EXPIRED, NULL, "it has expired" },
	{ SSL_AD_CERTIFICATE_UNKNOWN, NULL, "it is not known there" },
	{ SSL_AD_UNKNOWN_CA, NULL, "its authority is not known there" },
	{ SSL_AD_ACCESS_DENIED, NULL, "access is denied" },
};

static const struct alert_row *
alert_find(const struct tls_link *t, int alert)
{
	const struct alert_row *row;
	size_t i;

	for (i = 0; i < sizeof(alert_rows) / sizeof(alert_rows[0]); i++) {
		row = &alert_rows[i];
		if (row->alert == alert && (!t->up || row->ours != NULL ||
		    row->say == words_wants_certificate))
			return row;
	}
	return NULL;
}

static void
words_alert(struct tls_link *t, int alert, struct why *why)
{
	const struct alert_row *row = alert_find(t, alert);

	if (row != NULL && row->say != NULL)
		row->say(t, why);
	else if (row != NULL && SSL_get_certificate(t->ssl) != NULL)
		why_fail(why, FAULT_TLS,
		    "peer refuses our certificate (cert=): %s", row->ours);
	else if (row != NULL && t->asked)
		words_wants_certificate(t, why);
	else
		why_fail(why, t->up ? FAULT_RECEIVE : FAULT_TLS,
		    "peer broke off with the TLS alert \"%s\"",
		    SSL_alert_desc_string_long(alert));
}

#define WORDS_DAMAGED "a TLS record was damaged or forged on its way"

/* `say` speaks of a handshake; once it is done `text` does. */
struct reason_row {
	int reason;
	words_fn *say;
	const char *text;
};

static const struct reason_row reason_rows[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, words_not_tls, WORDS_DAMAGED },
	{ SSL_R_HTTP_REQUEST, words_not_tls, WORDS_DAMAGED },
	{ SSL_R_HTTPS_PROXY_REQUEST, words_not_tls, WORDS_DAMAGED },
	{ SSL_R_UNSUPPORTED_PROTOCOL, words_version, WORDS_DAMAGED },
	{ SSL_R_WRONG_SSL_VERSION, words_version, WORDS_DAMAGED },
	{ SSL_R_VERSION_TOO_LOW, words_version, WORDS_DAMAGED },
	{ SSL_R_VERSION_TOO_HIGH, words_version, WORDS_DAMAGED },
	{ SSL_R_NO_SHARED_CIPHER, words_no_cipher, WORDS_DAMAGED },
	{ SSL_R_NO_APPLICATION_PROTOCOL, words_alpn, WORDS_DAMAGED },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, words_no_certificate,
	    WORDS_DAMAGED },
	{ SSL_R_WRONG_CIPHER_RETURNED, NULL,
	    "no cipher in common: peer chose one that was not offered" },
	{ SSL_R_UNKNOWN_CIPHER_RETURNED, NULL,
	    "no cipher in common: peer chose one that was not offered" },
	{ SSL_R_NO_CIPHERS_AVAILABLE, NULL,
	    "ciphers= leaves none for the versions between tls-min and "
	    "tls-max" },
	{ SSL_R_DH_KEY_TOO_SMALL, NULL,
	    "key too weak: the server's Diffie-Hellman parameters are too "
	    "small" },
	{ SSL_R_EE_KEY_TOO_SMALL, NULL,
	    "key too weak: that of the server's certificate" },
	{ SSL_R_CA_KEY_TOO_SMALL, NULL,
	    "key too weak: that of an authority in the server's chain" },
	{ SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, NULL,
	    "peer is too old: it lacks secure renegotiation (RFC 5746)" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, NULL, WORDS_DAMAGED },
	{ SSL_R_BAD_RECORD_TYPE, NULL, WORDS_DAMAGED },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, NULL, WORDS_DAMAGED },
	{ SSL_R_ENCRYPTED_LENGTH_TOO_LONG, NULL, WORDS_DAMAGED },
	{ SSL_R_LENGTH_TOO_SHORT, NULL, WORDS_DAMAGED },
	{ SSL_R_UNEXPECTED_MESSAGE, NULL,
	    "peer broke the rules of TLS: unexpected message" },
};

static const struct reason_row *
reason_find(unsigned long error)
{
	size_t i;

	for (i = 0; i < sizeof(reason_rows) / sizeof(reason_rows[0]); i++) {
		if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		    ERR_GET_REASON(error) == reason_rows[i].reason)
			return &reason_rows[i];
	}
	return NULL;
}

/* The oldest error is the cause; a newer one may be better known. */
static void
words_reason(struct tls_link *t, unsigned long error, struct why *why)
{
	const struct reason_row *row = reason_find(error);
	const char *text = ERR_reason_error_string(error);

	if (row == NULL)
		row = reason_find(ERR_peek_last_error());
	if (row == NULL)
		why_fail(why, FAULT_TLS, "TLS: %s",
		    text != NULL ? text : "unknown failure");
	else if (row->say != NULL && !t->up)
		row->say(t, why);
	else
		why_fail(why, FAULT_TLS, "%s", row->text);
	if (t->up)
		why->fault = FAULT_RECEIVE;
}

void
tls_words_failure(struct tls_link *t)
{
	unsigned long error = ERR_peek_error();
	int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
	struct why found = { 0 }, *why;

	t->broken = true;
	/* Words first: looking for them may read what the peer has said. */
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && alert > 0 && alert < 256)
		words_alert(t, alert, &found);
	else
		words_reason(t, error, &found);
	if ((why = tls_over(t)) != NULL)
		*why = found;
	ERR_clear_error();
}
