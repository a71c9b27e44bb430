/*
 * RESP, the protocol of Redis, versions 2 and 3 (redis.io, "Redis
 * serialization protocol specification").  A request is an array of strings,
 * or a line; a reply is one value of any type, those inside it included.
 */
#include <string.h>
#include <strings.h>

#include "framing/until.h"

#define RESP_LEVELS	16              /* a value, and those inside it */
#define RESP_DIGITS	18              /* of a length */
#define RESP_COUNT	INT32_MAX       /* the most values in another */
#define RESP_ARGUMENTS	(1024 * 1024)   /* the most that Redis takes */
#define RESP_WORD	4               /* QUIT */

enum resp_place {
	RESP_VALUE,             /* where a value begins */
	RESP_LINE,
	RESP_LINE_LF,
	RESP_NUMBER,
	RESP_NUMBER_LF,
	RESP_BULK,
	RESP_BULK_CR,
	RESP_BULK_LF,
	RESP_INLINE,            /* a request that is a line */
};

struct resp {
	uint64_t number;        /* as read; BULK: bytes still to come */
	/*
	 * How many values are still to come at each level, those that are
	 * begun not counted; the outermost is the message.
	 */
	uint32_t wanted[RESP_LEVELS];
	uint8_t place;
	uint8_t level;
	uint8_t type;           /* of the value: its first byte */
	uint8_t digits;
	bool request, negative;
	uint8_t nword;          /* RESP_WORD + 1: it is longer, or over */
	char word[RESP_WORD];   /* the command */
};

_Static_assert(sizeof(struct resp) <= FRAMER_STATE, "it fits in a framer");

/* Sentences: what would be right, at a byte that is not. */
static const char right_value[] = "a type, one of +-:$*_#,(!=%~>|, would be "
    "right where a value begins";
static const char right_argument[] = "$ would be right: a request is an array "
    "of strings and of nothing else";
static const char right_number[] = "a length is 1 to 18 digits or, in $ and * "
    "of a reply, -1, and CR LF";
static const char right_whole[] = "streamed strings and aggregates are not "
    "spoken; their length would be right";
static const char right_arguments[] = "a request has 1 to 1048576 strings; to "
    "none there would be no reply";
static const char right_count[] = "more than 2147483647 values in one";
static const char right_levels[] = "values nested deeper than 15";
static const char right_lf[] = "LF would be right after CR";
static const char right_cr[] = "CR LF would be right before it";
static const char right_end[] = "CR LF would be right at a string's end";

/* All values of the innermost levels have come: they are over. */
static const char *
resp_settle(struct framer *f, struct resp *r)
{
	while (r->level > 0 && r->wanted[r->level] == 0)
		r->level--;
	if (r->wanted[r->level] == 0)
		f->phase = FRAMER_END;
	r->place = RESP_VALUE;
	return NULL;
}

/* A value that holds `count` others has begun. */
static const char *
resp_open(struct framer *f, struct resp *r, uint64_t count)
{
	if (count > RESP_COUNT)
		return right_count;
	if (r->type == '%' || r->type == '|')
		count *= 2;
	if (count == 0)
		return resp_settle(f, r);
	if (r->level == RESP_LEVELS - 1)
		return right_levels;
	r->wanted[++r->level] = (uint32_t)count;
	r->place = RESP_VALUE;
	return NULL;
}

/* Is the value that has begun the last of the message? */
static bool
resp_last(const struct resp *r)
{
	uint8_t i;

	for (i = 0; i <= r->level; i++)
		if (r->wanted[i] != 0)
			return false;
	return true;
}

static const char *
resp_bulk(struct framer *f, struct resp *r)
{
	if (resp_last(r))
		f->left = r->number + 2;
	r->place = r->number == 0 ? RESP_BULK_CR : RESP_BULK;
	return NULL;
}

/* A length is read. */
static const char *
resp_number_ends(struct framer *f, struct resp *r)
{
	if (r->negative)
		return resp_settle(f, r);
	if (strchr("$!=", r->type) != NULL)
		return resp_bulk(f, r);
	if (r->request && (r->number == 0 || r->number > RESP_ARGUMENTS))
		return right_arguments;
	return resp_open(f, r, r->number);
}

static const char *
resp_number(struct resp *r, uint8_t c)
{
	bool nullable = !r->request && (r->type == '$' || r->type == '*');

	if (c >= '0' && c <= '9' && r->digits < RESP_DIGITS) {
		r->number = r->number * 10 + (c - '0');
		r->digits++;
		return NULL;
	}
	if (c == '-' && nullable && r->digits == 0 && !r->negative) {
		r->negative = true;
		return NULL;
	}
	if (c == '?' && r->digits == 0)
		return right_whole;
	if (c != '\r' || r->digits == 0 || (r->negative && r->number != 1))
		return right_number;
	r->place = RESP_NUMBER_LF;
	return NULL;
}

