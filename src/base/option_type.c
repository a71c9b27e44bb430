#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option_type.h"
#include "base/url.h"
#include "base/words.h"
#include "base/xalloc.h"

#define SHOWN	60	/* room for what an error quotes of a value */

static void
int_put(union option_slot *v, int64_t n)
{
	v->number = (int)n;
}

static int64_t
int_get(const union option_slot *v)
{
	return v->number;
}

static void
size_put(union option_slot *v, int64_t n)
{
	v->size = (size_t)n;
}

static int64_t
size_get(const union option_slot *v)
{
	return (int64_t)v->size;
}

static void
mode_put(union option_slot *v, int64_t n)
{
	v->mode = (mode_t)n;
}

static int64_t
mode_get(const union option_slot *v)
{
	return v->mode;
}

void
option_span(const struct option_row *row, const char *to, char *out,
    size_t size)
{
	char min[NUMBER_TEXT], max[NUMBER_TEXT];

	option_type(row)->spell(row->min, min, sizeof(min));
	option_type(row)->spell(row->max, max, sizeof(max));
	snprintf(out, size, "%s%s%s", min, to, max);
}

static int
number_fail(const struct option_row *row, const char *text, struct why *why)
{
	char shown[SHOWN], span[2 * NUMBER_TEXT + 8];

	option_span(row, " to ", span, sizeof(span));
	return why_fail(why, FAULT_USAGE, "\"%s\" is not %s from %s",
	    words_vis(text, shown, sizeof(shown)), option_type(row)->noun,
	    span);
}

static int
number_parse(const struct option_row *row, const struct option_spelling *given,
    union option_slot *v, struct why *why)
{
	int64_t n;

	if (option_type(row)->read(given->text, &n) == -1 ||
	    n < row->min || n > row->max)
		return number_fail(row, given->text, why);
	option_type(row)->put(v, n);
	return 0;
}

static void
number_print(const struct option_row *row, const union option_slot *v,
    char *out, size_t size)
{
	option_type(row)->spell(option_type(row)->get(v), out, size);
}

/* "0.1..30": two times. */
static int
range_parse(const struct option_row *row, const struct option_spelling *given,
    union option_slot *v, struct why *why)
{
	const char *dots = strstr(given->text, "..");
	char low[NUMBER_TEXT], shown[SHOWN];
	int64_t n[2];

	if (dots == NULL || (size_t)(dots - given->text) >= sizeof(low))
		return number_fail(row, given->text, why);
	memcpy(low, given->text, (size_t)(dots - given->text));
	low[dots - given->text] = '\0';
	if (number_read_time(low, &n[0]) == -1 ||
	    number_read_time(dots + 2, &n[1]) == -1 ||
	    n[0] < row->min || n[1] < row->min ||
	    n[0] > row->max || n[1] > row->max)
		return number_fail(row, given->text, why);
	if (n[0] > n[1])
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" has its greater end first",
		    words_vis(given->text, shown, sizeof(shown)));
	v->pair[0] = (int)n[0];
	v->pair[1] = (int)n[1];
	return 0;
}

static void
range_print(const struct option_row *row, const union option_slot *v, char *out,
    size_t size)
{
	char low[NUMBER_TEXT], high[NUMBER_TEXT];

	(void)row;
	number_spell_time(v->pair[0], low, sizeof(low));
	number_spell_time(v->pair[1], high, sizeof(high));
	snprintf(out, size, "%s..%s", low, high);
}

/* Words of a list: "now|on-demand" */

/* Which of the words `text` is; -1 where none. */
static int
choice_index(const char *choices, const char *text)
{
	size_t length = strlen(text), n;
	int i;

	for (i = 0;; i++) {
		n = strcspn(choices, "|");
		if (n == length && strncmp(choices, text, n) == 0)
			return i;
		if (choices[n] == '\0')
			return -1;
		choices += n + 1;
	}
}

void
option_choices(const char *choices, const char *between, char *out,
    size_t size)
{
	char one[2] = "";

	out[0] = '\0';
	for (; *choices != '\0'; choices++) {
		one[0] = *choices;
		strlcat(out, *choices == '|' ? between : one, size);
	}
}

static int
choice_fail(const char *choices, const char *text, struct why *why)
{
	char shown[SHOWN], words[128];
	const char *bar = strchr(choices, '|');
	bool two = bar != NULL && strchr(bar + 1, '|') == NULL;

	option_choices(choices, two ? " nor " : ", ", words, sizeof(words));
	return why_fail(why, FAULT_USAGE, "\"%s\" is %s %s",
	    words_vis(text, shown, sizeof(shown)),
	    two ? "neither" : "none of", words);
}

static int
choice_parse(const struct option_row *row, const struct option_spelling *given,
    union option_slot *v, struct why *why)
{
	v->number = choice_index(row->choices, given->text);
	if (v->number == -1)
		return choice_fail(row->choices, given->text, why);
	return 0;
}

static void
choice_print(const struct option_row *row, const union option_slot *v,
    char *out, size_t size)
{
	const char *word = row->choices, *bar;
	size_t n;
	int i;

	for (i = 0; i < v->number; i++) {
		bar = strchr(word, '|');
		word = bar == NULL ? "" : bar + 1;
	}
	n = strcspn(word, "|") + 1;
	strlcpy(out, word, n < size ? n : size);
}

static int
bool_parse(const struct option_row *row, const struct option_spelling *given,
    union option_slot *v, struct why *why)
{
	int i = choice_index("yes|no", given->text);

	(void)row;
	if (i == -1)
		return choice_fail("yes|no", given->text, why);
	v->yes = i == 0;
	return 0;
}

