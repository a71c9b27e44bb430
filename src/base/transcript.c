#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

/*
 * The byte at data as vis(3) spells it with VIS_CSTYLE, by hand: that takes
 * some hundred times as long.  What follows the piece may be a digit.  How
 * long it is, at most 4.
 */
static size_t
text_spell(const uint8_t *data, size_t size, char *out)
{
	static const char letters[] = "abtnvfr";        /* from 7 on */
	uint8_t c = data[0];
	bool digit = size < 2 || (data[1] >= '0' && data[1] <= '7');

	out[0] = '\\';
	if (c == '\\' || (c == 0 && !digit) || (c >= 7 && c <= 13)) {
		out[1] = c == '\\' ? '\\' : c == 0 ? '0' : letters[c - 7];
		return 2;
	}
	out[1] = (char)('0' + (c >> 6));
	out[2] = (char)('0' + (c >> 3 & 7));
	out[3] = (char)('0' + (c & 7));
	return 4;
}

/* The bytes of one line, without its end. */
static void
text_line(const uint8_t *data, size_t size, struct buf *out)
{
	char *room = (char *)buf_reserve(out, 4 * size), *p = room;
	size_t i;

	if (room == NULL)
		return;
	for (i = 0; i < size; i++) {
		if (data[i] >= ' ' && data[i] <= '~' && data[i] != '\\')
			*p++ = (char)data[i];
		else
			p += text_spell(data + i, size - i, p);
	}
	buf_commit(out, (size_t)(p - room));
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
hex_digit(uint64_t n)
{
	return "0123456789abcdef"[n & 15];
}

/* "00000010": eight digits, or as many as it takes. */
static char *
hex_place(uint64_t at, char *p)
{
	int shift = 28;

	while (shift < 60 && at >> (shift + 4) != 0)
		shift += 4;
	for (; shift >= 0; shift -= 4)
		*p++ = hex_digit(at >> shift);
	return p;
}

/*
 * "00000010  68 65 6c 6c 6f 0a ...  |hello.|": at most 16 bytes.  By hand:
 * printf(3) takes ten times as long.
 */
static void
hex_row(uint64_t at, const uint8_t *data, size_t size, struct buf *out)
{
	char row[96], *p = hex_place(at, row);
	size_t i;

	*p++ = ' ';
	*p++ = ' ';
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
