/*
 * http messages, as a peer or a client may send them.  The first byte says
 * what they answer, the second how they are cut.  However a message is cut
 * into pieces, what the framing says of it is the same; and it ends exactly
 * where a second reader says, which was written from RFC 9112 alone, has all
 * the bytes at once and knows lines by regular expressions.
 */
#include <regex.h>
#include <stdio.h>
#include <strings.h>

#include "framing/framing.h"
#include "fuzz.h"

#define NOWHERE SIZE_MAX

extern const struct framing framing_http;
static const struct framing_choice choice = { .framing = &framing_http };

/* ---- the second reader */

struct reader {
	const uint8_t *data;
	size_t size, at;
	bool reply, head, connect;      /* what is read, what it answers */
	bool old;                       /* HTTP/1.0 */
	int code;
	char line[70000];
	char length[70000], coding[70000];      /* the fields' values, joined */
};

static bool
matches(const char *text, const char *pattern)
{
	static struct { const char *pattern; regex_t regex; } known[16];
	size_t i;

	for (i = 0; known[i].pattern != NULL; i++)
		if (known[i].pattern == pattern)
			break;
	must(i < 15);
	if (known[i].pattern == NULL) {
		must(regcomp(&known[i].regex, pattern,
		    REG_EXTENDED | REG_NOSUB | REG_ICASE) == 0);
		known[i].pattern = pattern;
	}
	return regexec(&known[i].regex, text, 0, NULL, 0) == 0;
}

/* The next line, if there is a whole one that may be one. */
static bool
read_line(struct reader *r, bool strict)
{
	const uint8_t *start = r->data + r->at;
	const uint8_t *lf = r->at < r->size ?
	    memchr(start, '\n', r->size - r->at) : NULL;
	size_t n;

	if (lf == NULL || lf - start >= (ptrdiff_t)sizeof(r->line))
		return false;
	n = (size_t)(lf - start);
	r->at += n + 1;
	memcpy(r->line, start, n);
	if (n > 0 && r->line[n - 1] == '\r')
		n--;
	else if (strict)
		return false;
	r->line[n] = '\0';
	return strlen(r->line) == n && strchr(r->line, '\r') == NULL;
}

static bool
read_start(struct reader *r)
{
	do {
		if (!read_line(r, false))
			return false;
	} while (r->line[0] == '\0');
	r->length[0] = r->coding[0] = '\0';
	if (r->reply) {
		if (!matches(r->line, "^HTTP/1[.][0-9] [1-9][0-9][0-9]( |$)"))
			return false;
		r->code = atoi(r->line + 9);
		r->old = r->line[7] == '0';
		return strncmp(r->line, "HTTP", 4) == 0;
	}
	r->old = r->line[strlen(r->line) - 1] == '0';
	return matches(r->line, "^[^ ]+ [^ ]+ HTTP/1[.][0-9]$");
}

static void
join(char *values, size_t size, const char *value)
{
	strlcat(values, values[0] == '\0' ? "" : ",", size);
	strlcat(values, value[0] == '\0' ? "empty" : value, size);
}

static bool
read_fields(struct reader *r, bool strict)
{
	char *value;

	while (read_line(r, strict)) {
		if (r->line[0] == '\0')
			return true;
		if (!matches(r->line, "^[!#$%&'*+.^_`|~0-9A-Z-]+:"))
			return false;
		value = strchr(r->line, ':');
		*value++ = '\0';
		value += strspn(value, " \t");
		while (*value != '\0' && strchr(" \t", value[strlen(value) - 1]))
			value[strlen(value) - 1] = '\0';
		if (strcasecmp(r->line, "Content-Length") == 0)
			join(r->length, sizeof(r->length), value);
		if (strcasecmp(r->line, "Transfer-Encoding") == 0)
			join(r->coding, sizeof(r->coding), value);
	}
	return false;
}

static size_t
skip(struct reader *r, uint64_t n)
{
	if (n > r->size - r->at)
		return NOWHERE;
	r->at += (size_t)n;
	return r->at;
}