static void
bool_print(const struct option_row *row, const union option_slot *v, char *out,
    size_t size)
{
	(void)row;
	strlcpy(out, v->yes ? "yes" : "no", size);
}

/* Strings */

/* Takes over `text`, which may be NULL. */
static int
string_take(union option_slot *v, char *text, struct why *why)
{
	v->text = text;
	if (text != NULL && strlen(text) > OPTION_TEXT_MAX)
		return why_fail(why, FAULT_USAGE, "longer than %d bytes",
		    OPTION_TEXT_MAX);
	return 0;
}

static int
string_parse(const struct option_row *row, const struct option_spelling *given,
    union option_slot *v, struct why *why)
{
	(void)row;
	return string_take(v,
	    given->text[0] == '\0' ? NULL : xstrdup(given->text), why);
}

static int
path_parse(const struct option_row *row, const struct option_spelling *given,
    union option_slot *v, struct why *why)
{
	char shown[SHOWN];

	if (given->text[0] == '\0' || given->text[0] == '/')
		return string_parse(row, given, v, why);
	if (given->cwd == NULL)
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" is a relative path; give an absolute one",
		    words_vis(given->text, shown, sizeof(shown)));
	return string_take(v, words_absolute(given->cwd, given->text), why);
}

/* Does this word name a relative path, as scheme:PATH?  Where it begins. */
static const char *
endpoint_relative(const char *word)
{
	struct url u = { 0 };
	struct why why;
	const char *path = NULL;

	if (url_parse(&u, word, &why) == -1)
		return NULL;
	if (u.host == NULL && strchr("/@", u.rest[0]) == NULL)
		path = word + strlen(u.scheme) + 1;
	url_clear(&u);
	return path;
}

static char *
endpoint_absolute(const char *word, const char *cwd, struct why *why)
{
	const char *path = endpoint_relative(word);
	char *absolute, *whole;

	if (path == NULL)
		return xstrdup(word);
	if (cwd == NULL) {
		why_fail(why, FAULT_USAGE, "\"%.80s\": the path must be "
		    "absolute here", word);
		return NULL;
	}
	absolute = words_absolute(cwd, path);
	words_tidy(absolute);
	whole = xasprintf("%.*s%s", (int)(path - word), word, absolute);
	free(absolute);
	return whole;
}

static int
endpoints_parse(const struct option_row *row,
    const struct option_spelling *given, union option_slot *v, struct why *why)
{
	char *copy = xstrdup(given->text), *rest = copy, *list = NULL;
	char *word, *one = copy, *more;

	(void)row;
	while (one != NULL && (word = strsep(&rest, ", \t")) != NULL) {
		if (*word == '\0')
			continue;
		one = endpoint_absolute(word, given->cwd, why);
		if (one == NULL)
			break;
		more = list == NULL ? xstrdup(one) :
		    xasprintf("%s,%s", list, one);
		free(list);
		free(one);
		list = more;
	}
	free(copy);
	if (one != NULL)
		return string_take(v, list, why);
	free(list);
	return -1;
}

static void
string_print(const struct option_row *row, const union option_slot *v,
    char *out, size_t size)
{
	(void)row;
	strlcpy(out, v->text == NULL ? "" : v->text, size);
}

static void
string_clear(union option_slot *v)
{
	free(v->text);
}

static const struct option_type_row types[] = {
	[OPTION_BOOL] = {
		.size = sizeof(bool), .unit = "yes | no",
		.parse = bool_parse, .print = bool_print,
	},
	[OPTION_INT] = {
		.size = sizeof(int),
		.noun = "a whole number", .unit = "number",
		.parse = number_parse, .print = number_print,
		.read = number_read_int, .spell = number_spell_int,
		.put = int_put, .get = int_get,
	},
	[OPTION_SIZE] = {
		.size = sizeof(size_t),
		.noun = "a size in bytes (512, 64K, 1M)",
		.unit = "bytes (K, M, G)",
		.parse = number_parse, .print = number_print,
		.read = number_read_size, .spell = number_spell_size,
		.put = size_put, .get = size_get,
	},
	[OPTION_TIME] = {
		.size = sizeof(int),
		.noun = "a number of seconds", .unit = "seconds",
		.parse = number_parse, .print = number_print,
		.read = number_read_time, .spell = number_spell_time,
		.put = int_put, .get = int_get,
	},
	[OPTION_RANGE] = {
		.size = sizeof(int[2]),
		.noun = "a range LOW..HIGH of seconds",
		.unit = "seconds LOW..HIGH",
		.parse = range_parse, .print = range_print,
		.spell = number_spell_time,
	},
	[OPTION_CHOICE] = {
		.size = sizeof(int),
		.parse = choice_parse, .print = choice_print,
	},
	[OPTION_MODE] = {
		.size = sizeof(mode_t),
		.noun = "an octal mode", .unit = "octal mode",
		.parse = number_parse, .print = number_print,
		.read = number_read_mode, .spell = number_spell_mode,
		.put = mode_put, .get = mode_get,
	},
	[OPTION_STRING] = {
		.size = sizeof(char *), .unit = "text",
		.parse = string_parse, .print = string_print,
		.clear = string_clear,
	},
	[OPTION_PATH] = {
		.size = sizeof(char *), .unit = "path",
		.parse = path_parse, .print = string_print,
		.clear = string_clear,
	},
	[OPTION_ENDPOINTS] = {
		.size = sizeof(char *), .unit = "endpoints",
		.parse = endpoints_parse, .print = string_print,
		.clear = string_clear,
	},
};

const struct option_type_row *
option_type(const struct option_row *row)
{
	return &types[row->type];
}
