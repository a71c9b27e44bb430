/*
 * Why a certificate was refused, in words that a person can act on: a row an
 * error of X509_verify_cert(3).
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "transport/tls_internal.h"

#define VERIFY_NAME 96          /* bytes of a name in a sentence */

/* One refused certificate. */
struct verdict {
	const struct tls_link *t;
	X509_STORE_CTX *x;
	X509 *cert;
	int error, depth;
	char who[VERIFY_NAME + 32];     /* "certificate", "intermediate X" */
	char issuer[VERIFY_NAME];
};

typedef void verdict_fn(const struct verdict *v, struct why *why);

/* --- the name --- */

static char *
alternative_text(const GENERAL_NAME *name, char *out, size_t size)
{
	const ASN1_STRING *s;
	int kind, family;

	s = GENERAL_NAME_get0_value(name, &kind);
	if (kind == GEN_DNS)
		return tls_words_bytes(ASN1_STRING_get0_data(s),
		    (size_t)ASN1_STRING_length(s), out, size);
	if (kind != GEN_IPADD)
		return NULL;
	family = ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6;
	if (family == AF_INET6 && ASN1_STRING_length(s) != 16)
		return NULL;
	inet_ntop(family, ASN1_STRING_get0_data(s), out, (socklen_t)size);
	return out;
}

void
tls_verdict_names(const X509 *cert, char *out, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name,
	    NULL, NULL);
	char name[VERIFY_NAME], more[24];
	int i, left = 0;

	out[0] = '\0';
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (alternative_text(sk_GENERAL_NAME_value(names, i), name,
		    sizeof(name)) == NULL)
			continue;
		if (left > 0 || (i > 0 && strlen(out) + strlen(name) +
		    sizeof(more) > size)) {
			left++;
			continue;
		}
		strlcat(out, out[0] != '\0' ? ", " : "", size);
		strlcat(out, name, size);
	}
	GENERAL_NAMES_free(names);
	snprintf(more, sizeof(more), " and %d more", left);
	if (left > 0)
		strlcat(out, more, size);
}

static void
say_name(const struct verdict *v, struct why *why)
{
	char wanted[256], names[VERIFY_NAME + 8], subject[64];

	tls_verify_name(v->t, wanted, sizeof(wanted));
	tls_verdict_names(v->cert, names, sizeof(names));
	if (names[0] != '\0')
		why_fail(why, FAULT_CERTIFICATE,
		    "certificate is for %s, not %s", names, wanted);
	else
		why_fail(why, FAULT_CERTIFICATE, "certificate has no "
		    "subjectAltName, only CN=%s, which is not looked at",
		    tls_words_name(X509_get_subject_name(v->cert), subject,
		    sizeof(subject)));
}

/* --- dates --- */

static char *
clock_text(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, size, "%Y-%m-%d %H:%M UTC", &tm);
	return out;
}

static void
say_expired(const struct verdict *v, struct why *why)
{
	char date[16], now[24];

	why_fail(why, FAULT_CERTIFICATE,
	    "%s expired on %s (the clock here says %s)", v->who,
	    tls_words_date(X509_get0_notAfter(v->cert), date, sizeof(date)),
	    clock_text(now, sizeof(now)));
}

static void
say_early(const struct verdict *v, struct why *why)
{
	char date[16], now[24];

	why_fail(why, FAULT_CERTIFICATE,
	    "%s is not valid before %s (the clock here says %s)", v->who,
	    tls_words_date(X509_get0_notBefore(v->cert), date, sizeof(date)),
	    clock_text(now, sizeof(now)));
}

/* --- who signed it --- */

static void
say_self_signed(const struct verdict *v, struct why *why)
{
	(void)v;
	why_fail(why, FAULT_CERTIFICATE,
	    "certificate is self-signed; give it as ca= to trust it");
}

static void
say_unknown(const struct verdict *v, struct why *why)
{
	why_fail(why, FAULT_CERTIFICATE,
	    "signed by an unknown authority: %s; give its root as ca=",
	    v->issuer);
}

/*
 * A lone certificate whose issuer is not known: a public one says where its
 * issuer is to be had (RFC 5280 4.2.2.1), and with ca= the root is known;
 * then it is the server's to send what lies between.
 */
static void
say_issuer(const struct verdict *v, struct why *why)
{
	const char *ca = v->t->link.dial->tls->ca;
	bool lone = sk_X509_num(X509_STORE_CTX_get0_untrusted(v->x)) <= 1;

	if (!lone || v->depth > 0 || (ca == NULL &&
	    X509_get_ext_by_NID(v->cert, NID_info_access, -1) < 0))
		say_unknown(v, why);
	else
		why_fail(why, FAULT_CERTIFICATE, "the %s did not send an "
		    "intermediate certificate: %s is missing%s",
		    v->t->link.dial->accepts ? "client" : "server", v->issuer,
		    ca != NULL ? " (or ca= lacks it)" : "");
}

static void
say_signature(const struct verdict *v, struct why *why)
{
	why_fail(why, FAULT_CERTIFICATE, "%s: its signature is not by the "
	    "trusted %s, but by another key of that name", v->who, v->issuer);
}

/* --- what it may be used for --- */

