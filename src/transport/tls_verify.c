/*
 * Is this the peer that was meant?  The chain and the name as RFC 5280 and
 * RFC 9525 want them (by OpenSSL), the pin by us.
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <string.h>

#include "transport/tls_internal.h"

#define VERIFY_AUTHORITIES 64   /* certificates kept to be shared */

const char *
tls_verify_name(const struct tls_link *t, char *out, size_t size)
{
	const struct dial *dial = t->link.dial;

	return tls_words_host(dial->tls->verify_name != NULL ?
	    dial->tls->verify_name : dial->url->host, out, size);
}

int
tls_verify_expect(struct tls_link *t)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	char name[256];
	int ok;

	if (!t->verify)
		return 0;
	/* Any client that ca= vouches for, unless one is named. */
	if (t->link.dial->accepts && t->link.dial->tls->verify_name == NULL)
		return 0;
	tls_verify_name(t, name, sizeof(name));
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	/* To OpenSSL a leading dot, or no name, would mean many names. */
	if (tls_words_is_address(name))
		ok = X509_VERIFY_PARAM_set1_ip_asc(param, name);
	else
		ok = name[0] != '.' && name[0] != '\0' &&
		    X509_VERIFY_PARAM_set1_host(param, name, 0);
	if (ok)
		return 0;
	return link_fail(&t->link, FAULT_CERTIFICATE,
	    "\"%s\" is no name that a certificate can be for", name);
}

/* --- one copy of each authority --- */

/*
 * Half of a session's memory would be the chain that its peer sent.  The
 * authorities in it are the same for many peers, so those that were verified
 * are kept and stand in for their equals.
 */
static X509 *authorities[VERIFY_AUTHORITIES];

static X509 *
authority_find(const X509 *cert)
{
	size_t i;

	for (i = 0; i < VERIFY_AUTHORITIES && authorities[i] != NULL; i++) {
		if (X509_cmp(authorities[i], cert) == 0)
			return authorities[i];
	}
	return NULL;
}

/* Not the first one: OpenSSL holds more pointers to that. */
static void
authorities_share(STACK_OF(X509) *chain)
{
	X509 *cert, *same;
	int i;

	for (i = 1; i < sk_X509_num(chain); i++) {
		cert = sk_X509_value(chain, i);
		same = authority_find(cert);
		if (same == NULL || same == cert || !X509_up_ref(same))
			continue;
		sk_X509_set(chain, i, same);
		X509_free(cert);
	}
}

/* The newest take the place of the oldest. */
static void
authorities_keep(STACK_OF(X509) *chain)
{
	static size_t next;
	X509 *cert;
	int i;

	for (i = 1; i < sk_X509_num(chain); i++) {
		cert = sk_X509_value(chain, i);
		if (authority_find(cert) != NULL || !X509_up_ref(cert))
			continue;
		X509_free(authorities[next]);
		authorities[next] = cert;
		next = (next + 1) % VERIFY_AUTHORITIES;
	}
}

/* --- the pin --- */

/* Is the key one of those in pin=?  As curl's --pinnedpubkey. */
static bool
pin_matches(const char *pins, X509 *cert, char key[64])
{
	unsigned char *spki = NULL, digest[32];
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);

	if (size <= 0 || !EVP_Digest(spki, (size_t)size, digest, NULL,
	    EVP_sha256(), NULL))
		size = 0;
	OPENSSL_free(spki);
	memcpy(key, "sha256//", 9);
	if (size > 0)
		EVP_EncodeBlock((unsigned char *)key + 8, digest,
		    sizeof(digest));
	return size > 0 && strstr(pins, key) != NULL;
}

static struct tls_link *
verify_link(X509_STORE_CTX *x)
{
	return SSL_get_app_data(X509_STORE_CTX_get_ex_data(x,
	    SSL_get_ex_data_X509_STORE_CTX_idx()));
}

/* The moment of refusal: later its certificate and list are forgotten. */
static int
verify_look(int ok, X509_STORE_CTX *x)
{
	struct tls_link *t = verify_link(x);
	struct why *why;

	if (!ok && (why = tls_over(t)) != NULL)
		tls_verdict(t, x, why);
	return ok;
}

int
tls_verify_chain(X509_STORE_CTX *x, void *arg)
{
	struct tls_link *t = verify_link(x);
	const char *pins = t->link.dial->tls->pin;
	char key[64];

	(void)arg;
	authorities_share(X509_STORE_CTX_get0_untrusted(x));
	X509_STORE_CTX_set_verify_cb(x, verify_look);
	if (!t->verify) {
		/* When resumed, it must not look as if it were verified. */
		X509_STORE_CTX_set_error(x,
		    X509_V_ERR_APPLICATION_VERIFICATION);
	} else if (X509_verify_cert(x) <= 0) {
		verify_look(0, x);
		return 0;
	} else {
		authorities_keep(X509_STORE_CTX_get0_chain(x));
	}
	if (pins == NULL ||
	    pin_matches(pins, X509_STORE_CTX_get0_cert(x), key))
		return 1;
	X509_STORE_CTX_set_error(x, X509_V_ERR_APPLICATION_VERIFICATION);
	why_fail(tls_over(t), FAULT_CERTIFICATE,
	    "pin does not match: the %s's key is %s",
	    t->link.dial->accepts ? "client" : "server", key);
	return 0;
}
