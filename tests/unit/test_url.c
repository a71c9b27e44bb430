#include <stdlib.h>

#include "base/url.h"
#include "base/xalloc.h"
#include "tap.h"

static const char *
shown(const char *s)
{
	return s == NULL ? "-" : s;
}

/* scheme, host, port and rest, | between them; or the error; caller frees. */
static char *
parse(const char *text)
{
	struct url u = { 0 };
	struct why why = { FAULT_NONE, "" };
	static const struct url zero;
	char *got;

	if (url_parse(&u, text, &why) == -1)
		return xasprintf("%s%s%s",
		    why.fault == FAULT_USAGE ? "" : "WRONG FAULT ",
		    memcmp(&u, &zero, sizeof(u)) == 0 ? "" : "NOT ZEROED ",
		    why.text);
	got = xasprintf("%s%s|%s|%s|%s",
	    strcmp(u.text, text) == 0 ? "" : "OTHER TEXT ",
	    shown(u.scheme), shown(u.host), shown(u.port), shown(u.rest));
	url_clear(&u);
	if (memcmp(&u, &zero, sizeof(u)) != 0)
		got[0] = '?';
	return got;
}

static const struct {
	const char *text, *want;
} rows[] = {
	/* with a host */
	{ "tls://example.org:443", "tls|example.org|443|" },
	{ "TLS://Example.org:443", "tls|Example.org|443|" },
	{ "https://h", "https|h|-|" },
	{ "https://h/", "https|h|-|/" },
	{ "tcp-listen://:80", "tcp-listen||80|" },
	{ "tcp-listen://[::1]:0", "tcp-listen|::1|0|" },
	{ "http://h:80/a/b?c#d", "http|h|80|/a/b?c#d" },
	{ "http://h?q=a:b", "http|h|-|?q=a:b" },
	{ "http://h/a@b:c [d]", "http|h|-|/a@b:c [d]" },
	{ "tcp://127.0.0.1:7", "tcp|127.0.0.1|7|" },
	{ "tcp://h_1:x11", "tcp|h_1|x11|" },
	{ "tcp-listen://*:0", "tcp-listen|*|0|" },
	{ "tcp://b\303\274cher.example:1", "tcp|b\303\274cher.example|1|" },
	/* IPv6 */
	{ "tcp://[::1]:80", "tcp|::1|80|" },
	{ "tcp://[::1]", "tcp|::1|-|" },
	{ "tcp://[::]/x", "tcp|::|-|/x" },
	{ "tcp://[fe80::1%eth0]:22", "tcp|fe80::1%eth0|22|" },
	{ "tcp://[fe80::1%2]:22", "tcp|fe80::1%2|22|" },
	{ "tcp://[::ffff:192.0.2.1]:22", "tcp|::ffff:192.0.2.1|22|" },
	{ "tcp://[fe80::1%]:22",
	    "\"fe80::1%\" is not an IPv6 address; only those stand in "
	    "brackets" },
	{ "tcp://[example.org]:22",
	    "\"example.org\" is not an IPv6 address; only those stand in "
	    "brackets" },
	{ "tcp://[0000:0000:0000:0000:0000:ffff:255.255.255.2550]",
	    "\"0000:0000:0000:0000:0000:ffff:255.255.255.2550\" is not an "
	    "IPv6 address; only those stand in brackets" },
	{ "tcp://[]:22",
	    "\"\" is not an IPv6 address; only those stand in brackets" },
	{ "tcp://[::1:22", "\"[::1:22\": the [ is never closed" },
	{ "tcp://[::1/]:22", "\"[::1\": the [ is never closed" },
	{ "tcp://::1]:22",
	    "\"::1]:22\": a [ or ] stands where no IPv6 address is" },
	{ "tcp://h[1]:22",
	    "\"h[1]:22\": a [ or ] stands where no IPv6 address is" },
	{ "tcp://[::1]22",
	    "\"[::1]22\": after ] comes a : and the port, or nothing" },
	{ "tcp://[::1]]:22",
	    "\"[::1]]:22\": after ] comes a : and the port, or nothing" },
	{ "tcp://[::1]:22:23",
	    "\"22:23\" is neither a port from 0 to 65535 nor the name of a "
	    "service" },
	{ "tcp://::1:80", "\"::1:80\" has more than one colon; an IPv6 "
	    "address stands in brackets: [::1]:443" },
	{ "tcp://fe80::1", "\"fe80::1\" has more than one colon; an IPv6 "
	    "address stands in brackets: [::1]:443" },
	/* ports */
	{ "tcp://h:0", "tcp|h|0|" },
	{ "tcp://h:65535", "tcp|h|65535|" },
	{ "tcp://h:65536", "\"65536\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:18446744073709551617", "\"18446744073709551617\" is "
	    "neither a port from 0 to 65535 nor the name of a service" },
	{ "tcp://h:-1", "\"-1\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:+1", "\"+1\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:0x50", "tcp|h|0x50|" },
	{ "tcp://h:1.5", "\"1.5\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:", "\"\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:/x", "\"\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:https", "tcp|h|https|" },
	{ "tcp://h:3com-tsmux", "tcp|h|3com-tsmux|" },
	{ "tcp://h:-x", "\"-x\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	{ "tcp://h:a$b", "\"a$b\" is neither a port from 0 to 65535 nor "
	    "the name of a service" },
	/* hosts that are none */
	{ "tcp://", "\"tcp://\" has no host" },
	{ "tcp://:80", "\"tcp://:80\" has no host" },
	{ "unix:///run/x", "\"unix:///run/x\" has no host; without one it is "
	    "unix:/run/x" },
	{ "tcp://a b:80",
	    "\"a b:80\" is no host: a space is not part of a name" },
	{ "tcp://u:p@h:80",
	    "an endpoint has no user and no password: leave out what stands "
	    "before the @" },
	/* without a host */
	{ "unix:/run/x", "unix|-|-|/run/x" },
	{ "unix:@name", "unix|-|-|@name" },
	{ "exec:bc -l", "exec|-|-|bc -l" },
	{ "exec:", "exec|-|-|" },
	{ "exec:a://b", "exec|-|-|a://b" },
	{ "tty:/dev/ttyS0", "tty|-|-|/dev/ttyS0" },
	{ "unix:7days", "unix|-|-|7days" },
	{ "x+y-1:z", "x+y-1|-|-|z" },
	/* without a scheme */
	{ "", "an endpoint is empty; give one like tcp://HOST:PORT" },
	{ "example.org:443", "\"example.org:443\" has no scheme "
	    "(tcp://example.org:443, tls://example.org:443 ...)" },
	{ "localhost:80", "\"localhost:80\" has no scheme "
	    "(tcp://localhost:80, tls://localhost:80 ...)" },
	{ "localhost:80/x", "\"localhost:80/x\" has no scheme "
	    "(tcp://localhost:80/x, tls://localhost:80/x ...)" },
	{ "host", "\"host\" has no scheme (tcp://host, tls://host ...)" },
	{ "[::1]:80",
	    "\"[::1]:80\" has no scheme (tcp://[::1]:80, tls://[::1]:80 ...)" },
	{ "/run/x", "\"/run/x\" has no scheme (unix:/run/x)" },
	{ "./x", "\"./x\" has no scheme (unix:./x)" },
	{ "1a://h:1", "\"1a://h:1\" has no scheme (like tcp:// or unix:)" },
	{ "://h:1", "\"://h:1\" has no scheme (like tcp:// or unix:)" },
	{ "tcp//h:1", "\"tcp//h:1\" has no scheme (like tcp:// or unix:)" },
	{ " tcp://h:1", "\" tcp://h:1\" has no scheme "
	    "(like tcp:// or unix:)" },
	/* control characters */
	{ "tcp://h\n:1", "\"tcp://h\\n:1\" has a control character in it" },
	{ "exec:a\tb", "\"exec:a\\tb\" has a control character in it" },
	{ "tcp://h:1/\177", "\"tcp://h:1/\\^?\" has a control character in "
	    "it" },
};