static size_t
read_chunks(struct reader *r)
{
	uint64_t n;

	if (r->old || r->length[0] != '\0' ||
	    !matches(r->coding, "^([^][ \t,;\"]+[ \t]*,[ \t]*)*chunked$") ||
	    matches(r->coding, "(^|[ \t,])chunked[ \t]*,"))
		return NOWHERE;
	do {
		if (!read_line(r, true) ||
		    !matches(r->line, "^[0-9A-F]{1,16}([ \t]*;|$)"))
			return NOWHERE;
		n = strtoull(r->line, NULL, 16);
		if (n > 0 && (skip(r, n) == NOWHERE || !read_line(r, true) ||
		    r->line[0] != '\0'))
			return NOWHERE;
	} while (n > 0);
	return read_fields(r, true) ? r->at : NOWHERE;
}

static size_t
read_length(struct reader *r)
{
	char *end = r->length;
	uint64_t n, first = strtoull(r->length, NULL, 10);

	if (!matches(r->length, "^[0-9]+([ \t]*,[ \t]*[0-9]+)*$") ||
	    first > INT64_MAX)
		return NOWHERE;
	while (*end != '\0') {
		n = strtoull(end, &end, 10);
		if (n != first)
			return NOWHERE;
		end += strspn(end, ", \t");
	}
	return skip(r, first);
}

/* Where the message ends; NOWHERE: not within these bytes, or it is none. */
static size_t
read_message(struct reader *r)
{
	do {
		if (!read_start(r) || !read_fields(r, false))
			return NOWHERE;
	} while (r->reply && r->code < 200 && r->code != 101);
	if (r->reply && (r->code == 101 || (r->connect && r->code < 300)))
		return NOWHERE;
	if (r->reply && (r->head || r->code == 204 || r->code == 304))
		return r->at;
	if (r->coding[0] != '\0')
		return read_chunks(r);
	if (r->length[0] != '\0')
		return read_length(r);
	return r->reply ? NOWHERE : r->at;
}

/* ---- the framing */

/*
 * Cut by pieces of 1 to `most` bytes, each in memory of just its size, so
 * that a look beyond it is seen.
 */
static void
cut(struct framer *f, const struct reader *r, const struct message *before,
    size_t most)
{
	uint32_t dice = (uint32_t)most;
	size_t at = 0, n, taken;
	uint8_t *piece;

	framer_start(f, &choice, before);
	while (at < r->size && f->phase == FRAMER_MORE) {
		dice = dice * 1664525 + 1013904223;
		n = 1 + (dice >> 8) % most;
		if (n > r->size - at)
			n = r->size - at;
		piece = xcalloc(n, 1);
		memcpy(piece, r->data + at, n);
		taken = r->reply ? framer_reply(f, piece, n) :
		    framer_request(f, piece, n);
		free(piece);
		must(taken <= n && (taken == n || f->phase != FRAMER_MORE));
		at += taken;
		must(f->length == at);
	}
}

static void
must_be_same(const struct framer *a, const struct framer *b)
{
	must(a->phase == b->phase && a->length == b->length);
	must(a->left == b->left && strcmp(a->why, b->why) == 0);
	must(a->message.flags == b->message.flags);
	must(a->message.code == b->message.code);
	must(a->message.body == b->message.body);
	must(framer_end(a) == framer_end(b));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reader r;
	struct framer whole = { 0 }, pieces = { 0 }, bytes = { 0 };
	struct message before = { 0 };
	size_t end;

	if (size < 3)
		return 0;
	r.data = data + 2;
	r.size = size - 2;
	r.at = 0;
	r.reply = data[0] & 1;
	r.head = data[0] & 2;
	r.connect = !r.head && (data[0] & 4);
	before.flags = r.head ? MESSAGE_HEAD : r.connect ? MESSAGE_CONNECT : 0;
	must(framer_blank(&choice, r.data, r.size) <= r.size);
	framer_start(&whole, &choice, &before);
	if (r.reply)
		framer_reply(&whole, r.data, r.size);
	else
		framer_request(&whole, r.data, r.size);
	cut(&pieces, &r, &before, 1U + data[1] % 64);
	cut(&bytes, &r, &before, 1);
	must_be_same(&whole, &pieces);
	must_be_same(&whole, &bytes);

	end = read_message(&r);
	if (whole.phase == FRAMER_END)
		must(whole.length == end && whole.message.body <= end);
	if (whole.phase == FRAMER_MORE)
		must(end == NOWHERE && whole.length == r.size);
	must((whole.phase == FRAMER_BROKEN) == (whole.why[0] != '\0'));
	framer_clear(&whole);
	framer_clear(&pieces);
	framer_clear(&bytes);
	return 0;
}
