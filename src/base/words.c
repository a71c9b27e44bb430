#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* The header wants to know whose strnvis(3) is meant; vis(3) is one for all. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/words.h"
#include "base/xalloc.h"

#define BLANKS		" \t\n"
#define NEAREST_EDITS	2	/* the most edits a suggestion may be away */
#define NEAREST_LENGTH	64	/* longer candidates are never suggested */

/* Is the backslash at p one that quotes?  Not in '…', rarely in "…". */
static bool
escape_at(const char *p, char quote)
{
	if (*p != '\\' || quote == '\'')
		return false;
	return quote == '\0' || p[1] == '"' || p[1] == '\\';
}

/* Copy one word to *out without its quotes and step both past it. */
static int
word_take(const char **line, char **out, struct why *why)
{
	const char *p;
	char *o = *out, quote = '\0', shown[60];

	for (p = *line; *p != '\0'; p++) {
		if (*p == quote)
			quote = '\0';
		else if (quote == '\0' && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (quote == '\0' && strchr(BLANKS, *p) != NULL)
			break;
		else if (!escape_at(p, quote))
			*o++ = *p;
		else if (p[1] != '\0')
			*o++ = *++p;
		else
			quote = *p;
	}
	if (quote != '\0')
		return why_fail(why, FAULT_USAGE,
		    "%s: the %c begins a quote that never ends",
		    words_vis(*line, shown, sizeof(shown)), quote);
	*o++ = '\0';
	*line = p;
	*out = o;
	return 0;
}

/*
 * One allocation holds the pointers and behind them the text: n bytes are at
 * most (n + 1) / 2 words, and unquoted they fit into n + 1 bytes, since each
 * NUL stands where a separator stood.
 */
int
words_split(const char *line, char ***argv, struct why *why)
{
	size_t n = strlen(line), most = (n + 1) / 2 + 1;
	char **words = xcalloc(1, most * sizeof(*words) + n + 1);
	char *out = (char *)(words + most);
	int count = 0;

	*argv = NULL;
	for (;;) {
		line += strspn(line, BLANKS);
		if (*line == '\0' || *line == '#')
			break;
		words[count++] = out;
		if (word_take(&line, &out, why) == -1) {
			words_free(words);
			return -1;
		}
	}
	*argv = words;
	return count;
}

void
words_free(char **argv)
{
	free(argv);
}

char *
words_vis(const char *text, char *out, size_t size)
{
	char one[8];
	size_t n, used = 0;

	if (size == 0)
		return out;
	for (; *text != '\0'; text++) {
		/* Most are plain, and vis(3) is slow. */
		if (*text >= ' ' && *text < 0x7f && *text != '\\') {
			if (size - used < 2)
				break;
			out[used++] = *text;
			continue;
		}
		vis(one, (unsigned char)text[0], VIS_CSTYLE | VIS_NL | VIS_TAB,
		    (unsigned char)text[1]);
		n = strlen(one);
		if (n >= size - used)
			break;
		memcpy(out + used, one, n);
		used += n;
	}
	out[used] = '\0';
	return out;
}

/*
 * The length of the UTF-8 character at p; 0 where there is none: overlong,
 * a surrogate, past U+10FFFF or cut short (RFC 3629 3).
 */
static size_t
utf8_length(const unsigned char *p)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t i, n;

	if (p[0] < 0x80)
		return 1;
	n = (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 :
	    (p[0] & 0xf8) == 0xf0 ? 4 : 0;
	c = n == 0 ? 0 : p[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

/* One of the characters that JSON wants escaped; returns the length. */
static size_t
json_escape(unsigned char c, char *out)
{
	static const char plain[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *found = strchr(plain, c);

	if (found != NULL)
		return (size_t)sprintf(out, "\\%c", names[found - plain]);
	return (size_t)sprintf(out, "\\u%04x", c);
}

/* Bytes that are no UTF-8 become U+FFFD: RFC 8259 8.1 allows nothing else. */
char *
words_json(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	char *json = xcalloc(strlen(text) + 1, sizeof("\\u0000") - 1), *o;
	size_t n;

	o = json;
	*o++ = '"';
	for (; *p != '\0'; p += n ? n : 1) {
		n = utf8_length(p);
		if (n == 0) {
			o += sprintf(o, "\\ufffd");
		} else if (*p < ' ' || *p == 0x7f || *p == '"' ||
		    *p == '\\') {
			o += json_escape(*p, o);
		} else if (*p == 0xc2 && p[1] < 0xa0) {
			/* U+0080 to U+009F: a terminal's, too. */
			o += json_escape(p[1], o);
		} else {
			memcpy(o, p, n);
			o += n;
		}
	}
	*o = '"';
	return json;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/*
 * How many letters to insert, drop, change or swap with their neighbour to
 * make a into b (the "optimal string alignment" distance).  b is at most
 * NEAREST_LENGTH long; rows i, i - 1 and i - 2 of the usual matrix are kept.
 */
static size_t
word_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_LENGTH + 1], *now = rows[0], *last, *before;
	size_t i, j, n = strlen(b);

	for (j = 0; j <= n; j++)
		now[j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		last = rows[(i - 1) % 3];
		before = rows[(i + 1) % 3];
		now = rows[i % 3];
		now[0] = i;
		for (j = 1; j <= n; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
			    last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return now[n];
}

const char *
words_nearest(const char *word, const char *const *candidates)
{
	const char *nearest = NULL;
	size_t n = strlen(word), distance, best, length;

	best = n / 3 < NEAREST_EDITS ? n / 3 : NEAREST_EDITS;
	for (; *candidates != NULL; candidates++) {
		length = strlen(*candidates);
		if (length > NEAREST_LENGTH || n > length + NEAREST_EDITS)
			continue;
		distance = word_distance(word, *candidates);
		if (distance < best || (distance == best && nearest == NULL)) {
			nearest = *candidates;
			best = distance;
		}
	}
	return nearest;
}

char *
words_absolute(const char *cwd, const char *path)
{
	size_t n;

	if (path[0] == '/')
		return xstrdup(path);
	n = strlen(cwd);
	return xasprintf("%s%s%s", cwd, n > 0 && cwd[n - 1] == '/' ? "" : "/",
	    path);
}

void
words_tidy(char *path)
{
	char *in = path, *out = path;
	size_t n;

	while (*in != '\0') {
		in += strspn(in, "/");
		n = strcspn(in, "/");
		if (n > 0 && !(n == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}