static void
say_purpose(const struct verdict *v, struct why *why)
{
	why_fail(why, FAULT_CERTIFICATE,
	    "%s is not made for %s (extendedKeyUsage)", v->who,
	    v->t->link.dial->accepts ? "clients" : "servers");
}

static void
say_not_ca(const struct verdict *v, struct why *why)
{
	why_fail(why, FAULT_CERTIFICATE,
	    "%s may not sign others (basicConstraints)", v->who);
}

static void
say_weak(const struct verdict *v, struct why *why)
{
	EVP_PKEY *key = X509_get0_pubkey(v->cert);

	why_fail(why, FAULT_CERTIFICATE, "%s: key too weak (%s, %d bits)",
	    v->who, key != NULL ? EVP_PKEY_get0_type_name(key) : "unknown",
	    key != NULL ? EVP_PKEY_get_bits(key) : 0);
}

static void
say_weak_digest(const struct verdict *v, struct why *why)
{
	why_fail(why, FAULT_CERTIFICATE, "%s: signed with a weak digest (%s)",
	    v->who, OBJ_nid2ln(X509_get_signature_nid(v->cert)));
}

/* --- revocation --- */

static void
say_revoked(const struct verdict *v, struct why *why)
{
	X509_CRL *crl = X509_STORE_CTX_get0_current_crl(v->x);
	X509_REVOKED *entry = NULL;
	ASN1_ENUMERATED *reason;
	char date[16];
	long code = -1;

	if (crl == NULL || X509_CRL_get0_by_cert(crl, &entry, v->cert) == 0) {
		why_fail(why, FAULT_CERTIFICATE, "%s is revoked", v->who);
		return;
	}
	reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	if (reason != NULL)
		code = ASN1_ENUMERATED_get(reason);
	ASN1_ENUMERATED_free(reason);
	why_fail(why, FAULT_CERTIFICATE, "%s was revoked on %s (%s)", v->who,
	    tls_words_date(X509_REVOKED_get0_revocationDate(entry), date,
	    sizeof(date)), tls_ocsp_reason(code));
}

static void
say_no_crl(const struct verdict *v, struct why *why)
{
	why_fail(why, FAULT_CERTIFICATE,
	    "crl= has no revocation list by %s, which signed the %s",
	    v->issuer, v->who);
}

static void
say_old_crl(const struct verdict *v, struct why *why)
{
	X509_CRL *crl = X509_STORE_CTX_get0_current_crl(v->x);
	char date[16];

	why_fail(why, FAULT_CERTIFICATE,
	    "crl=: the revocation list by %s expired on %s", v->issuer,
	    tls_words_date(crl != NULL ? X509_CRL_get0_nextUpdate(crl) : NULL,
	    date, sizeof(date)));
}

/* --- rows --- */

static const struct verdict_row {
	int error;
	verdict_fn *say;
} verdict_rows[] = {
	{ X509_V_ERR_HOSTNAME_MISMATCH, say_name },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, say_name },
	{ X509_V_ERR_CERT_HAS_EXPIRED, say_expired },
	{ X509_V_ERR_CERT_NOT_YET_VALID, say_early },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, say_self_signed },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, say_unknown },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, say_issuer },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, say_issuer },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, say_issuer },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, say_signature },
	{ X509_V_ERR_INVALID_PURPOSE, say_purpose },
	{ X509_V_ERR_INVALID_CA, say_not_ca },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, say_not_ca },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, say_weak },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, say_weak },
	{ X509_V_ERR_CA_MD_TOO_WEAK, say_weak_digest },
	{ X509_V_ERR_CERT_REVOKED, say_revoked },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, say_no_crl },
	{ X509_V_ERR_CRL_HAS_EXPIRED, say_old_crl },
};

/* Which certificate of the chain it is about. */
static void
verdict_fill(struct verdict *v, const struct tls_link *t, X509_STORE_CTX *x)
{
	char subject[VERIFY_NAME];
	X509_NAME *name;

	v->t = t;
	v->x = x;
	v->error = X509_STORE_CTX_get_error(x);
	v->depth = X509_STORE_CTX_get_error_depth(x);
	v->cert = X509_STORE_CTX_get_current_cert(x);
	if (v->cert == NULL)
		v->cert = X509_STORE_CTX_get0_cert(x);
	name = X509_get_subject_name(v->cert);
	tls_words_name(name, subject, sizeof(subject));
	tls_words_name(X509_get_issuer_name(v->cert), v->issuer,
	    sizeof(v->issuer));
	if (v->depth == 0)
		strlcpy(v->who, "certificate", sizeof(v->who));
	else
		snprintf(v->who, sizeof(v->who), "%s certificate %s",
		    X509_NAME_cmp(name, X509_get_issuer_name(v->cert)) == 0 ?
		    "root" : "intermediate", subject);
}

void
tls_verdict(const struct tls_link *t, X509_STORE_CTX *x, struct why *why)
{
	struct verdict v;
	size_t i;

	verdict_fill(&v, t, x);
	for (i = 0; i < sizeof(verdict_rows) / sizeof(verdict_rows[0]); i++) {
		if (verdict_rows[i].error == v.error) {
			verdict_rows[i].say(&v, why);
			return;
		}
	}
	why_fail(why, FAULT_CERTIFICATE, "%s: %s", v.who,
	    X509_verify_cert_error_string(v.error));
}
