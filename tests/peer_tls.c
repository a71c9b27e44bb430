/* TLS: the context that the options describe, handshakes, tickets. */
#include <arpa/inet.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "peer.h"

static SSL_CTX *context;
static uint8_t *staple;
static size_t staple_length;
static uint8_t alpn_wire[256];
static size_t alpn_length;

static const char *
tls_why(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return why != NULL ? why : "no reason given";
}

static int
version_parse(const char *s)
{
	static const char *const names[] = { "1.0", "1.1", "1.2", "1.3" };

	if (s == NULL)
		return 0;
	if (strncmp(s, "TLSv", 4) == 0)
		s += 4;
	for (int i = 0; i < 4; i++)
		if (strcmp(s, names[i]) == 0)
			return TLS1_VERSION + i;
	die("%s: not a TLS version, of 1.0 to 1.3", s);
}

/* "h2,http/1.1" to the wire format of RFC 7301: a length before each. */
static void
alpn_parse(const char *list)
{
	size_t n;

	for (; list != NULL && *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == 0 || alpn_length + 1 + n > sizeof alpn_wire)
			die("%s: not a list of protocols", opt.alpn);
		alpn_wire[alpn_length++] = n;
		memcpy(alpn_wire + alpn_length, list, n);
		alpn_length += n;
	}
}

static int
alpn_select(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *arg)
{
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto((unsigned char **)out, outlen, alpn_wire,
	    alpn_length, in, inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static int
staple_answer(SSL *ssl, void *arg)
{
	unsigned char *copy = OPENSSL_memdup(staple, staple_length);

	(void)arg;
	/* Takes ownership of the copy. */
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, staple_length);
	return SSL_TLSEXT_ERR_OK;
}

static void
context_identity(void)
{
	if (opt.cert == NULL)
		return;
	if (SSL_CTX_use_certificate_chain_file(context, opt.cert) != 1)
		die("%s: %s", opt.cert, tls_why());
	if (opt.key == NULL)
		opt.key = opt.cert;
	if (SSL_CTX_use_PrivateKey_file(context, opt.key,
	    SSL_FILETYPE_PEM) != 1)
		die("%s: %s", opt.key, tls_why());
}

static void
context_server(void)
{
	SSL_CTX_set_session_id_context(context, (const void *)"peer", 4);
	if (opt.client_ca != NULL) {
		if (SSL_CTX_load_verify_file(context, opt.client_ca) != 1)
			die("%s: %s", opt.client_ca, tls_why());
		SSL_CTX_set_client_CA_list(context,
		    SSL_load_client_CA_file(opt.client_ca));
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER |
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	if (alpn_length != 0)
		SSL_CTX_set_alpn_select_cb(context, alpn_select, NULL);
	if (opt.staple != NULL) {
		staple = file_read(opt.staple, &staple_length);
		SSL_CTX_set_tlsext_status_cb(context, staple_answer);
	}
	if (opt.tickets != TICKETS_DEFAULT)
		SSL_CTX_set_num_tickets(context, opt.tickets);
	if (opt.tickets == 0)
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
}

static void
context_client(void)
{
	if (opt.ca != NULL) {
		if (SSL_CTX_load_verify_file(context, opt.ca) != 1)
			die("%s: %s", opt.ca, tls_why());
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	}
	if (alpn_length != 0)
		SSL_CTX_set_alpn_protos(context, alpn_wire, alpn_length);
}

void
tls_init(void)
{
	if (!opt.tls && opt.cert == NULL)
		return;
	if (opt.cert == NULL && opt.connect == NULL)
		die("--tls needs --cert");
	context = SSL_CTX_new(TLS_method());
	if (context == NULL)
		die("%s", tls_why());
	/* Bad peers are what the tests are about: allow the weakest. */
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_min_proto_version(context, version_parse(opt.tls_min));
	SSL_CTX_set_max_proto_version(context, version_parse(opt.tls_max));
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	alpn_parse(opt.alpn);
	context_identity();
	if (opt.connect == NULL)
		context_server();
	else
		context_client();
}

static void
handshake_event(struct connection *c)
{
	const unsigned char *alpn;
	unsigned int n;
	char client[64] = "-";
	X509 *cert = SSL_get0_peer_certificate(c->ssl);
	const char *sni =
	    SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);

	SSL_get0_alpn_selected(c->ssl, &alpn, &n);
	if (cert != NULL)
		X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
		    NID_commonName, client, sizeof client);
	event("handshake %u %s resumed=%s alpn=%.*s sni=%s cipher=%s peer=%s",
	    c->id, SSL_get_version(c->ssl),
	    SSL_session_reused(c->ssl) ? "yes" : "no",
	    n != 0 ? (int)n : 1, n != 0 ? (const char *)alpn : "-",
	    sni != NULL ? sni : "-", SSL_get_cipher_name(c->ssl), client);
}

