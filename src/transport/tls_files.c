/*
 * PEM files that options name.  They are opened by the keeper, and read when
 * the options are prepared and whenever they have changed since; the sentences
 * name option and file.
 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdbool.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "transport/tls_internal.h"

/* The whole file at once: OpenSSL would read a descriptor byte by byte. */
static BIO *
file_open(const char *path, const char *what, struct why *why)
{
	int fd = keeper_open(path, false, what, why);
	char data[16384];
	BIO *bio;
	ssize_t n;

	if (fd == -1)
		return NULL;
	ERR_clear_error();
	bio = BIO_new(BIO_s_mem());
	while ((n = read(fd, data, sizeof(data))) > 0)
		if (bio != NULL)
			BIO_write(bio, data, (int)n);
	close(fd);
	if (bio == NULL || n == -1) {
		why_fail(why, FAULT_REFUSED, "%s: %s cannot be read", what,
		    path);
		BIO_free(bio);
		return NULL;
	}
	BIO_set_mem_eof_return(bio, 0);
	return bio;
}

/*
 * Called when reading of objects has stopped: at the end of the file it is
 * for want of another BEGIN line, and that is no failure.
 */
static int
file_end(const char *path, const char *what, const char *noun, int found,
    struct why *why)
{
	unsigned long error = ERR_peek_last_error();

	ERR_clear_error();
	if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
	    ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		return why_fail(why, FAULT_REFUSED,
		    "%s: %s: damaged after %d %s%s: %s", what, path, found,
		    noun, found == 1 ? "" : "s",
		    ERR_reason_error_string(error));
	if (found == 0)
		return why_fail(why, FAULT_REFUSED,
		    "%s: %s: holds no %s in PEM form", what, path, noun);
	return 0;
}

int
tls_files_ca(SSL_CTX *ctx, const char *path, struct why *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *bio = file_open(path, "ca", why);
	X509 *cert;
	int n, end;

	if (bio == NULL)
		return -1;
	for (n = 0; (cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) !=
	    NULL; n++) {
		X509_STORE_add_cert(store, cert);
		X509_free(cert);
	}
	end = file_end(path, "ca", "certificate", n, why);
	BIO_free(bio);
	return end;
}

int
tls_files_crl(SSL_CTX *ctx, const char *path, struct why *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *bio = file_open(path, "crl", why);
	X509_CRL *crl;
	int n, end;

	if (bio == NULL)
		return -1;
	for (n = 0; (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) !=
	    NULL; n++) {
		X509_STORE_add_crl(store, crl);
		X509_CRL_free(crl);
	}
	end = file_end(path, "crl", "revocation list", n, why);
	BIO_free(bio);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
	    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return end;
}

static int
files_chain(SSL_CTX *ctx, const char *path, struct why *why)
{
	BIO *bio = file_open(path, "cert", why);
	X509 *cert;
	int n, ok = 1, end;

	if (bio == NULL)
		return -1;
	for (n = 0; ok && (cert = PEM_read_bio_X509_AUX(bio, NULL, NULL,
	    NULL)) != NULL; n++) {
		ok = n == 0 ? SSL_CTX_use_certificate(ctx, cert) :
		    (int)SSL_CTX_add1_chain_cert(ctx, cert);
		X509_free(cert);
	}
	if (ok)
		end = file_end(path, "cert", "certificate", n, why);
	else
		end = why_fail(why, FAULT_REFUSED,
		    "cert: %s: cannot be used: %s", path,
		    ERR_reason_error_string(ERR_peek_error()));
	ERR_clear_error();
	BIO_free(bio);
	return end;
}

/* Asked for the passphrase of a key: nobody is there to type it. */
static int
files_passphrase(char *out, int size, int writing, void *asked)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static int
files_key(SSL_CTX *ctx, const char *path, const char *what, const char *cert,
    struct why *why)
{
	BIO *bio = file_open(path, what, why);
	EVP_PKEY *key;
	bool asked = false;
	int end = 0;

	if (bio == NULL)
		return -1;
	key = PEM_read_bio_PrivateKey(bio, NULL, files_passphrase, &asked);
	BIO_free(bio);
	if (asked)
		end = why_fail(why, FAULT_REFUSED, "%s: %s: the key is "
		    "encrypted; store it without a passphrase (openssl pkey)",
		    what, path);
	else if (key == NULL)
		end = why_fail(why, FAULT_REFUSED, "%s: %s: holds no private "
		    "key in PEM form%s", what, path,
		    what[0] == 'c' ? "; name its file with key=" : "");
	else if (!X509_check_private_key(SSL_CTX_get0_certificate(ctx), key))
		end = why_fail(why, FAULT_REFUSED,
		    "%s: %s: does not fit the certificate in %s", what, path,
		    cert);
	else if (!SSL_CTX_use_PrivateKey(ctx, key))
		end = why_fail(why, FAULT_REFUSED, "%s: %s: %s", what, path,
		    ERR_reason_error_string(ERR_peek_error()));
	EVP_PKEY_free(key);
	ERR_clear_error();
	return end;
}

int
tls_files_identity(SSL_CTX *ctx, const char *cert, const char *key,
    struct why *why)
{
	if (files_chain(ctx, cert, why) == -1)
		return -1;
	if (key == NULL)
		return files_key(ctx, cert, "cert", cert, why);
	return files_key(ctx, key, "key", cert, why);
}
