/*
 * Addresses to listen at, listen= and bind=, as anyone may type them: what is
 * taken has the parts that it needs, and an address comes out as text that is
 * taken again.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "fuzz.h"
#include "keeper/keeper.h"
#include "session/door_address.h"

static int
try_door(const char *text, void *arg, struct why *why)
{
	static const struct url zero;
	struct url url = { 0 };
	const struct transport *t = door_address_parse(&url, text, why);

	++*(size_t *)arg;
	if (t == NULL) {
		must(why->fault == FAULT_USAGE && why->text[0] != '\0');
		must(memcmp(&url, &zero, sizeof(url)) == 0);
		return -1;
	}
	must(t->accepts != NULL && strcmp(t->name, url.scheme) == 0);
	must(url.rest != NULL);
	url_clear(&url);
	return 0;
}

static void
spell(const struct keeper_address *a, char *out, size_t size)
{
	const struct sockaddr_in6 *in6 = (const void *)&a->address;
	const struct sockaddr_in *in = (const void *)&a->address;
	char host[INET6_ADDRSTRLEN];

	if (a->address.ss_family == AF_INET6) {
		must(a->length == sizeof(*in6));
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(out, size, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		must(a->address.ss_family == AF_INET);
		must(a->length == sizeof(*in));
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(out, size, "%s:%u", host, ntohs(in->sin_port));
	}
}

static void
try_address(const char *text)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct keeper_address a, b;
	char first[64], second[64];
	struct why why = { 0 };
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (keeper_address(text, families[i], &a, &why) == -1) {
			must(why.fault == FAULT_USAGE &&
			    why.text[0] != '\0');
			continue;
		}
		spell(&a, first, sizeof(first));
		must(keeper_address(first, families[i], &b, &why) == 0);
		spell(&b, second, sizeof(second));
		must(strcmp(first, second) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	size_t words = 0;
	struct why why = { 0 };

	if (door_address_each(text, try_door, &words, &why) == -1)
		must(words > 0);
	must(words <= strlen(text) / 2 + 1);
	try_address(text);
	free(text);
	return 0;
}