static const char *
resp_value(struct framer *f, struct resp *r, uint8_t c)
{
	if (r->request && c != '$' && r->level > 0)
		return right_argument;
	if (c == '\0' || strchr("+-:$*_#,(!=%~>|", c) == NULL)
		return right_value;
	r->type = c;
	r->number = 0;
	r->digits = 0;
	r->negative = false;
	r->place = strchr("+-:_#,(", c) != NULL ? RESP_LINE : RESP_NUMBER;
	/* Attributes stand before a value and are none themselves. */
	if (c != '|')
		r->wanted[r->level]--;
	if (r->level == 0 && (c == '-' || c == '!'))
		f->message.flags |= MESSAGE_BAD;
	return NULL;
}

static const char *
resp_line(struct resp *r, uint8_t c)
{
	if (c == '\n')
		return right_cr;
	if (c == '\r')
		r->place = RESP_LINE_LF;
	return NULL;
}

/* The command of a request, as far as it is here. */
static void
resp_word(struct resp *r, const uint8_t *data, size_t size)
{
	size_t room;

	if (r->nword > RESP_WORD)
		return;
	room = RESP_WORD - r->nword;
	memcpy(r->word + r->nword, data, size < room ? size : room);
	r->nword += (uint8_t)(size <= room ? size : room + 1);
}

static void
resp_word_ends(struct framer *f, struct resp *r)
{
	if (r->nword == RESP_WORD &&
	    strncasecmp(r->word, "QUIT", RESP_WORD) == 0)
		f->message.flags |= MESSAGE_CLOSE;
	r->nword = RESP_WORD + 1;
}

/* One byte that is none of a string; NULL, or what is wrong about it. */
static const char *
resp_byte(struct framer *f, struct resp *r, uint8_t c)
{
	switch (r->place) {
	case RESP_VALUE:
		return resp_value(f, r, c);
	case RESP_LINE:
		return resp_line(r, c);
	case RESP_LINE_LF:
		return c == '\n' ? resp_settle(f, r) : right_lf;
	case RESP_NUMBER:
		return resp_number(r, c);
	case RESP_NUMBER_LF:
		return c == '\n' ? resp_number_ends(f, r) : right_lf;
	case RESP_BULK_CR:
		r->place = RESP_BULK_LF;
		return c == '\r' ? NULL : right_end;
	default:
		resp_word_ends(f, r);
		return c == '\n' ? resp_settle(f, r) : right_end;
	}
}

static size_t
resp_string(struct resp *r, const uint8_t *data, size_t size)
{
	size_t taken = size < r->number ? size : (size_t)r->number;

	if (r->request)
		resp_word(r, data, taken);
	r->number -= taken;
	if (r->number == 0)
		r->place = RESP_BULK_CR;
	return taken;
}

/* What is still to come of the last string, once it has begun. */
static void
resp_left(struct framer *f, const struct resp *r)
{
	if (f->left == UINT64_MAX)
		return;
	if (f->phase == FRAMER_END)
		f->left = 0;
	else
		f->left = r->place == RESP_BULK ? r->number + 2 :
		    r->place == RESP_BULK_CR ? 2 : 1;
}

static size_t
resp_take(struct framer *f, const uint8_t *data, size_t size)
{
	struct resp *r = (struct resp *)f->state;
	const char *why;
	size_t i = 0;

	while (i < size && f->phase == FRAMER_MORE) {
		if (r->place == RESP_BULK) {
			i += resp_string(r, data + i, size - i);
			continue;
		}
		why = resp_byte(f, r, data[i]);
		if (why != NULL)
			return framer_fail(f, i, "0x%02x: %s", data[i], why);
		i++;
	}
	resp_left(f, r);
	return i;
}

static size_t
resp_inline(struct framer *f, const uint8_t *data, size_t size)
{
	struct resp *r = (struct resp *)f->state;
	size_t i, taken = until_end(f, data, size, '\n');

	for (i = 0; i < taken && strchr(" \t\r\n", data[i]) == NULL; i++)
		continue;
	resp_word(r, data, i);
	if (i < taken)
		resp_word_ends(f, r);
	return taken;
}

static size_t
resp_request(struct framer *f, const uint8_t *data, size_t size)
{
	struct resp *r = (struct resp *)f->state;

	if (f->length == 0) {
		r->request = true;
		r->wanted[0] = 1;
		if (data[0] == '*')
			f->message.body = 0;
		else
			r->place = RESP_INLINE;
	}
	return r->place == RESP_INLINE ? resp_inline(f, data, size) :
	    resp_take(f, data, size);
}

static size_t
resp_reply(struct framer *f, const uint8_t *data, size_t size)
{
	struct resp *r = (struct resp *)f->state;

	if (f->length == 0)
		r->wanted[0] = 1;
	return resp_take(f, data, size);
}

/* Redis does not reply to an empty line. */
static size_t
resp_blank(const uint8_t *data, size_t size)
{
	size_t i = 0;

	while (i < size && data[i] != '\0' &&
	    strchr(" \t\r\n", data[i]) != NULL)
		i++;
	return i;
}

const struct framing framing_resp = {
	.name = "resp",
	.usage = "resp",
	.text = "RESP 2 and 3, the protocol of Redis: a request is an array of "
	    "strings or a line, a reply one value.",
	.flags = FRAMING_STREAMS | FRAMING_DROPS_BLANK,
	.request = resp_request,
	.reply = resp_reply,
	.blank = resp_blank,
};
