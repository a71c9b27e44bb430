#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "transport/tls_internal.h"

/* Where a handshake has failed it may be in the chain alone. */
static X509 *
facts_certificate(const struct tls_link *t)
{
	X509 *cert;

	if (t->ssl == NULL)
		return NULL;
	cert = SSL_get0_peer_certificate(t->ssl);
	return cert != NULL ? cert :
	    sk_X509_value(SSL_get_peer_cert_chain(t->ssl), 0);
}

static void
facts_subject(const X509 *cert, char *out, size_t size)
{
	tls_words_name(X509_get_subject_name(cert), out, size);
}

static void
facts_issuer(const X509 *cert, char *out, size_t size)
{
	tls_words_name(X509_get_issuer_name(cert), out, size);
}

static void
facts_begins(const X509 *cert, char *out, size_t size)
{
	tls_words_date(X509_get0_notBefore(cert), out, size);
}

static void
facts_ends(const X509 *cert, char *out, size_t size)
{
	tls_words_date(X509_get0_notAfter(cert), out, size);
}

static void
facts_days(const X509 *cert, char *out, size_t size)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)))
		snprintf(out, size, "%d", days - (seconds < 0));
}

static void
facts_expires(const X509 *cert, char *out, size_t size)
{
	struct tm tm;

	out[0] = '\0';
	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm))
		snprintf(out, size, "%jd", (intmax_t)timegm(&tm));
}

static const struct {
	enum link_fact fact;
	void (*say)(const X509 *cert, char *out, size_t size);
} facts_rows[] = {
	{ LINK_SUBJECT, facts_subject },
	{ LINK_ISSUER, facts_issuer },
	{ LINK_NAMES, tls_verdict_names },
	{ LINK_BEGINS, facts_begins },
	{ LINK_ENDS, facts_ends },
	{ LINK_DAYS, facts_days },
	{ LINK_EXPIRES, facts_expires },
};

bool
tls_fact_certificate(const struct tls_link *t, enum link_fact fact, char *out,
    size_t size)
{
	const X509 *cert;
	size_t i;

	for (i = 0; i < sizeof(facts_rows) / sizeof(facts_rows[0]); i++) {
		if (facts_rows[i].fact != fact)
			continue;
		cert = facts_certificate(t);
		if (cert != NULL)
			facts_rows[i].say(cert, out, size);
		return cert != NULL;
	}
	return false;
}
