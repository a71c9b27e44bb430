/*
 * Request lines and status lines, RFC 9112 3 and 4.
 */
#include <string.h>

#include "framing/http_internal.h"

static const struct method_row {
	const char *name;
	unsigned flags;
} method_rows[] = {
	{ "GET", MESSAGE_SAFE | MESSAGE_IDEMPOTENT },
	{ "HEAD", MESSAGE_SAFE | MESSAGE_IDEMPOTENT | MESSAGE_HEAD },
	{ "OPTIONS", MESSAGE_SAFE | MESSAGE_IDEMPOTENT },
	{ "TRACE", MESSAGE_SAFE | MESSAGE_IDEMPOTENT },
	{ "PUT", MESSAGE_IDEMPOTENT },
	{ "DELETE", MESSAGE_IDEMPOTENT },
	{ "CONNECT", MESSAGE_CONNECT },
};

static unsigned
method_flags(const uint8_t *method, size_t length)
{
	const struct method_row *row = method_rows;
	const struct method_row *end = row +
	    sizeof(method_rows) / sizeof(method_rows[0]);

	for (; row < end; row++)
		if (strlen(row->name) == length &&
		    memcmp(row->name, method, length) == 0)
			return row->flags;
	return 0;
}

/* "HTTP/1.1" or a younger 1.x at this place, with `length` bytes to it. */
static int
version_take(struct framer *f, const struct http_line *line,
    const uint8_t *place, size_t length)
{
	static const char name[] = "HTTP/";
	size_t n = sizeof(name) - 1;

	if (length <= n || memcmp(place, name, n) != 0)
		return http_line_broken(f, line, place,
		    "no HTTP version; a request is \"GET / HTTP/1.1\"");
	if (place[n] != '1' && place[n] >= '0' && place[n] <= '9')
		return http_line_broken(f, line, place, "HTTP/%c is not "
		    "spoken, HTTP/1.1 and HTTP/1.0 are (curl --http1.1)",
		    place[n]);
	if (length != n + 3 || place[n] != '1' || place[n + 1] != '.' ||
	    place[n + 2] < '0' || place[n + 2] > '9')
		return http_line_broken(f, line, place,
		    "no HTTP version; \"HTTP/1.1\" is one");
	http_state(f)->old = place[n + 2] == '0';
	return 0;
}

static int
method_take(struct framer *f, const struct http_line *line, size_t length)
{
	size_t i;

	for (i = 0; i < length && http_is_token(line->text[i]); i++)
		;
	if (i == 0 || i < length)
		return http_line_broken(f, line, line->text + i,
		    "0x%02x in a method; a request is \"GET / HTTP/1.1\"",
		    line->text[i]);
	f->message.flags |= method_flags(line->text, length);
	return 0;
}

/* From a byte to another: it has no space and no control character. */
static int
target_check(struct framer *f, const struct http_line *line,
    const uint8_t *place, const uint8_t *end)
{
	const uint8_t *c = place;

	while (c < end && *c > ' ' && *c != 0x7f)
		c++;
	if (c < end)
		return http_line_broken(f, line, c,
		    "0x%02x in a request's target; write it as %%%02X", *c, *c);
	if (place == end)
		return http_line_broken(f, line, place,
		    "no target after the method; a request is "
		    "\"GET / HTTP/1.1\", with single spaces");
	return 0;
}

static const uint8_t *
last_space(const struct http_line *line)
{
	size_t n = line->length;

	while (n > 0 && line->text[n - 1] != ' ')
		n--;
	return n == 0 ? NULL : line->text + n - 1;
}

/* RFC 9112 3. */
static int
request_line_take(struct framer *f, const struct http_line *line)
{
	const uint8_t *first = memchr(line->text, ' ', line->length);
	const uint8_t *last = last_space(line);

	if (method_take(f, line, first == NULL ? line->length :
	    (size_t)(first - line->text)) == -1)
		return -1;
	if (first == last)
		return http_line_broken(f, line, line->text + line->length,
		    "no HTTP version, and HTTP/0.9 is not spoken; a request "
		    "is \"GET / HTTP/1.1\"");
	last++;
	if (version_take(f, line, last, (size_t)(line->text + line->length -
	    last)) == -1)
		return -1;
	return target_check(f, line, first + 1, last - 1);
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9112 6.3, rules 1 and 2: what the fields say does not matter. */
static void
status_enter(struct framer *f, int code)
{
	struct http *h = http_state(f);

	h->tunnel = code == 101 ||
	    ((f->before.flags & MESSAGE_CONNECT) && code / 100 == 2);
	h->bodiless = h->tunnel || code / 100 == 1 || code == 204 ||
	    code == 304 || (f->before.flags & MESSAGE_HEAD);
	h->interim = code / 100 == 1 && code != 101;
	if (!h->interim)
		f->message.code = code;
}

/* RFC 9112 4; the space after the code is often left out. */
static int
status_line_take(struct framer *f, const struct http_line *line)
{
	const uint8_t *s = line->text;
	size_t i;

	if (version_take(f, line, s, line->length < 8 ? line->length : 8) == -1)
		return -1;
	for (i = 9; i < 12 && i < line->length && is_digit(s[i]); i++)
		;
	if (i < 12 || s[8] != ' ' || s[9] == '0' ||
	    (line->length > 12 && s[12] != ' '))
		return http_line_broken(f, line, s + 8,
		    "no status code; a reply is \"HTTP/1.1 200 OK\"");
	status_enter(f, (s[9] - '0') * 100 + (s[10] - '0') * 10 + s[11] - '0');
	return 0;
}

/* ---- what is not HTTP is known by its first bytes, without a whole line */

static const char version[] = "HTTP/1.";

static const char *
opening_fault(const struct http *h, uint8_t c, size_t i)
{
	if (i == 0 && (c == 0x15 || c == 0x16))
		return "TLS where HTTP is expected";
	if (!h->reply)
		return "no request; \"GET / HTTP/1.1\" is one";
	if (i == 5 && is_digit(c))
		return "another HTTP than HTTP/1.1 and HTTP/1.0";
	return "not HTTP; a reply is \"HTTP/1.1 200 OK\"";
}

/* Byte i of a start line: may it be this one? */
static bool
opening_allows(const struct http *h, uint8_t c, size_t i)
{
	return h->reply ? c == (uint8_t)version[i] : http_is_token(c);
}

/*
 * Look at those of the first bytes of a start line that are in this piece;
 * an empty line is none.
 */
static int
opening_check(struct framer *f, struct http_piece *piece)
{
	const struct http *h = http_state(f);
	const uint8_t *data = piece->data + piece->used;
	size_t kept = buf_length(&f->kept), n = piece->size - piece->used;
	size_t end = h->reply ? sizeof(version) - 1 : 1, i;
	uint8_t first = kept == 0 ? *data : *buf_peek(&f->kept);

	if (first == '\r' || first == '\n')
		return 0;
	for (i = kept; i < end && i - kept < n; i++) {
		if (opening_allows(h, data[i - kept], i))
			continue;
		piece->used += i - kept + 1;
		return http_broken(f, f->length + piece->used - 1, "%s",
		    opening_fault(h, data[i - kept], i));
	}
	return 0;
}

void
http_take_start(struct framer *f, struct http_piece *piece)
{
	struct http *h = http_state(f);
	struct http_line line;

	if (opening_check(f, piece) == -1 ||
	    !http_line_take(f, piece, HTTP_HEAD_MAX, &line) ||
	    line.length == 0)
		return;
	h->part = HTTP_FIELDS;
	if (h->reply)
		status_line_take(f, &line);
	else
		request_line_take(f, &line);
}
