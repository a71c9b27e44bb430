/*
 * Transcripts of any bytes: the first byte says how they are cut, and to
 * whom each piece goes.  All that is shown can be shown at a terminal, and in
 * text the bytes can be had back from it.
 */
/* The header wants to know whose strnvis(3) is meant; vis(3) is one for all. */
#define LIBBSD_OPENBSD_VIS
#include <stdbool.h>
#include <vis.h>

#include "base/transcript.h"
#include "fuzz.h"

struct shape {
	size_t piece;
	bool ways;              /* pieces go to and fro */
};

static void
show(enum transcript_format format, const uint8_t *data, size_t size,
    const struct shape *shape, struct buf *out)
{
	struct transcript t = { .format = format };
	struct transcript_piece p = { .when = { 1, 2000 } };
	size_t at, i;
	uint8_t *copy;

	for (at = i = 0; at < size; at += p.size, i++) {
		p.size = size - at < shape->piece ? size - at : shape->piece;
		if (shape->ways) {
			p.way = i % 3 == 0 ? TRANSCRIPT_OUT : TRANSCRIPT_IN;
			p.peer = (unsigned)(i % 5);
		}
		copy = fuzz_copy(data + at, p.size);
		p.data = copy;
		transcript_append(&t, &p, out);
		free(copy);
	}
	transcript_break(&t, out);
	must(t.at[0] + t.at[1] == size);
}

static void
must_show(const struct buf *b)
{
	const uint8_t *p = buf_peek(b);
	size_t i, n = buf_length(b);

	for (i = 0; i < n; i++)
		must((p[i] >= ' ' && p[i] <= '~') || p[i] == '\n');
	must(n == 0 || p[n - 1] == '\n');
}

/* A \\ at its end that is no part of an escape: no newline has come. */
static bool
is_open(const char *text)
{
	size_t n = strlen(text), i = n;

	while (i > 0 && text[i - 1] == '\\')
		i--;
	return (n - i) % 2 == 1;
}

/* A line without its newline: the bytes that are spelled in it, into out. */
static size_t
spelled(const char *line, size_t size, uint8_t *out)
{
	static const char head[] = "1970-01-01T00:00:01.000002Z > ";
	char *text, *plain = xcalloc(size + 1, 1);
	size_t skip = sizeof(head) - 1;
	bool open;
	int n;

	must(size >= skip && memcmp(line, head, skip) == 0);
	text = fuzz_text((const uint8_t *)line + skip, size - skip);
	open = is_open(text);
	if (open)
		text[size - skip - 1] = '\0';
	n = strunvis(plain, text);
	must(n >= 0);
	plain[n] = '\n';
	memcpy(out, plain, (size_t)n + !open);
	free(text);
	free(plain);
	return (size_t)n + !open;
}

/* Bytes that went one way in one piece are spelled without a loss. */
static void
try_text(const uint8_t *data, size_t size)
{
	const struct shape whole = { size + 1, false };
	struct buf b = { 0 };
	uint8_t *back = xcalloc(size + 2, 1);
	const char *p, *end;
	size_t n = 0, left;

	show(TRANSCRIPT_TEXT, data, size, &whole, &b);
	p = (const char *)buf_peek(&b);
	for (left = buf_length(&b); left > 0; left -= (size_t)(end + 1 - p),
	    p = end + 1) {
		end = memchr(p, '\n', left);
		must(end != NULL && n <= size);
		n += spelled(p, (size_t)(end - p), back + n);
	}
	must(n == size && memcmp(back, data, size) == 0);
	free(back);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shape shape;
	struct buf text = { 0 }, hex = { 0 }, raw = { 0 };

	if (size < 2)
		return 0;
	shape.piece = 1 + data[0] / 2;
	shape.ways = data[0] & 1;
	data++;
	size--;
	show(TRANSCRIPT_TEXT, data, size, &shape, &text);
	must_show(&text);
	show(TRANSCRIPT_HEX, data, size, &shape, &hex);
	must_show(&hex);
	show(TRANSCRIPT_RAW, data, size, &shape, &raw);
	must(buf_length(&raw) == size &&
	    memcmp(buf_peek(&raw), data, size) == 0);
	try_text(data, size);
	buf_clear(&text);
	buf_clear(&hex);
	buf_clear(&raw);
	return 0;
}
