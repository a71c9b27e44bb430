#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framing/http_internal.h"

/* Not framer_fail(): the byte may stand in a piece that was taken before. */
int
http_broken(struct framer *f, uint64_t at, const char *fmt, ...)
{
	va_list ap;
	int n;

	f->phase = FRAMER_BROKEN;
	n = snprintf(f->why, sizeof(f->why), "byte %" PRIu64 ": ", at + 1);
	va_start(ap, fmt);
	vsnprintf(f->why + n, sizeof(f->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* What is counted in h->section, in words. */
static const char *
section_name(const struct http *h)
{
	switch (h->part) {
	case HTTP_CHUNK_LINE:
		return "a chunk's size and extensions";
	case HTTP_TRAILERS:
		return "trailers";
	default:
		return "a head";
	}
}

static void
line_too_long(struct framer *f, const struct http_line *line, size_t room)
{
	const struct http *h = http_state(f);

	if (!h->reply && h->part <= HTTP_FIELDS)
		f->message.code = 431;
	if (room == HTTP_LINE_MAX)
		http_broken(f, line->at, "a line of more than %d bytes",
		    HTTP_LINE_MAX);
	else
		http_broken(f, line->at, "with this line more than %zu bytes "
		    "of %s", h->section + room, section_name(h));
}

/*
 * RFC 9112 2.2, RFC 9110 5.5: others may take one for a line's end, or for the
 * end of all.
 */
static int
line_check(struct framer *f, const struct http_line *line)
{
	const uint8_t *found;

	found = memchr(line->text, '\0', line->length);
	if (found != NULL)
		return http_line_broken(f, line, found,
		    "a NUL byte, which no line may have");
	found = memchr(line->text, '\r', line->length);
	if (found != NULL)
		return http_line_broken(f, line, found,
		    "a CR without LF; a line ends with CR LF");
	return 0;
}

/* The text is the last part of the line: put what is kept before it. */
static int
line_join(struct framer *f, struct http_line *line)
{
	if (buf_length(&f->kept) == 0)
		return 0;
	if (buf_append(&f->kept, line->text, line->length) == -1)
		return http_broken(f, line->at, "no memory for this line");
	line->text = buf_peek(&f->kept);
	line->length = buf_length(&f->kept);
	return 0;
}

/* The text is a part of the line, which goes on if there is room for it. */
static void
line_keep(struct framer *f, const struct http_line *line, size_t room)
{
	if (line->length == room)
		line_too_long(f, line, buf_length(&f->kept) + room);
	else if (buf_append(&f->kept, line->text, line->length) == -1)
		http_broken(f, line->at, "no memory for this line");
}

/* How many bytes more this line may have. */
static size_t
line_room(struct framer *f, size_t max)
{
	size_t room = max - http_state(f)->section;

	if (room > HTTP_LINE_MAX)
		room = HTTP_LINE_MAX;
	return room - buf_length(&f->kept);
}

static void
line_end(struct http_line *line)
{
	line->crlf = line->length >= 2 && line->text[line->length - 2] == '\r';
	line->length -= line->crlf ? 2 : 1;
}

bool
http_line_take(struct framer *f, struct http_piece *piece, size_t max,
    struct http_line *line)
{
	const uint8_t *lf;
	size_t room = line_room(f, max);

	line->at = f->length + piece->used - buf_length(&f->kept);
	line->text = piece->data + piece->used;
	line->length = piece->size - piece->used;
	if (line->length > room)
		line->length = room;
	lf = memchr(line->text, '\n', line->length);
	if (lf != NULL)
		line->length = (size_t)(lf + 1 - line->text);
	piece->used += line->length;
	if (lf == NULL) {
		line_keep(f, line, room);
		return false;
	}
	if (line_join(f, line) == -1)
		return false;
	http_state(f)->section += line->length;
	line_end(line);
	return line_check(f, line) == 0;
}

void
http_line_forget(struct framer *f)
{
	size_t n = buf_length(&f->kept);

	if (n > 0 && buf_peek(&f->kept)[n - 1] == '\n')
		buf_clear(&f->kept);
}
