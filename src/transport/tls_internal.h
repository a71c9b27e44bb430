/*
 * What the files of the TLS layer share; nobody else includes this.
 *
 *	tls.c           the layer: handshake, facts, close
 *	tls_stream.c    read, write and finish, once it is up
 *	tls_bio.c       between OpenSSL and the link below, through chunks
 *	tls_context.c   contexts made of options, shared by sessions
 *	tls_files.c     certificates, keys and lists out of PEM files
 *	tls_options.c   the option rows and their checks
 *	tls_verify.c    is this the peer we meant?
 *	tls_verdict.c   if not, why, in words
 *	tls_facts.c     what is told of the peer's certificate
 *	tls_ocsp.c      the same of a stapled OCSP response
 *	tls_words.c     why a handshake failed, in words; names and dates
 */
#ifndef TRANSPORT_TLS_INTERNAL_H
#define TRANSPORT_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/chunk.h"
#include "base/why.h"
#include "transport/link.h"
#include "transport/tls.h"

/* Shared by all sessions whose options say the same; refcounted. */
struct tls_context {
	LIST_ENTRY(tls_context) entry;
	char *key;              /* all that it was made of, spelled out */
	unsigned refs;
	SSL_CTX *ctx;
	bool accepts;           /* of the side that waits */
	int keylog_fd;          /* -1: none */
};

struct tls_memory {
	struct tls_context *context;
	SSL_SESSION *session;   /* the newest ticket; NULL: none */
	unsigned char *alpn;    /* as on the wire; NULL: none */
	size_t alpn_size;
	uint64_t serial;        /* no two memories have the same */
};

/*
 * What of the owner's bytes is in `out`: records of SSL3_RT_MAX_PLAIN_LENGTH
 * bytes, the last one of what is left, then answers that are nobody's.
 */
struct tls_held {
	uint32_t plain;         /* of the last write that did not leave whole */
	uint32_t end;           /* where its last record ends in `out` */
	uint16_t full, last;    /* lengths of these records on the wire */
};

enum tls_end {
	TLS_OPEN,
	TLS_CLOSED,             /* the peer said close_notify */
	TLS_FAILED,             /* see reason */
};

/*
 * Where bytes wait: ciphertext in `in` only when the owner's buffer was too
 * small for it, plaintext in the SSL for the same reason (one record at
 * most), an incomplete record in the SSL, ciphertext in `out` when the link
 * below takes no more.
 */
struct tls_link {
	struct link link;
	SSL *ssl;
	struct tls_context *context;    /* held */
	struct chunk *in;       /* received, not yet decrypted */
	struct chunk *out;      /* encrypted, not yet sent */
	struct tls_held held;
	struct why *reason;     /* NULL until the link has failed */
	uint64_t serial;        /* of the memory that it was made from */
	size_t partial;         /* at most this much of a record in the SSL */
	enum tls_end end;
	uint8_t nfirst;
	uint8_t first[5];       /* what the peer said first */
	bool up;                /* handshake done */
	bool broken;            /* TLS itself has failed, not what is below */
	bool eof;               /* the link below has ended */
	bool drained;           /* the last read below was a short one */
	bool verify;            /* the option, when it was opened */
	bool pinned;
	bool asked;             /* the peer asked for a client certificate */
};

/*
 * The link has failed: where to say why (a fault and a sentence), unless it
 * failed before, for then the first reason stays and this is NULL.
 */
struct why *tls_over(struct tls_link *t);

/* The TLS link that `l` is; const is the caller's to keep. */
static inline struct tls_link *
tls_of(const struct link *l)
{
	return (struct tls_link *)(uintptr_t)l;
}

/* Tell the owner the reason, which may be older than this call; -1. */
int tls_say(struct tls_link *t);

/* --- tls_stream.c: the slots of struct transport --- */

ssize_t tls_read(struct link *l, void *data, size_t size);
ssize_t tls_write(struct link *l, const void *data, size_t size);
size_t tls_pending(const struct link *l);
size_t tls_unsent(const struct link *l);
bool tls_holds(const struct link *l);
int tls_finish(struct link *l);

/* --- tls_bio.c --- */

/* Give the link's SSL its BIO; 0, or -1 without memory. */
int tls_bio_attach(struct tls_link *t);
/* Read below, once: bytes, or 0 for none now, the end (eof) or failure. */
size_t tls_bio_receive(struct tls_link *t, void *data, size_t size);
/* The link below has failed and told the owner why: keep that. */
void tls_bio_broken(struct tls_link *t);
/* Send what is held: 0 all, -1 EAGAIN not all, -1 any other errno + why. */
int tls_bio_flush(struct tls_link *t);
/* The same, and nobody is told if it cannot be sent. */
void tls_bio_try_flush(struct tls_link *t);

/* --- tls_context.c --- */

int tls_prepare(struct dial *dial, struct why *why);
int tls_refresh(struct dial *dial, struct why *why);
void tls_forget(struct dial *dial);
struct tls_context *tls_context_hold(struct tls_context *c);
void tls_context_drop(struct tls_context *c);

/* --- tls_files.c: 0, or -1 + a sentence that names the option --- */

int tls_files_ca(SSL_CTX *ctx, const char *path, struct why *why);
int tls_files_crl(SSL_CTX *ctx, const char *path, struct why *why);
/* The certificate chain in cert, its key in key (NULL: in cert as well). */
int tls_files_identity(SSL_CTX *ctx, const char *cert, const char *key,
    struct why *why);

/* --- tls_ciphers.c --- */

/* Suites of TLS 1.3 begin with TLS_, all else is for 1.2. */
int tls_options_ciphers(SSL_CTX *ctx, const char *text, struct why *why);

/* --- tls_verify.c --- */

/* Tell the link's SSL whom to expect; 0, or -1 + link_fail(). */
int tls_verify_expect(struct tls_link *t);
/* SSL_CTX_set_cert_verify_callback(3): chain, name, then pin. */
int tls_verify_chain(X509_STORE_CTX *x, void *arg);
/* The name or address that the certificate has to be for. */
const char *tls_verify_name(const struct tls_link *t, char *out, size_t size);

/* --- tls_verdict.c --- */

/* X509_verify_cert(3) has refused: say why. */
void tls_verdict(const struct tls_link *t, X509_STORE_CTX *x,
    struct why *why);

/* "a.example, b.example and 7 more" of subjectAltName; "" for none. */
void tls_verdict_names(const X509 *cert, char *out, size_t size);

/* --- tls_facts.c --- */

/* Of the certificate that the peer has shown; false where there is none. */
bool tls_fact_certificate(const struct tls_link *t, enum link_fact fact,
    char *out, size_t size);

/* --- tls_ocsp.c --- */

/* SSL_CTX_set_tlsext_status_cb(3) */
int tls_ocsp_stapled(SSL *ssl, void *arg);
/* Why something was revoked (RFC 5280 5.3.1); -1: not said. */
const char *tls_ocsp_reason(long code);

/* --- tls_words.c --- */

/* The SSL has failed: find words for it in OpenSSL's error queue. */
void tls_words_failure(struct tls_link *t);
/* The host, without the dot or the zone that no certificate has. */
char *tls_words_host(const char *host, char *out, size_t size);
bool tls_words_is_address(const char *host);
/* "2025-03-01" */
char *tls_words_date(const ASN1_TIME *date, char *out, size_t size);
/* Their bytes, for people: cut to fit, what cannot be shown as '?'. */
char *tls_words_bytes(const void *data, size_t n, char *out, size_t size);
/* A certificate's subject or issuer, by its most telling part. */
char *tls_words_name(const X509_NAME *name, char *out, size_t size);

#endif
