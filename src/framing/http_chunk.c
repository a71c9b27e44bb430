/*
 * The chunked coding, RFC 9112 7.1.  Here every line ends with CR LF: whoever
 * takes LF alone for an end and whoever does not cut the body differently.
 */
#include "framing/http_internal.h"

#define CHUNK_DIGITS 16         /* of a size, zeros in front included */

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
line_end_check(struct framer *f, const struct http_line *line)
{
	if (line->crlf)
		return 0;
	return http_line_broken(f, line, line->text + line->length,
	    "an LF without CR; in a chunked body a line ends with CR LF");
}

/* The size; *end is the first byte after it. */
static int
size_parse(struct framer *f, const struct http_line *line, uint64_t *size,
    const uint8_t **end)
{
	size_t i;

	*end = line->text;
	*size = 0;
	for (i = 0; i < line->length && hex_value(line->text[i]) != -1; i++) {
		if (i == CHUNK_DIGITS || *size > HTTP_LENGTH_MAX >> 4)
			return http_line_broken(f, line, line->text,
			    "a chunk's size beyond 2^63-1");
		*size = *size << 4 | (unsigned)hex_value(line->text[i]);
	}
	*end += i;
	if (i == 0)
		return http_line_broken(f, line, line->text,
		    "no chunk size here; it is hexadecimal digits alone");
	return 0;
}

/*
 * What follows the size: nothing, or extensions (RFC 9112 7.1.1), which are
 * not read.
 */
static int
extension_check(struct framer *f, const struct http_line *line,
    const uint8_t *ext)
{
	const uint8_t *end = line->text + line->length, *c = ext;

	while (c < end && (*c == ' ' || *c == '\t'))
		c++;
	if (ext < end && (c == end || *c != ';'))
		return http_line_broken(f, line, ext,
		    "0x%02x after a chunk's size; CR LF or \";\" follows it",
		    *ext);
	for (; c < end; c++)
		if ((*c < ' ' && *c != '\t') || *c == 0x7f)
			return http_line_broken(f, line, c,
			    "0x%02x in a chunk's extension", *c);
	return 0;
}

/*
 * Extensions cost whoever reads them and are of no use, so that there may not
 * be much more of them than of data (Go's CVE-2023-39326).
 */
static int
extension_weigh(struct framer *f, const struct http_line *line, size_t length)
{
	struct http *h = http_state(f);

	h->extensions += length;
	if (h->extensions > HTTP_EXTENSIONS_MAX)
		return http_line_broken(f, line, line->text,
		    "more than %d bytes of chunk extensions",
		    HTTP_EXTENSIONS_MAX);
	h->extensions -= h->extensions < h->left ? h->extensions : h->left;
	return 0;
}

void
http_take_chunk_line(struct framer *f, struct http_piece *piece)
{
	struct http *h = http_state(f);
	struct http_line line;
	const uint8_t *ext;

	if (!http_line_take(f, piece, HTTP_CHUNK_LINE_MAX, &line))
		return;
	h->section = 0;
	if (size_parse(f, &line, &h->left, &ext) == -1 ||
	    extension_check(f, &line, ext) == -1 ||
	    line_end_check(f, &line) == -1 ||
	    extension_weigh(f, &line,
	    (size_t)(line.text + line.length - ext)) == -1)
		return;
	h->part = h->left == 0 ? HTTP_TRAILERS : HTTP_CHUNK_DATA;
}

void
http_take_chunk_end(struct framer *f, struct http_piece *piece)
{
	struct http *h = http_state(f);
	uint64_t at = f->length + piece->used;
	uint8_t c = piece->data[piece->used++];

	if (c != (h->cr ? '\n' : '\r')) {
		http_broken(f, at, "0x%02x where CR LF ends a chunk", c);
		return;
	}
	if (h->cr)
		h->part = HTTP_CHUNK_LINE;
	h->cr = !h->cr;
}

void
http_take_trailer(struct framer *f, struct http_piece *piece)
{
	struct http_line line;

	if (!http_line_take(f, piece, HTTP_TRAILERS_MAX, &line) ||
	    line_end_check(f, &line) == -1)
		return;
	if (line.length == 0)
		http_finish(f);
	else
		http_trailer_take(f, &line);
}
