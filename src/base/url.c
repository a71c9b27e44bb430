#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "base/words.h"
#include "base/xalloc.h"

#define DIGITS	"0123456789"
#define LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SHOWN	56	/* room for what an error quotes */

/* Fail with a sentence about one quoted word: "WORD" and what is wrong. */
static const char *
url_refuse(struct why *why, const char *word, const char *flaw)
{
	char shown[SHOWN];

	why_fail(why, FAULT_USAGE, "\"%s\"%s",
	    words_vis(word, shown, sizeof(shown)), flaw);
	return NULL;
}

static int
text_check(const char *text, struct why *why)
{
	const char *p;

	if (*text == '\0')
		return why_fail(why, FAULT_USAGE,
		    "an endpoint is empty; give one like tcp://HOST:PORT");
	for (p = text; *p != '\0'; p++) {
		if (!iscntrl((unsigned char)*p))
			continue;
		url_refuse(why, text, " has a control character in it");
		return -1;
	}
	return 0;
}

/* What was meant, most likely, by an endpoint without a scheme. */
static int
scheme_fail(const char *text, struct why *why)
{
	char shown[SHOWN];

	words_vis(text, shown, sizeof(shown));
	if (strchr("/.@", text[0]) != NULL && strncmp(text, "//", 2) != 0)
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" has no scheme (unix:%s)", shown, shown);
	if (strstr(text, "//") != NULL)
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" has no scheme (like tcp:// or unix:)", shown);
	return why_fail(why, FAULT_USAGE,
	    "\"%s\" has no scheme (tcp://%s, tls://%s ...)", shown, shown,
	    shown);
}

/* `localhost:443` would be a scheme, too, by the letter of RFC 3986. */
static bool
is_port(const char *text)
{
	size_t n = strspn(text, DIGITS);

	return n > 0 && (text[n] == '\0' || text[n] == '/');
}

/*
 * Take "scheme:", return what follows.  The dot of RFC 3986 3.1 is left out:
 * `example.org:443` is a host that lacks its scheme.
 */
