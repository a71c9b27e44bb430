/*
 * SOCKS: version 5 (RFC 1928) without or with a user and password (RFC 1929),
 * and 4a, in which names are resolved by the proxy as well.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "transport/prelude.h"

enum { SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY, SOCKS_LENGTH, SOCKS_BOUND };
enum { SOCKS_NO_AUTH = 0, SOCKS_PASSWORD = 2, SOCKS_NONE = 0xff };
enum { SOCKS_IPV4 = 1, SOCKS_NAME = 3, SOCKS_IPV6 = 4 };

/* RFC 1928 6, and what curl's users know by these words. */
static const char *const socks5_words[] = {
	[1] = "the proxy has failed in general",
	[2] = "forbidden by the proxy's rules",
	[3] = "network unreachable",
	[4] = "host unreachable, or its name unknown",
	[5] = "connection refused",
	[6] = "too far away: its TTL has expired",
	[7] = "the proxy does not connect for others",
	[8] = "the proxy does not know this type of address",
};

static const char *const socks4_words[] = {
	[90] = NULL,
	[91] = "refused or failed",
	[92] = "refused: the proxy finds no identd here",
	[93] = "refused: our identd names another user",
};

static enum prelude_next
socks_wait(struct prelude *p, unsigned step, size_t need)
{
	p->step = step;
	p->need = need;
	return PRELUDE_MORE;
}

static void
socks_say_byte(struct prelude *p, size_t byte)
{
	uint8_t b = (uint8_t)byte;

	prelude_say(p, &b, 1);
}

/* Its length in a byte, and the text: at most 255 (via.c has looked). */
static void
socks_say_string(struct prelude *p, const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;

	socks_say_byte(p, n);
	prelude_say(p, text != NULL ? text : "", n);
}

static enum prelude_next
socks_refused(struct prelude *p, const char *const *words, size_t n,
    unsigned code)
{
	char target[120];

	prelude_target(p, target, sizeof(target));
	if (code < n && words[code] != NULL)
		return prelude_fail(p, "%s: %s", target, words[code]);
	return prelude_fail(p, "%s: refused with the code %u, which means "
	    "nothing", target, code);
}

/* --- version 5 --- */

static enum prelude_next
socks5_begin(struct prelude *p)
{
	static const uint8_t one[] = { 5, 1, SOCKS_NO_AUTH };
	static const uint8_t both[] = { 5, 2, SOCKS_NO_AUTH, SOCKS_PASSWORD };

	if (p->user == NULL)
		prelude_say(p, one, sizeof(one));
	else
		prelude_say(p, both, sizeof(both));
	return socks_wait(p, SOCKS_METHOD, 2);
}

static enum prelude_next
socks5_login(struct prelude *p)
{
	socks_say_byte(p, 1);
	socks_say_string(p, p->user);
	socks_say_string(p, p->password);
	return socks_wait(p, SOCKS_LOGIN, 2);
}

static enum prelude_next
socks5_ask(struct prelude *p)
{
	static const uint8_t connect[] = { 5, 1, 0 };
	uint16_t port = htons(p->port);
	uint8_t address[16];

	prelude_say(p, connect, sizeof(connect));
	if (inet_pton(AF_INET, p->host, address) == 1) {
		socks_say_byte(p, SOCKS_IPV4);
		prelude_say(p, address, 4);
	} else if (inet_pton(AF_INET6, p->host, address) == 1) {
		socks_say_byte(p, SOCKS_IPV6);
		prelude_say(p, address, 16);
	} else {
		socks_say_byte(p, SOCKS_NAME);
		socks_say_string(p, p->host);
	}
	prelude_say(p, &port, sizeof(port));
	return socks_wait(p, SOCKS_REPLY, 4);
}

