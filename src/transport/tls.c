/*
 * TLS, a layer over any stream link: from open to up, and what is known of a
 * link then.  Nothing is read or delivered before the handshake, with all
 * verification, is done.
 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "transport/tls_internal.h"

/* --- from open to up --- */

/* Offer what the last link has left, unless its certificate is too old. */
static void
tls_offer_session(struct tls_link *t, SSL_SESSION *session)
{
	X509 *cert;

	if (session == NULL || !SSL_SESSION_is_resumable(session))
		return;
	cert = SSL_SESSION_get0_peer(session);
	if (t->verify && (cert == NULL ||
	    X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0))
		return;
	SSL_set_session(t->ssl, session);
}

static int
tls_offer(struct tls_link *t, const struct tls_options *o)
{
	const struct tls_memory *memory = t->link.dial->tls_memory;
	const char *host = t->link.dial->url->host;
	char name[256];

	tls_words_host(host, name, sizeof(name));
	if (o->sni != NULL)
		snprintf(name, sizeof(name), "%s",
		    strcmp(o->sni, "-") == 0 ? "" : o->sni);
	else if (tls_words_is_address(name))
		name[0] = '\0';
	if (name[0] != '\0' && !SSL_set_tlsext_host_name(t->ssl, name))
		return -1;
	if (memory->alpn != NULL && SSL_set_alpn_protos(t->ssl, memory->alpn,
	    (unsigned)memory->alpn_size) != 0)
		return -1;
	if (t->verify && o->ocsp != TLS_OCSP_NO)
		SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp);
	if (o->resume)
		tls_offer_session(t, memory->session);
	return 0;
}

/* Of a client only what was asked for: ca=, or its key by pin=. */
static bool
tls_is_to_verify(const struct dial *dial)
{
	return dial->tls->verify && (!dial->accepts || dial->tls->ca != NULL);
}

/*
 * The side that waits.  Who resumes is not verified anew, so nobody may with
 * what he was given elsewhere, or under other options.
 */
static int
tls_accept(struct tls_link *t)
{
	SSL_set_accept_state(t->ssl);
	return SSL_set_session_id_context(t->ssl,
	    (const unsigned char *)&t->serial, sizeof(t->serial)) ? 0 : -1;
}

static int
tls_open(struct link *l)
{
	struct tls_link *t = tls_of(l);
	const struct tls_options *o = l->dial->tls;
	struct tls_memory *memory;
	struct why why;

	if (l->dial->tls_memory == NULL && tls_prepare(l->dial, &why) == -1)
		return link_fail(l, why.fault, "%s", why.text);
	memory = l->dial->tls_memory;
	t->verify = tls_is_to_verify(l->dial);
	t->pinned = o->pin != NULL;
	t->serial = memory->serial;
	t->context = tls_context_hold(memory->context);
	ERR_clear_error();
	t->ssl = SSL_new(t->context->ctx);
	if (t->ssl == NULL || tls_bio_attach(t) == -1)
		return link_fail(l, FAULT_TLS, "TLS: out of memory");
	SSL_set_app_data(t->ssl, t);
	if (tls_verify_expect(t) == -1)
		return -1;
	if (l->dial->accepts)
		return tls_accept(t) == 0 ? 0 :
		    link_fail(l, FAULT_TLS, "TLS: out of memory");
	SSL_set_connect_state(t->ssl);
	if (tls_offer(t, o) == -1)
		return link_fail(l, FAULT_TLS,
		    "TLS: sni= or alpn= is not fit to be sent");
	return 0;
}

static void
tls_note_up(struct tls_link *t)
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	char subject[64], issuer[64], until[16];

	if (cert == NULL) {
		link_note(&t->link, "%s %s%s, no client certificate",
		    SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl),
		    SSL_session_reused(t->ssl) ? ", resumed" : "");
		return;
	}
	link_note(&t->link, "%s %s, %scertificate of %s by %s until %s, %s",
	    SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl),
	    SSL_session_reused(t->ssl) ? "resumed, " : "",
	    tls_words_name(X509_get_subject_name(cert), subject,
	    sizeof(subject)),
	    tls_words_name(X509_get_issuer_name(cert), issuer,
	    sizeof(issuer)),
	    tls_words_date(X509_get0_notAfter(cert), until, sizeof(until)),
	    t->verify ? "verified" : t->pinned ? "pin matched" :
	    "not verified");
}

/*
 * A resumed session comes without a certificate; OpenSSL then repeats the
 * verdict of the first time.
 */
static int
tls_established(struct tls_link *t)
{
	if (t->verify && SSL_get_verify_result(t->ssl) != X509_V_OK) {
		why_fail(tls_over(t), FAULT_CERTIFICATE,
		    "the session to resume was never verified");
		return -1;
	}
	t->up = true;
	/* TLS 1.3 leaves a buffer behind, despite SSL_MODE_RELEASE_BUFFERS. */
	SSL_free_buffers(t->ssl);
	tls_note_up(t);
	return 0;
}

static void
tls_judge_handshake(struct tls_link *t, int error)
{
	if (error == SSL_ERROR_ZERO_RETURN ||
	    (error == SSL_ERROR_WANT_READ && t->eof))
		why_fail(tls_over(t), FAULT_TLS,
		    "peer closed the connection in the middle of the "
		    "TLS handshake");
	else if (error != SSL_ERROR_WANT_READ)
		tls_words_failure(t);
}