static const char *
scheme_take(struct url *u, const char *text, struct why *why)
{
	size_t n = strspn(text, LETTERS DIGITS "+-");
	char *p;

	if (text[n] != ':' || !isalpha((unsigned char)text[0]) ||
	    is_port(text + n + 1)) {
		scheme_fail(text, why);
		return NULL;
	}
	u->scheme = xasprintf("%.*s", (int)n, text);
	for (p = u->scheme; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return text + n + 1;
}

/* Without its zone (RFC 4007 11), which inet_pton(3) does not know. */
static bool
is_ipv6(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char binary[16];
	size_t n = strcspn(text, "%");

	if (n >= sizeof(address) || strcmp(text + n, "%") == 0)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	return inet_pton(AF_INET6, address, binary) == 1;
}

/* [ADDRESS] at the start of `place`; returns what follows the bracket. */
static const char *
brackets_take(struct url *u, const char *place, struct why *why)
{
	const char *end = strchr(place, ']');

	if (end == NULL)
		return url_refuse(why, place, ": the [ is never closed");
	u->host = xasprintf("%.*s", (int)(end - place - 1), place + 1);
	if (!is_ipv6(u->host))
		return url_refuse(why, u->host,
		    " is not an IPv6 address; only those stand in brackets");
	if (end[1] != '\0' && end[1] != ':')
		return url_refuse(why, place,
		    ": after ] comes a : and the port, or nothing");
	return end + 1;
}

/* unix:///run/x is how some other programs spell unix:/run/x. */
static const char *
host_missing(const struct url *u, struct why *why)
{
	const char *rest = u->text + strlen(u->scheme) + strlen("://");
	char shown[SHOWN], path[SHOWN];

	if (*rest != '/')
		return url_refuse(why, u->text, " has no host");
	why_fail(why, FAULT_USAGE,
	    "\"%s\" has no host; without one it is %s:%s",
	    words_vis(u->text, shown, sizeof(shown)), u->scheme,
	    words_vis(rest, path, sizeof(path)));
	return NULL;
}

/* tcp-listen://:8080 waits at every address: its host may be empty. */
static bool
is_waiting(const struct url *u)
{
	size_t n = strlen(u->scheme), tail = strlen("-listen");

	return n > tail && strcmp(u->scheme + n - tail, "-listen") == 0;
}

/* A name or an IPv4 address at the start of `place`; what follows. */
static const char *
name_take(struct url *u, const char *place, struct why *why)
{
	size_t n = strcspn(place, ":");

	if (strpbrk(place, "[]") != NULL)
		return url_refuse(why, place,
		    ": a [ or ] stands where no IPv6 address is");
	if (place[n] == ':' && strchr(place + n + 1, ':') != NULL)
		return url_refuse(why, place, " has more than one colon; "
		    "an IPv6 address stands in brackets: [::1]:443");
	if (n == 0 && !(place[0] == ':' && is_waiting(u)))
		return host_missing(u, why);
	u->host = xasprintf("%.*s", (int)n, place);
	return place + n;
}

/*
 * A number, or what could be a service name: services(5) has names that
 * begin with a digit (3com-tsmux) or have a _ in them, but none, says RFC 6335
 * 5.1, is without a letter.
 */
static int
port_check(const struct url *u, struct why *why)
{
	const char *port = u->port, *flaw = NULL;

	/* That of a virtual machine is longer: its transport looks at it. */
	if (strncmp(u->scheme, "vsock", 5) == 0)
		return 0;
	if (port[strspn(port, DIGITS)] == '\0') {
		strtonum(port, 0, 65535, &flaw);
	} else if (!isalnum((unsigned char)port[0]) ||
	    strpbrk(port, LETTERS) == NULL ||
	    port[strspn(port, LETTERS DIGITS "-_.+")] != '\0') {
		flaw = "neither";
	}
	if (flaw == NULL)
		return 0;
	url_refuse(why, port,
	    " is neither a port from 0 to 65535 nor the name of a service");
	return -1;
}

static int
host_check(const char *host, struct why *why)
{
	char shown[SHOWN];

	if (strlen(host) <= URL_HOST_MAX)
		return 0;
	return why_fail(why, FAULT_USAGE,
	    "\"%s\"... is no host: one has at most %d characters",
	    words_vis(host, shown, sizeof(shown)), URL_HOST_MAX);
}

/* Take HOST[:PORT] from `place`, which is nothing else. */
static int
place_take(struct url *u, const char *place, struct why *why)
{
	const char *p;

	/* Repeating it would give a password away. */
	if (strchr(place, '@') != NULL)
		return why_fail(why, FAULT_USAGE, "an endpoint has no user and "
		    "no password: leave out what stands before the @");
	if (strchr(place, ' ') != NULL) {
		url_refuse(why, place,
		    " is no host: a space is not part of a name");
		return -1;
	}
	p = place[0] == '[' ? brackets_take(u, place, why) :
	    name_take(u, place, why);
	if (p == NULL || host_check(u->host, why) == -1)
		return -1;
	if (*p == '\0')
		return 0;
	u->port = xstrdup(p + 1);
	return port_check(u, why);
}

/* Take //HOST[:PORT], return what follows (RFC 3986 3.2). */
static const char *
authority_take(struct url *u, const char *text, struct why *why)
{
	size_t n = strcspn(text, "/?#");
	char *place = xasprintf("%.*s", (int)n, text);
	int result = place_take(u, place, why);

	free(place);
	return result == -1 ? NULL : text + n;
}

/* The parts, each in memory of its own. */
static int
url_split(struct url *u, const char *text, struct why *why)
{
	const char *p;

	u->text = xstrdup(text);
	p = scheme_take(u, text, why);
	if (p != NULL && strncmp(p, "//", 2) == 0)
		p = authority_take(u, p + 2, why);
	if (p == NULL)
		return -1;
	u->rest = xstrdup(p);
	return 0;
}

static void
url_free_parts(struct url *u)
{
	free(u->text);
	free(u->scheme);
	free(u->host);
	free(u->port);
	free(u->rest);
}

int
url_parse(struct url *u, const char *text, struct why *why)
{
	struct url parts = { 0 };
	int split;

	if (text_check(text, why) == -1)
		return -1;
	split = url_split(&parts, text, why);
	if (split == 0)
		url_copy(u, &parts);
	url_free_parts(&parts);
	return split;
}

static size_t
part_size(const char *part)
{
	return part == NULL ? 0 : strlen(part) + 1;
}

/* Put a copy of `part` at *at, and move on. */
static char *
part_pack(char **at, const char *part)
{
	char *copy = *at;

	if (part == NULL)
		return NULL;
	memcpy(copy, part, part_size(part));
	*at += part_size(part);
	return copy;
}

/* All in one allocation, which is `text`: there are thousands of these. */
void
url_copy(struct url *dst, const struct url *src)
{
	char *at = xcalloc(1, part_size(src->text) + part_size(src->scheme) +
	    part_size(src->host) + part_size(src->port) +
	    part_size(src->rest));

	dst->text = part_pack(&at, src->text);
	dst->scheme = part_pack(&at, src->scheme);
	dst->host = part_pack(&at, src->host);
	dst->port = part_pack(&at, src->port);
	dst->rest = part_pack(&at, src->rest);
}

void
url_become(struct url *u, const char *scheme, const char *port)
{
	struct url old = *u;
	struct url parts = { .text = old.text,
		.scheme = (char *)(uintptr_t)scheme,
		.host = old.host,
		.port = old.port != NULL ? old.port :
		    (char *)(uintptr_t)port,
		.rest = (char *)(uintptr_t)"" };

	url_copy(u, &parts);
	free(old.text);
}

void
url_clear(struct url *u)
{
	free(u->text);
	memset(u, 0, sizeof(*u));
}
