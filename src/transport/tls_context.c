/*
 * Options made into contexts.  A context is large and most sessions want the
 * same one, so those whose options and files are equal share it; what
 * differs from session to session (names, pins, protocols) is not in it.
 */
#include <dirent.h>
#include <openssl/err.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "transport/tls_internal.h"

static LIST_HEAD(, tls_context) contexts = LIST_HEAD_INITIALIZER(contexts);

/* --- callbacks of a context --- */

static void
context_keylog(const SSL *ssl, const char *line)
{
	const struct tls_link *t = SSL_get_app_data(ssl);
	struct iovec v[] = {
		{ (void *)(uintptr_t)line, strlen(line) },
		{ (void *)(uintptr_t)"\n", 1 },
	};

	/* One call a line: others may append to the same file. */
	if (writev(t->context->keylog_fd, v, 2) == -1)
		link_note((struct link *)(uintptr_t)&t->link,
		    "keylog: cannot be written");
}

/* A new ticket: keep it for the next link, unless the options changed. */
static int
context_session(SSL *ssl, SSL_SESSION *session)
{
	const struct tls_link *t = SSL_get_app_data(ssl);
	struct tls_memory *memory = t->link.dial->tls_memory;

	if (memory == NULL || memory->serial != t->serial ||
	    !t->link.dial->tls->resume)
		return 0;
	SSL_SESSION_free(memory->session);
	memory->session = session;
	return 1;
}

/* The peer asks who we are; that explains some failures later. */
static int
context_asked(SSL *ssl, void *arg)
{
	struct tls_link *t = SSL_get_app_data(ssl);

	(void)arg;
	t->asked = true;
	return 1;
}

