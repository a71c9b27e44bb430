/* Lines to steps: words, numbers, strings with escapes. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer_script.h"

static struct step *steps;
static size_t step_count;
static unsigned int for_first = 1, for_last = UINT32_MAX;

static int
hex_digit(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* One escape behind its backslash; moves *from behind it. */
static uint8_t
escape_parse(const char **from)
{
	static const char names[] = "abefnrtv0";
	static const char values[] = "\a\b\033\f\n\r\t\v";
	const char *s = *from;
	const char *at;

	if (s[0] == 'x' && isxdigit((unsigned char)s[1]) &&
	    isxdigit((unsigned char)s[2])) {
		*from += 3;
		return hex_digit((unsigned char)s[1]) * 16 +
		    hex_digit((unsigned char)s[2]);
	}
	if (s[0] == '\0')
		die("script: a line ends in a backslash");
	*from += 1;
	at = strchr(names, s[0]);
	return at != NULL ? values[at - names] : s[0];
}

static void
text_parse(struct step *s, const char *from, bool escapes)
{
	size_t n = strlen(from);
	const char *end = from + n;

	if (n >= 2 && from[0] == '"' && end[-1] == '"') {
		from++;
		end--;
	}
	s->text = xmalloc(n + 1);
	while (from < end) {
		s->text[s->length] = *from++;
		if (escapes && s->text[s->length] == '\\')
			s->text[s->length] = escape_parse(&from);
		s->length++;
	}
	s->text[s->length] = '\0';
}

/* Takes the word at *from and the one blank behind it. */
static void
word_parse(const char **from, char *word, size_t size)
{
	size_t n = strcspn(*from, " \t");

	snprintf(word, size, "%.*s", (int)n, *from);
	*from += n + ((*from)[n] != '\0');
}

/* "connection 2", "2+" or "*": which ones the next steps are for. */
static void
connection_parse(const char *from)
{
	char *end;

	for_first = 1;
	for_last = UINT32_MAX;
	if (strcmp(from, "*") == 0)
		return;
	for_first = strtoul(from, &end, 10);
	if (end == from || (*end != '\0' && strcmp(end, "+") != 0))
		die("script: connection %s: not N, N+ or *", from);
	if (*end == '\0')
		for_last = for_first;
}

static void
operands_parse(struct step *s, const char *line)
{
	const char *o = s->verb->operands;
	size_t numbers = 0;
	char word[32];

	for (; *o == 'n'; o++, numbers++) {
		word_parse(&line, word, sizeof word);
		if (word[0] != '\0' &&
		    number_parse(word, &s->number[numbers]) == -1)
			die("script: %s: %s is no number", s->verb->name, word);
	}
	if (*o == '\0' && line[strspn(line, " \t")] != '\0')
		die("script: %s: not understood: %s", s->verb->name, line);
	if (*o != '\0')
		text_parse(s, line, *o == 's');
}

void
script_add(const char *line)
{
	const struct verb *verb;
	struct step *s;
	char word[32];

	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return;
	word_parse(&line, word, sizeof word);
	if (strcmp(word, "connection") == 0) {
		connection_parse(line);
		return;
	}
	verb = verb_find(word);
	if (verb == NULL)
		die("script: %s: no such step", word);
	steps = realloc(steps, (step_count + 1) * sizeof *steps);
	if (steps == NULL)
		die("%s", strerror(errno));
	s = &steps[step_count++];
	*s = (struct step){ .verb = verb, .first = for_first,
		.last = for_last, .line = step_count };
	operands_parse(s, line);
}

void
script_add_file(const char *path)
{
	size_t n;
	char *data = (char *)file_read(path, &n);
	char *at = data, *line;

	while ((line = strsep(&at, "\n")) != NULL)
		script_add(line);
	free(data);
}

void
script_free(void)
{
	for (size_t i = 0; i < step_count; i++)
		free(steps[i].text);
	free(steps);
	steps = NULL;
	step_count = 0;
}

const struct step *
script_step(size_t i)
{
	return i < step_count ? &steps[i] : NULL;
}
