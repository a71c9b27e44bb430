/*
 * HTTP CONNECT (RFC 9110 9.3.6), with Basic authentication (RFC 7617).  The
 * head of a 2xx answer ends the prelude, whatever its fields say: all behind
 * it is the tunnel's.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "transport/prelude.h"

enum { HTTP_STATUS, HTTP_FIELDS };

/* "USER:PASSWORD" in base64 (RFC 4648 4), a group of three at a time. */
static void
http_say_base64(struct prelude *p, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t left = strlen(text), take;
	uint8_t in[3];
	char out[5];

	for (; left > 0; left -= take, text += take) {
		take = left < 3 ? left : 3;
		memset(in, 0, sizeof(in));
		memcpy(in, text, take);
		out[0] = digits[in[0] >> 2];
		out[1] = digits[(in[0] & 3) << 4 | in[1] >> 4];
		out[2] = take > 1 ? digits[(in[1] & 15) << 2 | in[2] >> 6] :
		    '=';
		out[3] = take > 2 ? digits[in[2] & 63] : '=';
		out[4] = '\0';
		prelude_say_text(p, out);
	}
}

static void
http_say_login(struct prelude *p)
{
	char login[520];

	if (p->user == NULL)
		return;
	snprintf(login, sizeof(login), "%s:%s", p->user,
	    p->password != NULL ? p->password : "");
	prelude_say_text(p, "Proxy-Authorization: Basic ");
	http_say_base64(p, login);
	prelude_say_text(p, "\r\n");
	explicit_bzero(login, sizeof(login));
}

static enum prelude_next
http_begin(struct prelude *p)
{
	char target[300];

	prelude_target(p, target, sizeof(target));
	prelude_say_text(p, "CONNECT ");
	prelude_say_text(p, target);
	prelude_say_text(p, " HTTP/1.1\r\nHost: ");
	prelude_say_text(p, target);
	prelude_say_text(p, "\r\n");
	http_say_login(p);
	prelude_say_text(p, "\r\n");
	p->until = '\n';
	return PRELUDE_MORE;
}

/* The status of "HTTP/1.1 200 OK"; 0 where it is no such line. */
static unsigned
http_status(const char *line)
{
	unsigned code = 0;
	int i;

	if (strncmp(line, "HTTP/1.", 7) != 0 ||
	    !isdigit((unsigned char)line[7]) || line[8] != ' ')
		return 0;
	for (i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)line[i]))
			return 0;
		code = code * 10 + (unsigned)(line[i] - '0');
	}
	if (strchr(" \r\n", line[12]) == NULL || code < 100)
		return 0;
	return code;
}

static enum prelude_next
http_refused(struct prelude *p, const uint8_t *line, size_t n)
{
	if (p->code != 407)
		return prelude_said(p, line, n);
	if (p->user == NULL)
		return prelude_fail(p, "it wants a user and a password "
		    "(via-auth=)");
	return prelude_fail(p, "it does not accept the user and password");
}

/* Interim answers (1xx) have a head of their own and are no answer. */
static enum prelude_next
http_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	while (n > 0 && (unit[n - 1] == '\n' || unit[n - 1] == '\r'))
		n--;
	if (p->step == HTTP_STATUS) {
		p->code = http_status((const char *)unit);
		if (p->code == 0)
			return prelude_said(p, unit, n);
		if (p->code >= 300 || p->code == 101)
			return http_refused(p, unit, n);
		p->step = HTTP_FIELDS;
	} else if (n == 0) {
		if (p->code >= 200)
			return PRELUDE_DONE;
		p->step = HTTP_STATUS;
	}
	return PRELUDE_MORE;
}

const struct prelude_kind prelude_http = {
	.name = "http",
	.usage = "http://[USER@]HOST:PORT",
	.text = "HTTP's CONNECT (RFC 9110), with Basic authentication (RFC "
		"7617); for all endpoints, http:// too.",
	.begin = http_begin,
	.answer = http_answer,
};
