/*
 * What is said of TLS: the first byte picks an option, or the kind of a file
 * in PEM; the rest is its value, or what the file holds.  It is taken, or a
 * sentence says why not, and nothing of it stays in OpenSSL's queue of errors.
 */
#include <openssl/err.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "keeper/keeper.h"
#include "transport/tls_internal.h"

int __wrap_keeper_open(const char *path, bool append, const char *what,
    struct why *why);

static const uint8_t *file;
static size_t file_size;

/* Every file is this one. */
int
__wrap_keeper_open(const char *path, bool append, const char *what,
    struct why *why)
{
	int fd = memfd_create("pem", MFD_CLOEXEC);

	(void)why;
	must(path[0] == '/' && !append && what[0] != '\0' && fd != -1);
	must(write(fd, file, file_size) == (ssize_t)file_size);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int
identity(SSL_CTX *ctx, const char *path, struct why *why)
{
	return tls_files_identity(ctx, path, NULL, why);
}

static void
try_file(int (*load)(SSL_CTX *, const char *, struct why *))
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct why why = { 0 };

	must(ctx != NULL);
	if (load(ctx, "/file", &why) == -1)
		must(why.fault == FAULT_REFUSED && why.text[0] != '\0');
	must(ERR_peek_error() == 0);
	SSL_CTX_free(ctx);
}

/* As on the wire: each with its length before it, and nothing behind. */
static void
try_alpn(const char *text)
{
	size_t size, at;
	unsigned char *wire = tls_options_alpn(text, &size);

	must(size == strlen(text) + 1);
	for (at = 0; at < size; at += 1U + wire[at])
		must(wire[at] > 0);
	must(at == size);
	free(wire);
}

static void
try_option(const struct option_row *row, const char *text)
{
	struct why why = { 0 };

	if (row->check == NULL)
		return;
	if (row->check(text, &why) == -1)
		must(why.fault == FAULT_USAGE && why.text[0] != '\0');
	else if (strcmp(row->name, "alpn") == 0)
		try_alpn(text);
	ERR_clear_error();
}

static void
try_names(const uint8_t *data, size_t size, const char *text)
{
	char out[32];
	size_t i;

	tls_words_bytes(data, size, out, sizeof(out));
	for (i = 0; out[i] != '\0'; i++)
		must(out[i] >= ' ' && out[i] <= '~');
	tls_words_host(text, out, sizeof(out));
	must(strlen(out) < sizeof(out));
	tls_words_is_address(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const loads[])(SSL_CTX *, const char *, struct why *) = {
		tls_files_ca, tls_files_crl, identity };
	size_t nloads = sizeof(loads) / sizeof(loads[0]);
	size_t nrows = sizeof(tls_option_rows) / sizeof(tls_option_rows[0]);
	size_t which;
	char *text;

	if (size < 1)
		return 0;
	which = data[0] % (nloads + nrows);
	file = data + 1;
	file_size = size - 1;
	text = fuzz_text(file, file_size);
	try_names(file, file_size, text);
	if (which < nloads)
		try_file(loads[which]);
	else
		try_option(&tls_option_rows[which - nloads], text);
	free(text);
	return 0;
}