/* Of those the client offers, the first of ours (RFC 7301 3.2). */
static int
context_choose(SSL *ssl, const unsigned char **out, unsigned char *size,
    const unsigned char *offered, unsigned noffered, void *arg)
{
	const struct tls_link *t = SSL_get_app_data(ssl);
	const struct tls_memory *memory = t->link.dial->tls_memory;
	unsigned char *chosen;

	(void)arg;
	if (memory == NULL || memory->alpn == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	if (SSL_select_next_proto(&chosen, size, memory->alpn,
	    (unsigned)memory->alpn_size, offered, noffered) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* --- making one --- */

/* Does it hold certificates under the hashes of their names? */
static bool
directory_is_hashed(const char *path)
{
	const struct dirent *e;
	bool is = false;
	DIR *d = opendir(path);

	if (d == NULL)
		return false;
	while (!is && (e = readdir(d)) != NULL)
		is = strlen(e->d_name) == 10 &&
		    strspn(e->d_name, "0123456789abcdef") == 8 &&
		    e->d_name[8] == '.';
	closedir(d);
	return is;
}

/*
 * The system's authorities.  From a directory of hashed names OpenSSL takes
 * the one that it wants when it wants it; the file beside it has them all, and
 * reading that takes longer than the handshake.
 */
static int
context_system(SSL_CTX *ctx)
{
	const char *path = secure_getenv(X509_get_default_cert_dir_env());

	if (path == NULL)
		path = X509_get_default_cert_dir();
	if (secure_getenv(X509_get_default_cert_file_env()) == NULL &&
	    directory_is_hashed(path))
		return SSL_CTX_load_verify_dir(ctx, path);
	return SSL_CTX_set_default_verify_paths(ctx);
}

static int
context_files(struct tls_context *c, const struct tls_options *o,
    struct why *why)
{
	if (o->ca == NULL && o->verify && !c->accepts &&
	    !context_system(c->ctx))
		return why_fail(why, FAULT_REFUSED,
		    "the system's certificates cannot be read; name a file "
		    "with ca=");
	if (o->ca != NULL && tls_files_ca(c->ctx, o->ca, why) == -1)
		return -1;
	if (o->crl != NULL && tls_files_crl(c->ctx, o->crl, why) == -1)
		return -1;
	if (o->cert != NULL &&
	    tls_files_identity(c->ctx, o->cert, o->key, why) == -1)
		return -1;
	if (o->keylog == NULL)
		return 0;
	c->keylog_fd = keeper_open(o->keylog, true, "keylog", why);
	return c->keylog_fd == -1 ? -1 : 0;
}

/* Sessions are kept by us, not by OpenSSL's cache. */
static void
context_set_client(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, context_session);
	SSL_CTX_set_cert_cb(ctx, context_asked, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_tlsext_status_cb(ctx, tls_ocsp_stapled);
}

/*
 * Sessions are kept by the clients, in tickets.  A certificate is asked for
 * where something says which one would do.
 */
static void
context_set_server(SSL_CTX *ctx, const struct tls_options *o)
{
	bool asks = (o->verify && o->ca != NULL) || o->pin != NULL;

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (!o->resume) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
	}
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_dh_auto(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, context_choose, NULL);
	SSL_CTX_set_verify(ctx, asks ? SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, NULL);
}

/* No partial writes: one SSL_write() is all its records. */
static int
context_set(struct tls_context *c, const struct tls_options *o,
    struct why *why)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	SSL_CTX *ctx = c->ctx;

	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_clear_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (c->accepts)
		context_set_server(ctx, o);
	else
		context_set_client(ctx);
	SSL_CTX_set_cert_verify_callback(ctx, tls_verify_chain, NULL);
	if (!SSL_CTX_set_min_proto_version(ctx, versions[o->min]) ||
	    !SSL_CTX_set_max_proto_version(ctx, versions[o->max]))
		return why_fail(why, FAULT_REFUSED,
		    "tls-min, tls-max: this OpenSSL does not speak these");
	if (o->ciphers != NULL &&
	    tls_options_ciphers(ctx, o->ciphers, why) == -1)
		return why_prefix(why, "ciphers");
	if (context_files(c, o, why) == -1)
		return -1;
	if (c->keylog_fd != -1)
		SSL_CTX_set_keylog_callback(ctx, context_keylog);
	return 0;
}

static void
context_free(struct tls_context *c)
{
	SSL_CTX_free(c->ctx);
	if (c->keylog_fd != -1)
		close(c->keylog_fd);
	free(c->key);
	free(c);
}

static struct tls_context *
context_new(const struct tls_options *o, bool accepts, struct why *why)
{
	struct tls_context *c = xcalloc(1, sizeof(*c));

	c->keylog_fd = -1;
	c->accepts = accepts;
	c->ctx = SSL_CTX_new(accepts ? TLS_server_method() :
	    TLS_client_method());
	if (c->ctx == NULL) {
		why_fail(why, FAULT_REFUSED, "TLS: out of memory");
		goto fail;
	}
	if (context_set(c, o, why) == -1)
		goto fail;
	return c;
fail:
	context_free(c);
	ERR_clear_error();
	return NULL;
}

/* --- sharing --- */

/*
 * A file by what is in it now: one that was replaced or written is another
 * one.  The time of its last change is one that nobody can set.
 */
static int
key_file(FILE *key, const char *path, const char *what, struct why *why)
{
	struct stat st;

	fprintf(key, "%s ", what);
	if (path == NULL)
		return 0;
	if (keeper_stat(path, &st, what, why) == -1)
		return -1;
	fprintf(key, "%jd %jd %jd %jd.%09ld %s\n", (intmax_t)st.st_dev,
	    (intmax_t)st.st_ino, (intmax_t)st.st_size,
	    (intmax_t)st.st_ctim.tv_sec, (long)st.st_ctim.tv_nsec, path);
	return 0;
}

/* All that a context is made of, in one string; NULL + why. */
static char *
key_new(const struct tls_options *o, bool accepts, struct why *why)
{
	char *text = NULL;
	size_t size;
	FILE *key = open_memstream(&text, &size);
	int wrong;

	if (key == NULL) {
		why_fail(why, FAULT_REFUSED, "TLS: out of memory");
		return NULL;
	}
	if (accepts)
		fprintf(key, "accepts %d %d ", o->pin != NULL, o->resume);
	fprintf(key, "%d %d %d %s\n%s\n", o->verify, o->min, o->max,
	    o->ciphers != NULL ? o->ciphers : "",
	    o->keylog != NULL ? o->keylog : "");
	wrong = key_file(key, o->ca, "ca", why) == -1 ||
	    key_file(key, o->crl, "crl", why) == -1 ||
	    key_file(key, o->cert, "cert", why) == -1 ||
	    key_file(key, o->key, "key", why) == -1;
	if (fclose(key) == 0 && !wrong)
		return text;
	free(text);
	return NULL;
}

struct tls_context *
tls_context_hold(struct tls_context *c)
{
	c->refs++;
	return c;
}

void
tls_context_drop(struct tls_context *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	LIST_REMOVE(c, entry);
	context_free(c);
}

/*
 * The newest one outlives its last session for a while: options are checked
 * before the session that they are for is made, and files need not be read
 * twice for that.
 */
static struct tls_context *
context_keep(struct tls_context *c)
{
	static struct tls_context *newest;

	if (c != newest) {
		tls_context_drop(newest);
		newest = tls_context_hold(c);
	}
	return c;
}

/* The context for these options, held; or NULL + why. */
static struct tls_context *
context_get(const struct dial *dial, struct why *why)
{
	const struct tls_options *o = dial->tls;
	char *key = key_new(o, dial->accepts, why);
	struct tls_context *c;

	if (key == NULL)
		return NULL;
	LIST_FOREACH (c, &contexts, entry) {
		if (strcmp(c->key, key) == 0) {
			free(key);
			return tls_context_hold(context_keep(c));
		}
	}
	if ((c = context_new(o, dial->accepts, why)) == NULL) {
		free(key);
		return NULL;
	}
	c->key = key;
	LIST_INSERT_HEAD(&contexts, c, entry);
	return tls_context_hold(context_keep(c));
}

/* --- what a session keeps --- */

/*
 * From now on this context.  What was left to resume goes: a session that is
 * resumed is not verified anew.
 */
static void
memory_take(struct tls_memory *memory, struct tls_context *c)
{
	static uint64_t serial;

	SSL_SESSION_free(memory->session);
	memory->session = NULL;
	tls_context_drop(memory->context);
	memory->context = c;
	memory->serial = ++serial;
}

int
tls_prepare(struct dial *dial, struct why *why)
{
	const struct tls_options *o = dial->tls;
	struct tls_context *c;

	tls_forget(dial);
	if (tls_options_check(o, why) == -1)
		return -1;
	if (dial->accepts && o->cert == NULL)
		return why_fail(why, FAULT_USAGE, "the side that waits has to "
		    "show a certificate: name it with cert= (and its key with "
		    "key=)");
	if ((c = context_get(dial, why)) == NULL)
		return -1;
	dial->tls_memory = xcalloc(1, sizeof(*dial->tls_memory));
	memory_take(dial->tls_memory, c);
	dial->tls_memory->alpn = tls_options_alpn(o->alpn,
	    &dial->tls_memory->alpn_size);
	return 0;
}

/* A file that was just read has not changed: one look at each, no more. */
int
tls_refresh(struct dial *dial, struct why *why)
{
	const struct tls_options *o = dial->tls;
	struct tls_memory *memory = dial->tls_memory;
	struct tls_context *c;

	if (memory == NULL || (o->ca == NULL && o->crl == NULL &&
	    o->cert == NULL))
		return 0;
	if ((c = context_get(dial, why)) == NULL)
		return -1;
	if (c == memory->context)
		tls_context_drop(c);
	else
		memory_take(memory, c);
	return 0;
}

void
tls_forget(struct dial *dial)
{
	struct tls_memory *memory = dial->tls_memory;

	if (memory == NULL)
		return;
	dial->tls_memory = NULL;
	SSL_SESSION_free(memory->session);
	tls_context_drop(memory->context);
	free(memory->alpn);
	free(memory);
}
