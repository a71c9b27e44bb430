/*
 * What OpenSSL makes of the option `ciphers`.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "transport/tls_internal.h"

/* SSL_CTX_set_ciphersuites(3) passes over names that it does not know. */
static bool
ciphers_suite_known(SSL_CTX *ctx, const char *name)
{
	STACK_OF(SSL_CIPHER) *list;
	int i;

	if (!SSL_CTX_set_ciphersuites(ctx, name))
		return false;
	list = SSL_CTX_get_ciphers(ctx);
	for (i = 0; i < sk_SSL_CIPHER_num(list); i++) {
		if (strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(list, i)),
		    name) == 0)
			return true;
	}
	return false;
}

int
tls_options_ciphers(SSL_CTX *ctx, const char *text, struct why *why)
{
	char *copy = xstrdup(text), *rest = copy, *name;
	char *suites = xcalloc(1, strlen(text) + 2);
	char *list = xcalloc(1, strlen(text) + 2);
	int wrong = 0;

	while (wrong == 0 && (name = strsep(&rest, ":, ")) != NULL) {
		if (strncmp(name, "TLS_", 4) == 0 &&
		    !ciphers_suite_known(ctx, name))
			wrong = why_fail(why, FAULT_USAGE,
			    "%.60s is not a cipher suite of TLS 1.3", name);
		strcat(strcat(strncmp(name, "TLS_", 4) == 0 ? suites : list,
		    name), ":");
	}
	/* Each ends in a colon, which only set_ciphersuites minds. */
	suites[strlen(suites) - (suites[0] != '\0')] = '\0';
	if (wrong == 0 && ((suites[0] != '\0' &&
	    !SSL_CTX_set_ciphersuites(ctx, suites)) ||
	    (list[0] != '\0' && !SSL_CTX_set_cipher_list(ctx, list))))
		wrong = why_fail(why, FAULT_USAGE,
		    "OpenSSL knows no such ciphers (see openssl ciphers -v)");
	free(copy);
	free(suites);
	free(list);
	return wrong;
}

int
tls_check_ciphers(const char *value, struct why *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int wrong;

	if (ctx == NULL)
		return why_fail(why, FAULT_REFUSED, "out of memory");
	wrong = tls_options_ciphers(ctx, value, why);
	SSL_CTX_free(ctx);
	return wrong;
}