static void
test_long(void)
{
	struct url u = { 0 };
	struct why why = { FAULT_NONE, "" };
	size_t n = 100000;
	char *text = xcalloc(n + 1, 1);

	memset(text, 'x', n);
	is_int(url_parse(&u, text, &why), -1, "a very long word: no scheme");
	ok(strlen(why.text) < sizeof(why.text) - 1 &&
	    strchr(why.text, '\0')[-1] == ')', "the sentence stays whole");
	memcpy(text, "tcp://", 6);
	is_int(url_parse(&u, text, &why), -1, "a very long host: no");
	ok(strstr(why.text, "at most 255 characters") != NULL,
	    "and the limit is named");
	text[6 + URL_HOST_MAX] = '/';
	is_int(url_parse(&u, text, &why), 0, "the longest host parses");
	is_int(strlen(u.host), URL_HOST_MAX, "whole");
	is_int(strlen(u.rest), n - 6 - URL_HOST_MAX, "what follows, too");
	url_clear(&u);
	text[6 + URL_HOST_MAX] = 'x';
	memcpy(text, "tcp://[", 7);
	text[n - 1] = ']';
	is_int(url_parse(&u, text, &why), -1, "a very long IPv6 address: no");
	is_int(url_parse(&u, "tcp://", NULL), -1, "nobody has to ask why");
	url_clear(&u);
	free(text);
}

int
main(void)
{
	size_t i;
	char *got, name[100];

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = parse(rows[i].text);
		snprintf(name, sizeof(name), "row %zu: %.40s", i,
		    strpbrk(rows[i].text, "\n#\t") ? "(odd)" : rows[i].text);
		is(got, rows[i].want, name);
		free(got);
	}
	test_long();
	return tap_done();
}