/* Sessions of a connection that failed are not to be resumed. */
static void
tls_forget_session(struct tls_link *t)
{
	struct tls_memory *memory = t->link.dial->tls_memory;

	if (memory == NULL || memory->serial != t->serial)
		return;
	SSL_SESSION_free(memory->session);
	memory->session = NULL;
}

/* The handshake has failed: what was offered to resume may be to blame. */
static int
tls_refused(struct tls_link *t)
{
	tls_forget_session(t);
	if (t->reason->fault == FAULT_RECEIVE)
		return link_fail(&t->link, FAULT_TLS,
		    "in the middle of the TLS handshake: %s",
		    t->reason->text);
	return tls_say(t);
}

static int
tls_advance(struct link *l)
{
	struct tls_link *t = tls_of(l);
	int done;

	l->want_read = l->want_write = false;
	ERR_clear_error();
	done = SSL_do_handshake(t->ssl);
	if (done != 1)
		tls_judge_handshake(t, SSL_get_error(t->ssl, done));
	/* An alert is sent as well, if it can be. */
	if (tls_bio_flush(t) == -1) {
		if (errno != EAGAIN)
			tls_bio_broken(t);
		l->want_write = true;
	}
	if (t->end == TLS_FAILED)
		return tls_refused(t);
	if (done != 1)
		l->want_read = true;
	/* Until the last message has left, the peer may wait for it. */
	if (done != 1 || l->want_write)
		return 0;
	return tls_established(t) == -1 ? tls_refused(t) : 1;
}

/* --- the end of it --- */

/*
 * Our close_notify (RFC 8446 6.1), as far as it goes without waiting.  Behind
 * half a record it would be none, and the stream is cut short in truth.
 */
static void
tls_say_end(struct tls_link *t)
{
	if (t->end == TLS_FAILED || t->eof || t->out != NULL ||
	    (SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) != 0)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	tls_bio_try_flush(t);
}

/*
 * A connection that was cut may be resumed (RFC 5246 7.2.1), one whose TLS
 * failed may not (RFC 8446 6.2).  Without its shutdown set SSL_free() would
 * spoil the session.
 */
static void
tls_close_up(struct tls_link *t)
{
	tls_say_end(t);
	if (t->broken)
		tls_forget_session(t);
	else
		SSL_set_shutdown(t->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

static void
tls_close(struct link *l)
{
	struct tls_link *t = tls_of(l);

	if (t->up)
		tls_close_up(t);
	SSL_free(t->ssl);
	t->ssl = NULL;
	chunk_give(t->in);
	chunk_give(t->out);
	t->in = t->out = NULL;
	free(t->reason);
	t->reason = NULL;
	tls_context_drop(t->context);
	t->context = NULL;
}

/* --- what is known of it --- */

static bool
tls_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	const struct tls_link *t = tls_of(l);
	const unsigned char *alpn;
	unsigned n;

	if (tls_fact_certificate(t, fact, out, size))
		return true;
	if (t->ssl == NULL || (!t->up && fact != LINK_TLS))
		return false;
	switch (fact) {
	case LINK_TLS:
		if (SSL_get_current_cipher(t->ssl) == NULL)
			return false;
		snprintf(out, size, "%s %s", SSL_get_version(t->ssl),
		    SSL_get_cipher_name(t->ssl));
		return true;
	case LINK_VERIFIED:
		snprintf(out, size, "%s", t->verify ? "yes" :
		    t->pinned ? "pin only" : l->dial->tls->verify ?
		    "no (no ca=)" : "no (verify=no)");
		return true;
	case LINK_ALPN:
		SSL_get0_alpn_selected(t->ssl, &alpn, &n);
		tls_words_bytes(alpn, n, out, size);
		return n > 0;
	case LINK_RESUMED:
		snprintf(out, size, "%s",
		    SSL_session_reused(t->ssl) ? "yes" : "no");
		return true;
	default:
		return false;
	}
}

static char *
tls_certificates(const struct link *l)
{
	const struct tls_link *t = tls_of(l);
	STACK_OF(X509) *chain = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *client = NULL;
	char *data, *pem = NULL;
	long size;
	int i;

	if (t->ssl != NULL)
		chain = SSL_get_peer_cert_chain(t->ssl);
	/* A client's own one is not in its chain. */
	if (t->ssl != NULL && SSL_is_server(t->ssl))
		client = SSL_get0_peer_certificate(t->ssl);
	if (bio != NULL && client != NULL)
		PEM_write_bio_X509(bio, client);
	for (i = 0; bio != NULL && i < sk_X509_num(chain); i++)
		PEM_write_bio_X509(bio, sk_X509_value(chain, i));
	if (bio != NULL && (size = BIO_get_mem_data(bio, &data)) > 0)
		pem = xasprintf("%.*s", (int)size, data);
	BIO_free(bio);
	return pem;
}

const struct transport transport_tls = {
	TRANSPORT_TLS_WORDS,
	.size = sizeof(struct tls_link),
	.prepare = tls_prepare,
	.forget = tls_forget,
	.refresh = tls_refresh,
	.open = tls_open,
	.advance = tls_advance,
	.read = tls_read,
	.write = tls_write,
	.pending = tls_pending,
	.unsent = tls_unsent,
	.holds = tls_holds,
	.finish = tls_finish,
	.close = tls_close,
	.fact = tls_fact,
	.certificates = tls_certificates,
};
