#include <string.h>
#include <strings.h>

#include "framing/http_internal.h"

/* A part of a line. */
struct span {
	const uint8_t *text;
	size_t length;
};

bool
http_is_token(uint8_t c)
{
	/* !#$%&'*+-.0-9, A-Z^_, `a-z|~ */
	static const uint32_t set[4] = {
		0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff
	};

	return c < 128 && (set[c / 32] >> c % 32 & 1);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void
span_trim(struct span *s)
{
	while (s->length > 0 && is_space(s->text[0])) {
		s->text++;
		s->length--;
	}
	while (s->length > 0 && is_space(s->text[s->length - 1]))
		s->length--;
}

static bool
span_is(const struct span *s, const char *word)
{
	return s->length == strlen(word) &&
	    strncasecmp((const char *)s->text, word, s->length) == 0;
}

/*
 * The next item of a list with commas, which may be empty (RFC 9110 5.6.1).
 * False after the last.
 */
static bool
list_next(struct span *rest, struct span *item)
{
	const uint8_t *comma;

	if (rest->text == NULL)
		return false;
	*item = *rest;
	comma = memchr(rest->text, ',', rest->length);
	if (comma == NULL) {
		rest->text = NULL;
	} else {
		item->length = (size_t)(comma - rest->text);
		rest->text = comma + 1;
		rest->length -= item->length + 1;
	}
	span_trim(item);
	return true;
}

/* 1*DIGIT and nothing else. */
static int
length_parse(const struct span *s, uint64_t *length)
{
	uint64_t n = 0;
	unsigned digit;
	size_t i;

	for (i = 0; i < s->length; i++) {
		digit = s->text[i] - (unsigned)'0';
		if (digit > 9 || n > (HTTP_LENGTH_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*length = n;
	return i == 0 ? -1 : 0;
}

/* RFC 9110 8.6: the same number, several times, is one. */
static int
take_content_length(struct framer *f, const struct http_line *line,
    struct span value)
{
	struct http *h = http_state(f);
	struct span item;
	uint64_t length;

	if (h->bodiless)
		return 0;
	while (list_next(&value, &item)) {
		if (length_parse(&item, &length) == -1)
			return http_line_broken(f, line, item.text,
			    "Content-Length is not a decimal number up to "
			    "2^63-1");
		if (h->has_length && length != h->length)
			return http_line_broken(f, line, item.text,
			    "a second Content-Length that differs");
		h->has_length = true;
		h->length = length;
	}
	return 0;
}

static bool
is_coding(const struct span *s)
{
	size_t i;

	for (i = 0; i < s->length && http_is_token(s->text[i]); i++)
		;
	return i > 0 && i == s->length;
}

/*
 * RFC 9112 6.1.  Names alone: a parameter, an empty item or a stray byte is
 * read by some as chunked and by others not.
 */
static int
take_transfer_encoding(struct framer *f, const struct http_line *line,
    struct span value)
{
	struct http *h = http_state(f);
	struct span item;

	if (h->bodiless)
		return 0;
	while (list_next(&value, &item)) {
		if (!is_coding(&item))
			return http_line_broken(f, line, item.text,
			    "Transfer-Encoding is not a list of names; "
			    "\"chunked\" is one");
		if (h->chunked)
			return http_line_broken(f, line, item.text,
			    "a Transfer-Encoding after \"chunked\", which is "
			    "the last and stands once");
		h->coded = true;
		h->chunked = span_is(&item, "chunked");
	}
	return 0;
}

static int
take_connection(struct framer *f, const struct http_line *line,
    struct span value)
{
	struct http *h = http_state(f);
	struct span item;

	(void)line;
	while (list_next(&value, &item)) {
		h->close |= span_is(&item, "close");
		h->keep_alive |= span_is(&item, "keep-alive");
	}
	return 0;
}

static int
take_expect(struct framer *f, const struct http_line *line, struct span value)
{
	struct http *h = http_state(f);
	struct span item;

	(void)line;
	while (list_next(&value, &item))
		h->expects |= span_is(&item, "100-continue");
	return 0;
}

static const struct field_row {
	const char *name;
	size_t length;
	int (*take)(struct framer *f, const struct http_line *line,
	    struct span value);
} field_rows[] = {
#define FIELD(name, take)	{ name, sizeof(name) - 1, take }
	FIELD("Content-Length", take_content_length),
	FIELD("Transfer-Encoding", take_transfer_encoding),
	FIELD("Connection", take_connection),
	FIELD("Expect", take_expect),
#undef FIELD
};

static const struct field_row *
field_find(const struct span *name)
{
	const struct field_row *row = field_rows;
	const struct field_row *end = row +
	    sizeof(field_rows) / sizeof(field_rows[0]);

	for (; row < end; row++)
		if (row->length == name->length && span_is(name, row->name))
			return row;
	return NULL;
}

/* Why the name ends where no colon is. */
static int
name_broken(struct framer *f, const struct http_line *line, size_t n)
{
	const uint8_t *place = line->text + n;

	if (n == 0 && is_space(*place))
		return http_line_broken(f, line, place, "a field continued "
		    "on a second line (RFC 9112 5.2); write it on one");
	if (n == line->length)
		return http_line_broken(f, line, line->text,
		    "a field line without a colon; write \"Name: value\"");
	if (n == 0 && *place == ':')
		return http_line_broken(f, line, place,
		    "a field without a name");
	if (is_space(*place) && memchr(place, ':', line->length - n) != NULL)
		return http_line_broken(f, line, place,
		    "white space between a field's name and the colon");
	return http_line_broken(f, line, place,
	    "0x%02x in a field's name; write \"Name: value\"", *place);
}

/* RFC 9112 5: the name, and the value without the space around it. */
static int
field_split(struct framer *f, const struct http_line *line, struct span *name,
    struct span *value)
{
	size_t n = 0;

	while (n < line->length && http_is_token(line->text[n]))
		n++;
	if (n == 0 || n == line->length || line->text[n] != ':')
		return name_broken(f, line, n);
	name->text = line->text;
	name->length = n;
	value->text = line->text + n + 1;
	value->length = line->length - n - 1;
	return 0;
}

int
http_field_take(struct framer *f, const struct http_line *line)
{
	struct http *h = http_state(f);
	const struct field_row *row;
	struct span name, value;

	if (++h->fields > HTTP_FIELDS_MAX) {
		if (!h->reply)
			f->message.code = 431;
		return http_line_broken(f, line, line->text,
		    "more than %d fields", HTTP_FIELDS_MAX);
	}
	if (field_split(f, line, &name, &value) == -1)
		return -1;
	row = field_find(&name);
	return row == NULL ? 0 : row->take(f, line, value);
}

int
http_trailer_take(struct framer *f, const struct http_line *line)
{
	struct span name, value;

	return field_split(f, line, &name, &value);
}
