/*
 * A line as a configuration file or the control socket may hold it: it is
 * split, spelled and quoted, and what was split must survive being quoted and
 * split again.
 */

/* The header wants to know whose strnvis(3) is meant; strunvis(3) is one. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/words.h"
#include "framing/framing.h"
#include "fuzz.h"

/* The words as one line, each in '…' and its own ' as '\''. */
static char *
quote(char **argv, size_t room)
{
	char *line = xcalloc(room, 1), *o = line;
	const char *p;

	for (; *argv != NULL; argv++) {
		*o++ = '\'';
		for (p = *argv; *p != '\0'; p++) {
			if (*p == '\'')
				o += strlcpy(o, "'\\''", 5);
			else
				*o++ = *p;
		}
		*o++ = '\'';
		*o++ = ' ';
	}
	return line;
}

static void
try_split(const char *line)
{
	char **argv, **again, *quoted;
	struct why why;
	int i, n;

	n = words_split(line, &argv, &why);
	if (n == -1) {
		must(why.fault == FAULT_USAGE && why.text[0] != '\0');
		return;
	}
	quoted = quote(argv, 4 * strlen(line) + 4);
	must(words_split(quoted, &again, &why) == n);
	for (i = 0; i < n; i++)
		must(strcmp(argv[i], again[i]) == 0);
	must(argv[n] == NULL && again[n] == NULL);
	free(quoted);
	words_free(argv);
	words_free(again);
}

extern const struct framing framing_json;

/* By vis(3), and back again. */
static void
try_vis(const char *line)
{
	size_t size = 4 * strlen(line) + 1;
	char *spelled = xcalloc(size, 1), *plain = xcalloc(size, 1);

	words_vis(line, spelled, size);
	must(strchr(spelled, '\n') == NULL);
	must(strunvis(plain, spelled) == (int)strlen(line));
	must(strcmp(plain, line) == 0);
	free(spelled);
	free(plain);
}

/* It is one value of JSON and nothing more, as the framing says. */
static void
try_json(const char *json)
{
	static const struct framing_choice choice = {
		.framing = &framing_json };
	struct framer f = { 0 };
	size_t n = strlen(json);

	framer_start(&f, &choice, NULL);
	must(framer_reply(&f, (const uint8_t *)json, n) == n);
	must(f.phase == FRAMER_END);
	framer_clear(&f);
}

static void
try_spell(const char *line)
{
	static const char *const names[] = { "verify", "mode", "ca", NULL };
	char small[16], *json, *p;
	size_t i;

	words_vis(line, small, sizeof(small));
	for (i = 0; small[i] != '\0'; i++)
		must(small[i] >= ' ' && small[i] <= '~');
	json = words_json(line);
	must(json[0] == '"' && strchr(json, '\0')[-1] == '"');
	for (p = json; *p != '\0'; p++)
		must((unsigned char)*p >= ' ');
	try_json(json);
	free(json);
	try_vis(line);
	words_nearest(line, names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = xcalloc(size + 1, 1);

	memcpy(line, data, size);
	try_split(line);
	try_spell(line);
	free(line);
	return 0;
}
