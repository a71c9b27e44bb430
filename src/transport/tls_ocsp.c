/*
 * Stapled OCSP responses (RFC 6066 8, RFC 6960): one that is there must be
 * signed by the issuer or in its name, be about this certificate, be fresh
 * and say good; ocsp=require wants one to be there.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "transport/tls_internal.h"

#define OCSP_SKEW 300                   /* seconds that clocks may differ */
#define OCSP_LONGEST (24 * 3600)        /* of one that does not say */

const char *
tls_ocsp_reason(long code)
{
	return code < 0 ? "no reason given" : OCSP_crl_reason_str(code);
}

/* The one about `cert` in the response; certificates go by hashes there. */
static OCSP_SINGLERESP *
ocsp_find(OCSP_BASICRESP *basic, X509 *cert, X509 *issuer)
{
	OCSP_SINGLERESP *single;
	const OCSP_CERTID *theirs;
	ASN1_OBJECT *digest;
	OCSP_CERTID *ours;
	int i, differ;

	for (i = 0; i < OCSP_resp_count(basic); i++) {
		single = OCSP_resp_get0(basic, i);
		theirs = OCSP_SINGLERESP_get0_id(single);
		OCSP_id_get0_info(NULL, &digest, NULL, NULL,
		    (OCSP_CERTID *)(uintptr_t)theirs);
		ours = OCSP_cert_to_id(EVP_get_digestbyobj(digest), cert,
		    issuer);
		differ = ours == NULL || OCSP_id_cmp(ours, theirs) != 0;
		OCSP_CERTID_free(ours);
		if (!differ)
			return single;
	}
	return NULL;
}

static int
ocsp_status(OCSP_SINGLERESP *single, struct why *why)
{
	ASN1_GENERALIZEDTIME *when, *since, *until;
	char date[16], from[16];
	int reason, status;

	status = OCSP_single_get0_status(single, &reason, &when, &since,
	    &until);
	if (!OCSP_check_validity(since, until, OCSP_SKEW,
	    until == NULL ? OCSP_LONGEST : -1))
		return why_fail(why, FAULT_CERTIFICATE,
		    "the OCSP response is not valid now: from %s until %s",
		    tls_words_date(since, from, sizeof(from)),
		    tls_words_date(until, date, sizeof(date)));
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return why_fail(why, FAULT_CERTIFICATE,
		    "certificate was revoked on %s (%s), says OCSP",
		    tls_words_date(when, date, sizeof(date)),
		    tls_ocsp_reason(reason));
	if (status != V_OCSP_CERTSTATUS_GOOD)
		return why_fail(why, FAULT_CERTIFICATE,
		    "certificate is unknown to its OCSP responder");
	return 0;
}

static int
ocsp_check(SSL *ssl, OCSP_BASICRESP *basic, struct why *why)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
	OCSP_SINGLERESP *single;
	int last = sk_X509_num(chain) - 1;

	if (last < 0)
		return why_fail(why, FAULT_CERTIFICATE,
		    "no chain to check the OCSP response with");
	if (OCSP_basic_verify(basic, chain, store, 0) <= 0)
		return why_fail(why, FAULT_CERTIFICATE,
		    "the OCSP response is not signed by the certificate's "
		    "issuer");
	single = ocsp_find(basic, sk_X509_value(chain, 0),
	    sk_X509_value(chain, last > 0 ? 1 : 0));
	if (single == NULL)
		return why_fail(why, FAULT_CERTIFICATE,
		    "the OCSP response is about another certificate");
	return ocsp_status(single, why);
}

static int
ocsp_read(SSL *ssl, const unsigned char *data, long size, struct why *why)
{
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &data, size);
	OCSP_BASICRESP *basic = NULL;
	int status, end;

	if (response == NULL)
		return why_fail(why, FAULT_CERTIFICATE,
		    "the OCSP response is malformed");
	status = OCSP_response_status(response);
	if (status == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(response);
	if (basic == NULL)
		end = why_fail(why, FAULT_CERTIFICATE,
		    "the OCSP response says \"%s\"",
		    OCSP_response_status_str(status));
	else
		end = ocsp_check(ssl, basic, why);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	return end;
}

int
tls_ocsp_stapled(SSL *ssl, void *arg)
{
	struct tls_link *t = SSL_get_app_data(ssl);
	const unsigned char *data;
	struct why why = { 0 };
	long size;
	int end = 0;

	(void)arg;
	/* The response came with the certificate, the first time. */
	if (SSL_session_reused(ssl))
		return 1;
	size = SSL_get_tlsext_status_ocsp_resp(ssl, &data);
	if (size > 0 && data != NULL)
		end = ocsp_read(ssl, data, size, &why);
	else if (t->link.dial->tls->ocsp == TLS_OCSP_REQUIRE)
		end = why_fail(&why, FAULT_CERTIFICATE,
		    "the server stapled no OCSP response (ocsp=require)");
	ERR_clear_error();
	if (end == 0)
		return 1;
	*tls_over(t) = why;
	return 0;
}
