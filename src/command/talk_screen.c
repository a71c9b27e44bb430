/*
 * What the peer says, above the line that is typed.
 *
 * libedit believes that its prompt begins a row, and tells nobody in which
 * row the cursor is; that is computed here as libedit draws (refresh.c): rows
 * are broken at the terminal's width, tabs are spaces, control characters are
 * ^X.  To show something: up to the prompt's row, clear what is below, print
 * all lines that have ended, and let libedit draw prompt and line again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wctype.h>

#include "command/talk_internal.h"

#define COLUMNS 80      /* of a terminal that does not say */

/* Where the next character goes, from the prompt's beginning on. */
struct place {
	int columns;    /* of a row */
	int row, column;
};

static int
screen_columns(const struct screen *s)
{
	int columns = 0;

	if (el_get(s->el, EL_GETTC, "co", &columns) != 0 || columns < 2)
		return COLUMNS;
	return columns;
}

static int
screen_rows(const struct screen *s)
{
	int rows = 0;

	if (el_get(s->el, EL_GETTC, "li", &rows) != 0 || rows < 1)
		return 1;
	return rows;
}

static void
place_row(struct place *p)
{
	p->row++;
	p->column = 0;
}

static void
place_width(struct place *p, int width)
{
	if (p->column + width > p->columns)
		place_row(p);
	p->column += width;
	if (p->column >= p->columns)
		place_row(p);
}

/* As re_addc() and ct_visual_width() of libedit. */
static void
place_add(struct place *p, wchar_t c)
{
	int width;

	if (c == L'\n') {
		place_row(p);
	} else if (c == L'\t') {
		do
			place_width(p, 1);
		while (p->column % 8 != 0);
	} else if (iswprint((wint_t)c)) {
		width = wcwidth(c);
		place_width(p, width > 0 ? width : 0);
	} else {
		for (width = c < 0x80 ? 2 : c > 0xffff ? 8 : 7; width > 0;
		    width--)
			place_width(p, 1);
	}
}

static struct place
place_of(const struct screen *s, const wchar_t *from, const wchar_t *to)
{
	struct place p = { .columns = screen_columns(s) };
	const wchar_t *c;

	for (c = screen_prompt((struct screen *)s); *c != L'\0'; c++)
		place_add(&p, *c);
	for (c = from; c < to; c++)
		place_add(&p, *c);
	return p;
}

static struct place
place_of_cursor(const struct screen *s)
{
	const LineInfoW *line = el_wline(s->el);

	return place_of(s, line->buffer, line->cursor);
}

/* What cannot be shown is lost; the terminal has gone, and we shall hear. */
static void
screen_flush(struct screen *s)
{
	ssize_t n = 0;

	for (; buf_length(&s->out) > 0 && n >= 0; buf_drain(&s->out, n)) {
		n = write(STDOUT_FILENO, buf_peek(&s->out),
		    buf_length(&s->out));
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			break;
	}
	buf_clear(&s->out);
}

static void
screen_say(struct screen *s, const char *text)
{
	buf_append(&s->out, text, strlen(text));
}

/* Clear prompt and line; the cursor is where the prompt began. */
static void
screen_hide(struct screen *s)
{
	struct place p = place_of_cursor(s);
	int up = p.row, rows = screen_rows(s);
	char sequence[16];

	if (up > rows - 1)
		up = rows - 1;
	if (up > 0) {
		snprintf(sequence, sizeof(sequence), "\033[%dA", up);
		screen_say(s, sequence);
	}
	screen_say(s, "\r\033[J");
}

wchar_t *
screen_prompt(struct screen *s)
{
	static wchar_t prompt[128];

	s->line[s->length] = L'\0';
	if (s->length > 0)
		return s->line;
	wcsncpy(prompt, s->prompt, sizeof(prompt) / sizeof(prompt[0]) - 1);
	return prompt;
}

/* Print the first n characters of the peer's line, as a line. */
static void
screen_print(struct screen *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		spell_append(&s->out, s->line[i]);
	screen_say(s, "\n");
	s->length -= n;
	wmemmove(s->line, s->line + n, s->length);
}

/* Rows that are full need not be drawn again: print them. */
static void
screen_settle(struct screen *s)
{
	struct place p = { .columns = screen_columns(s) };
	size_t settled = 0;
	int row;

	for (size_t i = 0; i < s->length; i++) {
		row = p.row;
		place_add(&p, s->line[i]);
		if (p.row == row)
			continue;
		/* Did it fill the row, or find no place in it? */
		settled = p.column == 0 ? i + 1 : i;
	}
	if (settled > 0 && settled < s->length)
		screen_print(s, settled);
}

static void
screen_append(struct screen *s, wchar_t c)
{
	if (s->length == SCREEN_LINE)
		screen_settle(s);
	if (s->length == SCREEN_LINE)
		screen_print(s, s->length);
	s->line[s->length++] = c;
}

/* libedit's prompt knows no tabs. */
static void
screen_tab(struct screen *s)
{
	struct place p = { .columns = screen_columns(s) };

	for (size_t i = 0; i < s->length; i++)
		place_add(&p, s->line[i]);
	do
		screen_append(s, L' ');
	while (++p.column % 8 != 0);
}

/* spell_put: the next character that the peer says. */
static void
screen_put(void *arg, wchar_t c)
{
	struct screen *s = arg;

	if (c == L'\r') {
		s->returned = true;
		return;
	}
	/* A line that is written anew: how far it has come, as a rule. */
	if (s->returned && c != L'\n')
		s->length = 0;
	s->returned = false;
	if (c == L'\n')
		screen_print(s, s->length);
	else if (c == L'\t')
		screen_tab(s);
	else
		screen_append(s, c);
}

static void
screen_draw(struct screen *s)
{
	screen_settle(s);
	screen_flush(s);
	if (s->typing)
		el_set(s->el, EL_REFRESH);
}

void
screen_show(struct screen *s, const uint8_t *bytes, size_t n)
{
	if (s->typing)
		screen_hide(s);
	spell_bytes(&s->spell, bytes, n, screen_put, s);
	screen_draw(s);
}

void
screen_end(struct screen *s)
{
	if (s->typing)
		screen_hide(s);
	spell_end(&s->spell, screen_put, s);
	if (s->length > 0)
		screen_print(s, s->length);
	screen_flush(s);
}

void
screen_entered(struct screen *s)
{
	s->length = 0;
	s->returned = false;
}

void
screen_redraw(struct screen *s)
{
	if (!s->typing)
		return;
	screen_hide(s);
	screen_draw(s);
}

void
screen_begin(struct screen *s)
{
	if (!s->typing)
		return;
	screen_say(s, "\r");
	screen_draw(s);
}

void
screen_leave_line(struct screen *s, const char *mark)
{
	const LineInfoW *line = el_wline(s->el);
	int down = place_of(s, line->buffer, line->lastchar).row -
	    place_of_cursor(s).row;

	screen_say(s, mark);
	for (screen_say(s, "\n"); down > 0; down--)
		screen_say(s, "\n");
	screen_flush(s);
}

void
screen_clear(struct screen *s)
{
	buf_clear(&s->out);
}
