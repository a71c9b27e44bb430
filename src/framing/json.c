/*
 * One JSON value a message, RFC 8259.  An object, an array or a string ends
 * with its last byte; a number, true, false and null with the white space
 * after them, which belongs to them, or where the link is closed.
 */
#include <string.h>

#include "framing/framing.h"

#define JSON_DEPTH	512

/* What may come next. */
enum json_place {
	JSON_VALUE,             /* a value */
	JSON_FIRST_VALUE,       /* a value or ] */
	JSON_KEY,               /* a name */
	JSON_FIRST_KEY,         /* a name or } */
	JSON_COLON,
	JSON_AFTER,             /* a comma, ] or } */
	JSON_STRING,
	JSON_ESCAPE,            /* what follows a backslash */
	JSON_HEX,               /* four digits after \u */
	JSON_LITERAL,           /* the rest of true, false or null */
	JSON_MINUS,             /* after "-": a digit */
	JSON_ZERO,              /* after "0": no digit */
	JSON_DIGITS,
	JSON_POINT,             /* after ".": a digit */
	JSON_FRACTION,
	JSON_E,                 /* after "e": a sign or a digit */
	JSON_E_SIGN,            /* after that sign: a digit */
	JSON_EXPONENT,
};

struct json {
	uint16_t depth;
	uint8_t place;
	uint8_t count;          /* HEX: digits seen; LITERAL: bytes seen */
	bool name;              /* STRING: it is a member's name */
	const char *literal;
	uint8_t objects[JSON_DEPTH / 8];        /* a bit a level: { or [ */
};

_Static_assert(sizeof(struct json) <= FRAMER_STATE, "it fits in a framer");

/* What would be right at each place. */
static const char *const json_right[] = {
	[JSON_VALUE] = "a value",
	[JSON_FIRST_VALUE] = "a value or ]",
	[JSON_KEY] = "a name in \"\"",
	[JSON_FIRST_KEY] = "a name in \"\" or }",
	[JSON_COLON] = "a colon",
	[JSON_AFTER] = "a comma or the closing bracket of the innermost level",
	[JSON_STRING] = "a \\u escape for a control character",
	[JSON_ESCAPE] = "one of \"\\/bfnrtu after the backslash",
	[JSON_HEX] = "four hexadecimal digits after \\u",
	[JSON_LITERAL] = "true, false or null",
	[JSON_MINUS] = "a digit after the minus sign",
	[JSON_ZERO] = "a point, an exponent or the end of the number",
	[JSON_DIGITS] = "the end of the number",
	[JSON_POINT] = "a digit after the point",
	[JSON_FRACTION] = "the end of the number",
	[JSON_E] = "an exponent",
	[JSON_E_SIGN] = "an exponent",
	[JSON_EXPONENT] = "the end of the number",
};

static bool
json_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
json_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
json_in_object(const struct json *j)
{
	unsigned at = j->depth - 1u;

	return j->objects[at / 8] >> at % 8 & 1;
}

/* Deeper by one; false: too deep. */
static bool
json_open(struct json *j, bool object)
{
	unsigned at = j->depth;

	if (at == JSON_DEPTH)
		return false;
	j->objects[at / 8] &= (uint8_t)~(1u << at % 8);
	j->objects[at / 8] |= (uint8_t)((unsigned)object << at % 8);
	j->depth++;
	j->place = object ? JSON_FIRST_KEY : JSON_FIRST_VALUE;
	return true;
}

/* A value has ended: the message, if it was the outermost. */
static void
json_done(struct framer *f, struct json *j)
{
	j->place = JSON_AFTER;
	if (j->depth == 0)
		f->phase = FRAMER_END;
}

static bool
json_close(struct framer *f, struct json *j)
{
	j->depth--;
	json_done(f, j);
	return true;
}

static bool
json_go(struct json *j, enum json_place place)
{
	j->place = (uint8_t)place;
	return true;
}

static bool
json_string_begins(struct json *j, bool name)
{
	j->name = name;
	return json_go(j, JSON_STRING);
}

static bool
json_literal_begins(struct json *j, const char *literal)
{
	j->literal = literal;
	j->count = 1;
	return json_go(j, JSON_LITERAL);
}

static bool
json_value(struct json *j, uint8_t c)
{
	switch (c) {
	case '{':
	case '[':
		return json_open(j, c == '{');
	case '"':
		return json_string_begins(j, false);
	case '-':
		return json_go(j, JSON_MINUS);
	case '0':
		return json_go(j, JSON_ZERO);
	case 't':
		return json_literal_begins(j, "true");
	case 'f':
		return json_literal_begins(j, "false");
	case 'n':
		return json_literal_begins(j, "null");
	default:
		return json_digit(c) && json_go(j, JSON_DIGITS);
	}
}

/* A comma or the innermost level's bracket. */
static bool
json_after(struct framer *f, struct json *j, uint8_t c)
{
	bool object = json_in_object(j);

	if (c == ',')
		return json_go(j, object ? JSON_KEY : JSON_VALUE);
	return c == (object ? '}' : ']') && json_close(f, j);
}