/* Drives whatever handshake message is pending to its end; 0 or -1. */
static int
handshake_drive(struct connection *c)
{
	int result;
	struct pollfd p = { .fd = c->fd };

	for (;;) {
		ERR_clear_error();
		errno = 0;
		result = SSL_do_handshake(c->ssl);
		if (result == 1)
			return 0;
		switch (SSL_get_error(c->ssl, result)) {
		case SSL_ERROR_WANT_READ:
			p.events = POLLIN;
			break;
		case SSL_ERROR_WANT_WRITE:
			p.events = POLLOUT;
			break;
		default:
			return -1;
		}
		(void)poll(&p, 1, -1);
	}
}

static void
handshake_prepare(struct connection *c)
{
	struct in6_addr numeric;

	if (opt.connect == NULL) {
		SSL_set_accept_state(c->ssl);
		return;
	}
	SSL_set_connect_state(c->ssl);
	/* A literal address is no server name, RFC 6066 section 3. */
	if (opt.sni != NULL && inet_pton(AF_INET, opt.sni, &numeric) != 1 &&
	    inet_pton(AF_INET6, opt.sni, &numeric) != 1)
		SSL_set_tlsext_host_name(c->ssl, opt.sni);
}

/* Read those bytes first, then the socket: BIO_set_buffer_read_data(3). */
static int
handshake_early(struct connection *c, const void *early, size_t n)
{
	BIO *socket = BIO_new_socket(c->fd, BIO_NOCLOSE);
	BIO *in = BIO_new(BIO_f_buffer());
	uint8_t *copy = xmalloc(n);
	long set;

	memcpy(copy, early, n);
	if (socket == NULL || in == NULL || BIO_up_ref(socket) != 1)
		return 0;
	set = BIO_set_buffer_read_data(in, copy, n);
	free(copy);
	SSL_set_bio(c->ssl, BIO_push(in, socket), socket);
	return set == 1;
}

int
tls_handshake(struct connection *c, const void *early, size_t n)
{
	int error;

	if (context == NULL)
		die("starttls needs --cert");
	c->ssl = SSL_new(context);
	if (c->ssl == NULL || (n > 0 ? handshake_early(c, early, n) :
	    SSL_set_fd(c->ssl, c->fd)) != 1)
		die("%s", tls_why());
	handshake_prepare(c);
	if (handshake_drive(c) == 0) {
		handshake_event(c);
		return 0;
	}
	error = errno;
	event("handshake-failed %u %s", c->id,
	    ERR_peek_error() != 0 ? tls_why() :
	    error != 0 ? strerror(error) : "end of file");
	c->eof = c->dead = true;
	return -1;
}

int
tls_ticket(struct connection *c)
{
	/* The first call queues it, SSL_do_handshake() sends it. */
	if (c->ssl == NULL || SSL_new_session_ticket(c->ssl) != 1 ||
	    handshake_drive(c) == -1) {
		event("ticket-failed %u", c->id);
		return -1;
	}
	event("ticket %u", c->id);
	return 0;
}

int
tls_keyupdate(struct connection *c)
{
	if (c->ssl == NULL ||
	    SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
	    handshake_drive(c) == -1) {
		event("keyupdate-failed %u", c->id);
		return -1;
	}
	event("keyupdate %u", c->id);
	return 0;
}
