#include <string.h>

#include "framing/dot.h"

enum {
	DOT_BEGIN,              /* of a line */
	DOT_DOT,                /* it begins with a dot */
	DOT_DOT_CR,             /* and a CR */
	DOT_TEXT,
	DOT_TEXT_CR,            /* text whose last byte is a CR */
};

enum {
	DOT_ANY,                /* no line has ended yet */
	DOT_CRLF,
	DOT_LF,
};

/* After an LF: is it the end of a line, and of the text? */
static bool
dot_line_ends(struct dot *d)
{
	bool cr = d->place == DOT_TEXT_CR || d->place == DOT_DOT_CR;
	bool dot = d->place == DOT_DOT || d->place == DOT_DOT_CR;

	if (d->style == DOT_ANY)
		d->style = cr ? DOT_CRLF : DOT_LF;
	if (d->style == DOT_CRLF && !cr) {
		d->place = DOT_TEXT;
		return false;
	}
	d->place = DOT_BEGIN;
	return dot;
}

/* Any byte but LF. */
static void
dot_step(struct dot *d, uint8_t c)
{
	if (d->place == DOT_BEGIN && c == '.')
		d->place = DOT_DOT;
	else if (d->place == DOT_DOT && c == '\r')
		d->place = DOT_DOT_CR;
	else
		d->place = c == '\r' ? DOT_TEXT_CR : DOT_TEXT;
}

/* The part of a line that is there, without its LF. */
static void
dot_part(struct dot *d, const uint8_t *data, size_t size)
{
	size_t i;

	for (i = 0; i < size && d->place < DOT_TEXT; i++)
		dot_step(d, data[i]);
	if (i < size)
		dot_step(d, data[size - 1]);
}

size_t
dot_take(struct dot *d, const uint8_t *data, size_t size, bool *found)
{
	const uint8_t *lf;
	size_t i = 0;

	for (*found = false; i < size && !*found;) {
		lf = memchr(data + i, '\n', size - i);
		dot_part(d, data + i, lf == NULL ? size - i :
		    (size_t)(lf - data) - i);
		i = lf == NULL ? size : (size_t)(lf - data) + 1;
		*found = lf != NULL && dot_line_ends(d);
	}
	return i;
}
