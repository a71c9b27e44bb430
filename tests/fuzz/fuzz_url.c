/*
 * An endpoint and an option, as anyone may type them: an endpoint that is
 * taken has its parts; an option that is taken comes out as text that is
 * taken again and means the same.
 */
#include <limits.h>
#include <sys/types.h>

#include "base/option.h"
#include "base/url.h"
#include "fuzz.h"

struct sample {
	bool b;
	int i, t, c;
	size_t z;
	int r[2];
	mode_t m;
	char *s, *p;
};

#define ROW(key, what, from, to, words)					\
	{ .name = #key, .type = what, .offset = offsetof(struct sample, key), \
	    .min = from, .max = to, .choices = words }

static const struct option_row rows[] = {
	ROW(b, OPTION_BOOL, 0, 0, NULL),
	ROW(i, OPTION_INT, INT_MIN, INT_MAX, NULL),
	ROW(t, OPTION_TIME, 0, INT_MAX, NULL),
	ROW(c, OPTION_CHOICE, 0, 0, "now|on-demand|never"),
	ROW(z, OPTION_SIZE, 0, INT64_MAX, NULL),
	ROW(r, OPTION_RANGE, 0, INT_MAX, NULL),
	ROW(m, OPTION_MODE, 0, 07777, NULL),
	ROW(s, OPTION_STRING, 0, 0, NULL),
	ROW(p, OPTION_PATH, 0, 0, NULL),
};

static const struct option_group groups[] = {
	{ "sample", rows, sizeof(rows) / sizeof(rows[0]), 0 },
	{ NULL, NULL, 0, 0 },
};

static void
try_url(const char *text)
{
	static const struct url zero;
	struct url u = { 0 };
	struct why why;

	if (url_parse(&u, text, &why) == -1) {
		must(memcmp(&u, &zero, sizeof(u)) == 0);
		must(why.fault == FAULT_USAGE && why.text[0] != '\0');
		return;
	}
	must(strcmp(u.text, text) == 0 && u.scheme[0] != '\0');
	/* Anywhere is where the side that waits may be. */
	must(u.host == NULL || u.host[0] != '\0' ||
	    strstr(u.scheme, "-listen") != NULL);
	/* vsock's has a check of its own. */
	must(u.port == NULL || (u.host != NULL && (u.port[0] != '\0' ||
	    strncmp(u.scheme, "vsock", 5) == 0)));
	must(strstr(text, u.rest) != NULL);
	url_clear(&u);
}

static void
try_option(const char *text)
{
	size_t i, size = strlen(text) + 64;
	char *first = xcalloc(size, 1), *second = xcalloc(size, 1);
	struct sample a = { 0 }, b = { 0 };
	struct why why;

	if (option_assign(groups, &a, text, "/cwd", &why) == -1)
		must(why.fault == FAULT_USAGE && why.text[0] != '\0');
	for (i = 0; i < groups->nrows; i++) {
		option_text(groups, &rows[i], &a, first, size);
		must(option_set(groups, &b, rows[i].name, first, NULL,
		    &why) == 0);
		option_text(groups, &rows[i], &b, second, size);
		must(strcmp(first, second) == 0);
	}
	option_clear(groups, &a);
	option_clear(groups, &b);
	free(first);
	free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xcalloc(size + 1, 1);

	memcpy(text, data, size);
	try_url(text);
	try_option(text);
	free(text);
	return 0;
}