static enum prelude_next
socks5_method(struct prelude *p, uint8_t method)
{
	if (method == SOCKS_NO_AUTH)
		return socks5_ask(p);
	if (method == SOCKS_PASSWORD && p->user != NULL)
		return socks5_login(p);
	if (method == SOCKS_NONE && p->user == NULL)
		return prelude_fail(p, "it wants a user and a password "
		    "(via-auth=)");
	if (method == SOCKS_NONE)
		return prelude_fail(p, "it takes no user and password");
	return prelude_fail(p, "it wants a way to log in that was not offered "
	    "(%u)", method);
}

/* The address that the proxy uses: its length is all that matters. */
static enum prelude_next
socks5_bound(struct prelude *p, const uint8_t *reply)
{
	if (reply[1] != 0)
		return socks_refused(p, socks5_words,
		    sizeof(socks5_words) / sizeof(socks5_words[0]), reply[1]);
	switch (reply[3]) {
	case SOCKS_IPV4:
		return socks_wait(p, SOCKS_BOUND, 4 + 2);
	case SOCKS_IPV6:
		return socks_wait(p, SOCKS_BOUND, 16 + 2);
	case SOCKS_NAME:
		return socks_wait(p, SOCKS_LENGTH, 1);
	default:
		return prelude_said(p, reply, 4);
	}
}

static enum prelude_next
socks5_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	switch (p->step) {
	case SOCKS_METHOD:
		if (unit[0] != 5)
			return prelude_fail(p, "this is no SOCKS5 proxy: it "
			    "began with 0x%02x%02x", unit[0], unit[1]);
		return socks5_method(p, unit[1]);
	case SOCKS_LOGIN:
		if (unit[1] != 0)
			return prelude_fail(p, "it does not accept the user "
			    "and password");
		return socks5_ask(p);
	case SOCKS_REPLY:
		if (unit[0] != 5)
			return prelude_said(p, unit, n);
		return socks5_bound(p, unit);
	case SOCKS_LENGTH:
		return socks_wait(p, SOCKS_BOUND, unit[0] + (size_t)2);
	default:
		return PRELUDE_DONE;
	}
}

/* --- version 4a --- */

/* An address that cannot be, 0.0.0.1, says that a name follows. */
static enum prelude_next
socks4_begin(struct prelude *p)
{
	static const uint8_t connect[] = { 4, 1 };
	static const uint8_t name[] = { 0, 0, 0, 1 };
	const char *user = p->user != NULL ? p->user : "";
	uint16_t port = htons(p->port);
	uint8_t address[4];
	bool is_address = inet_pton(AF_INET, p->host, address) == 1;

	prelude_say(p, connect, sizeof(connect));
	prelude_say(p, &port, sizeof(port));
	prelude_say(p, is_address ? address : name, 4);
	prelude_say(p, user, strlen(user) + 1);
	if (!is_address)
		prelude_say(p, p->host, strlen(p->host) + 1);
	return socks_wait(p, SOCKS_REPLY, 8);
}

static enum prelude_next
socks4_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	if (unit[0] != 0)
		return prelude_said(p, unit, n);
	if (unit[1] != 90)
		return socks_refused(p, socks4_words,
		    sizeof(socks4_words) / sizeof(socks4_words[0]), unit[1]);
	return PRELUDE_DONE;
}

const struct prelude_kind prelude_socks5 = {
	.name = "socks5",
	.usage = "socks5://[USER@]HOST:PORT",
	.text = "SOCKS5 (RFC 1928), without or with a user and a password "
		"(RFC 1929).",
	.begin = socks5_begin,
	.answer = socks5_answer,
};

const struct prelude_kind prelude_socks5h = {
	.name = "socks5h",
	.usage = "socks5h://[USER@]HOST:PORT",
	.text = "The same: it is always the proxy that resolves the name, "
		"which is what other programs mean by the h.",
	.begin = socks5_begin,
	.answer = socks5_answer,
};

const struct prelude_kind prelude_socks4a = {
	.name = "socks4a",
	.usage = "socks4a://[USER@]HOST:PORT",
	.text = "SOCKS4a, which knows no password.",
	.begin = socks4_begin,
	.answer = socks4_answer,
};