/* Between tokens, where white space may stand. */
static bool
json_between(struct framer *f, struct json *j, uint8_t c)
{
	if (json_space(c))
		return true;
	switch (j->place) {
	case JSON_FIRST_VALUE:
		if (c == ']')
			return json_close(f, j);
		return json_value(j, c);
	case JSON_FIRST_KEY:
		if (c == '}')
			return json_close(f, j);
		return c == '"' && json_string_begins(j, true);
	case JSON_KEY:
		return c == '"' && json_string_begins(j, true);
	case JSON_COLON:
		return c == ':' && json_go(j, JSON_VALUE);
	case JSON_AFTER:
		return json_after(f, j, c);
	default:
		return json_value(j, c);
	}
}

/* A number, or true, false, null: is it whole as far as it has come? */
static bool
json_scalar_whole(const struct json *j)
{
	return j->place == JSON_ZERO || j->place == JSON_DIGITS ||
	    j->place == JSON_FRACTION || j->place == JSON_EXPONENT ||
	    (j->place == JSON_LITERAL && j->literal[j->count] == '\0');
}

/* What follows a whole one: white space ends a message and is its last. */
static bool
json_scalar_ends(struct framer *f, struct json *j, uint8_t c)
{
	if (j->depth == 0) {
		if (json_space(c))
			f->phase = FRAMER_END;
		return json_space(c);
	}
	j->place = JSON_AFTER;
	return json_between(f, j, c);
}

/* Where a digit leads from each place in a number. */
static bool
json_number_digit(struct json *j)
{
	static const uint8_t next[] = {
		[JSON_MINUS] = JSON_DIGITS,
		[JSON_DIGITS] = JSON_DIGITS,
		[JSON_POINT] = JSON_FRACTION,
		[JSON_FRACTION] = JSON_FRACTION,
		[JSON_E] = JSON_EXPONENT,
		[JSON_E_SIGN] = JSON_EXPONENT,
		[JSON_EXPONENT] = JSON_EXPONENT,
	};

	/* No digit follows a leading zero. */
	return j->place != JSON_ZERO && json_go(j, next[j->place]);
}

static bool
json_number(struct framer *f, struct json *j, uint8_t c)
{
	bool whole = j->place == JSON_ZERO || j->place == JSON_DIGITS;

	if (j->place == JSON_MINUS && c == '0')
		return json_go(j, JSON_ZERO);
	if (json_digit(c))
		return json_number_digit(j);
	if (whole && c == '.')
		return json_go(j, JSON_POINT);
	if ((whole || j->place == JSON_FRACTION) && (c == 'e' || c == 'E'))
		return json_go(j, JSON_E);
	if (j->place == JSON_E && (c == '+' || c == '-'))
		return json_go(j, JSON_E_SIGN);
	return json_scalar_whole(j) && json_scalar_ends(f, j, c);
}

static bool
json_literal(struct framer *f, struct json *j, uint8_t c)
{
	if (j->literal[j->count] == '\0')
		return json_scalar_ends(f, j, c);
	return (uint8_t)j->literal[j->count++] == c;
}

static bool
json_string(struct framer *f, struct json *j, uint8_t c)
{
	if (c == '\\')
		return json_go(j, JSON_ESCAPE);
	if (c == '"' && j->name)
		return json_go(j, JSON_COLON);
	if (c == '"')
		json_done(f, j);
	return c >= ' ';
}

static bool
json_escape(struct json *j, uint8_t c)
{
	j->count = 0;
	if (c == 'u')
		return json_go(j, JSON_HEX);
	return c != '\0' && strchr("\"\\/bfnrt", c) != NULL &&
	    json_go(j, JSON_STRING);
}

static bool
json_hex(struct json *j, uint8_t c)
{
	if (c == '\0' || strchr("0123456789abcdefABCDEF", c) == NULL)
		return false;
	if (++j->count == 4)
		j->place = JSON_STRING;
	return true;
}

/* One byte; false: it is wrong there. */
static bool
json_byte(struct framer *f, struct json *j, uint8_t c)
{
	switch (j->place) {
	case JSON_STRING:
		return json_string(f, j, c);
	case JSON_ESCAPE:
		return json_escape(j, c);
	case JSON_HEX:
		return json_hex(j, c);
	case JSON_LITERAL:
		return json_literal(f, j, c);
	default:
		return j->place >= JSON_MINUS ? json_number(f, j, c) :
		    json_between(f, j, c);
	}
}

static size_t
json_fail(struct framer *f, size_t taken, uint8_t c)
{
	const struct json *j = (const struct json *)f->state;

	if (j->depth == JSON_DEPTH && (c == '{' || c == '['))
		return framer_fail(f, taken, "JSON nested deeper than %d",
		    JSON_DEPTH);
	return framer_fail(f, taken, "0x%02x in JSON; %s would be right", c,
	    json_right[j->place]);
}

static size_t
json_take(struct framer *f, const uint8_t *data, size_t size)
{
	struct json *j = (struct json *)f->state;
	size_t i;

	for (i = 0; i < size && f->phase == FRAMER_MORE; i++)
		if (!json_byte(f, j, data[i]))
			return json_fail(f, i, data[i]);
	return i;
}

static bool
json_end(const struct framer *f)
{
	const struct json *j = (const struct json *)f->state;

	return j->depth == 0 && json_scalar_whole(j);
}

static size_t
json_blank(const uint8_t *data, size_t size)
{
	size_t i = 0;

	while (i < size && json_space(data[i]))
		i++;
	return i;
}

const struct framing framing_json = {
	.name = "json",
	.usage = "json",
	.text = "A message is one JSON value; a number, true, false or null "
	    "ends with the white space after it.",
	.request = json_take,
	.reply = json_take,
	.end = json_end,
	.blank = json_blank,
};
