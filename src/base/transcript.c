#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The header wants to know whose strnvis(3) is meant; vis(3) is one for all. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/transcript.h"

#define TRANSCRIPT_ROW 16       /* bytes in a line of hex */

static const char transcript_marks[] = { '>', '<' };

/* RFC 3339 in UTC, with microseconds. */
static void
transcript_time(const struct timespec *when, char *out, size_t size)
{
	char seconds[32];
	struct tm tm;

	gmtime_r(&when->tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "%s.%06dZ", seconds, (int)(when->tv_nsec / 1000));
}

/* --- text --- */

/* As far as bytes stand for themselves: how many. */
static size_t
text_plain(const uint8_t *data, size_t size)
{
	size_t n = 0;

	while (n < size && data[n] >= ' ' && data[n] <= '~' &&
	    data[n] != '\\')
		n++;
	return n;
}

/* One byte that does not.  What follows the piece may be a digit. */
static void
text_spell(const uint8_t *data, size_t size, struct buf *out)
{
	char spelled[8];
	const char *end;

	end = vis(spelled, data[0], VIS_CSTYLE | VIS_OCTAL | VIS_TAB | VIS_NL,
	    size > 1 ? data[1] : '0');
	buf_append(out, spelled, (size_t)(end - spelled));
}

/* The bytes of one line, without its end. */
static void
text_line(const uint8_t *data, size_t size, struct buf *out)
{
	size_t n;

	while (size > 0) {
		n = text_plain(data, size);
		buf_append(out, data, n);
		if (n < size)
			text_spell(data + n, size - n, out);
		n += n < size;
		data += n;
		size -= n;
	}
}

static void
text_append(struct transcript *t, const struct transcript_piece *p,
    struct buf *out)
{
	const char mark = transcript_marks[p->way];
	const uint8_t *data = p->data, *end = p->data + p->size, *newline;
	char time[40], head[48];
	int n;

	transcript_time(&p->when, time, sizeof(time));
	n = snprintf(head, sizeof(head), "%s %c ", time, mark);
	while (data < end) {
		if (t->open != mark) {
			transcript_break(t, out);
			buf_append(out, head, (size_t)n);
			t->open = mark;
		}
		newline = memchr(data, '\n', (size_t)(end - data));
		text_line(data, (size_t)((newline != NULL ? newline : end) -
		    data), out);
		if (newline == NULL)
			break;
		buf_append(out, "\n", 1);
		t->open = 0;
		data = newline + 1;
	}
}

void
transcript_break(struct transcript *t, struct buf *out)
{
	if (t->open != 0)
		buf_append(out, "\\\n", 2);
	t->open = 0;
}

/* --- hex --- */

static char
hex_digit(unsigned n)
{
	return "0123456789abcdef"[n & 15];
}

/*
 * "00000010  68 65 6c 6c 6f 0a ...  |hello.|": at most 16 bytes.  By hand:
 * printf(3) takes ten times as long.
 */
static void
hex_row(uint64_t at, const uint8_t *data, size_t size, struct buf *out)
{
	char row[96], *p;
	size_t i;

	p = row + snprintf(row, sizeof(row), "%08" PRIx64 "  ", at);
	for (i = 0; i < TRANSCRIPT_ROW; i++) {
		*p++ = i < size ? hex_digit(data[i] >> 4) : ' ';
		*p++ = i < size ? hex_digit(data[i]) : ' ';
		*p++ = ' ';
		if (i % 8 == 7)
			*p++ = ' ';
	}
	*p++ = '|';
	for (i = 0; i < size; i++)
		*p++ = data[i] >= ' ' && data[i] <= '~' ? (char)data[i] : '.';
	*p++ = '|';
	*p++ = '\n';
	buf_append(out, row, (size_t)(p - row));
}

static void
hex_append(const struct transcript *t, const struct transcript_piece *p,
    struct buf *out)
{
	uint64_t at = t->at[p->way];
	char time[40], head[128];
	size_t i, n;
	int length;

	transcript_time(&p->when, time, sizeof(time));
	length = snprintf(head, sizeof(head), "%c %s %zu byte%s at %" PRIu64
	    "\n", transcript_marks[p->way], time, p->size,
	    p->size == 1 ? "" : "s", at);
	buf_append(out, head, (size_t)length);
	for (i = 0; i < p->size; i += n) {
		n = p->size - i < TRANSCRIPT_ROW ? p->size - i :
		    TRANSCRIPT_ROW;
		hex_row(at + i, p->data + i, n, out);
	}
}

/* --- both --- */

void
transcript_append(struct transcript *t, const struct transcript_piece *p,
    struct buf *out)
{
	if (p->size == 0)
		return;
	if (t->format == TRANSCRIPT_RAW)
		buf_append(out, p->data, p->size);
	else if (t->format == TRANSCRIPT_HEX)
		hex_append(t, p, out);
	else
		text_append(t, p, out);
	t->at[p->way] += p->size;
}

void
transcript_note(struct transcript *t, const struct timespec *when,
    const char *text, struct buf *out)
{
	char time[40], line[256];
	int n;

	if (t->format == TRANSCRIPT_RAW)
		return;
	transcript_break(t, out);
	transcript_time(when, time, sizeof(time));
	n = t->format == TRANSCRIPT_TEXT ?
	    snprintf(line, sizeof(line), "%s ! %.200s\n", time, text) :
	    snprintf(line, sizeof(line), "! %s %.200s\n", time, text);
	buf_append(out, line, (size_t)n);
}

void
transcript_skip(struct transcript *t, enum transcript_way way, uint64_t n)
{
	t->at[way] += n;
}
