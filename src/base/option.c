#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "base/option_type.h"
#include "base/words.h"
#include "base/xalloc.h"

#define SHOWN	60	/* room for what an error quotes */

static char *
row_place(const struct option_group *group, const struct option_row *row,
    const void *base)
{
	return (char *)(uintptr_t)base + group->offset + row->offset;
}

/*
 * Slots go in and out of a module's struct by memcpy(3): a choice may be
 * declared there as an enum, which is not an int to the compiler.
 */
static void
slot_load(union option_slot *v, const struct option_row *row, const char *place)
{
	memcpy(v, place, option_type(row)->size);
}

/* Put v into its place and free what was there. */
static void
slot_store(const union option_slot *v, const struct option_row *row,
    char *place)
{
	union option_slot old;

	slot_load(&old, row, place);
	if (option_type(row)->clear != NULL)
		option_type(row)->clear(&old);
	memcpy(place, v, option_type(row)->size);
}

/*
 * Empty is how an option whose default is empty is unset, so no check sees
 * it; where there is a default, an empty value has to pass the check.
 */
static bool
wants_check(const struct option_row *row, const char *text)
{
	if (row->check == NULL)
		return false;
	return text[0] != '\0' || (row->value != NULL && row->value[0] != '\0');
}

/* Parse, check, and only then replace what is there. */
static int
row_set(const struct option_row *row, char *place,
    const struct option_spelling *given, struct why *why)
{
	const struct option_type_row *type = option_type(row);
	union option_slot v = { 0 };

	if (row->never_empty && given->text[0] == '\0') {
		why_fail(why, FAULT_USAGE, "an empty value; leave the option "
		    "out where it is not wanted");
		goto fail;
	}
	if (type->parse(row, given, &v, why) == -1)
		goto fail;
	if (wants_check(row, given->text) &&
	    row->check(given->text, why) == -1)
		goto fail;
	slot_store(&v, row, place);
	return 0;

fail:
	if (type->clear != NULL)
		type->clear(&v);
	if (why != NULL)
		why->fault = FAULT_USAGE;
	return why_prefix(why, "%s", row->name);
}

void
option_init(const struct option_group *groups, void *base)
{
	const struct option_row *row;
	struct option_spelling given = { NULL, NULL };
	struct why why;

	for (; groups->title != NULL; groups++) {
		for (row = groups->rows; row < groups->rows + groups->nrows;
		    row++) {
			given.text = row->value;
			if (given.text != NULL && row_set(row,
			    row_place(groups, row, base), &given, &why) == -1)
				errx(1, "default of %s", why.text);
		}
	}
}

void
option_clear(const struct option_group *groups, void *base)
{
	const struct option_row *row;
	const union option_slot nothing = { .pair = { 0, 0 } };

	for (; groups->title != NULL; groups++)
		for (row = groups->rows; row < groups->rows + groups->nrows;
		    row++)
			slot_store(&nothing, row,
			    row_place(groups, row, base));
}

void
option_copy(const struct option_group *groups, void *dst, const void *src)
{
	const struct option_row *row;
	union option_slot v;

	for (; groups->title != NULL; groups++) {
		for (row = groups->rows; row < groups->rows + groups->nrows;
		    row++) {
			slot_load(&v, row, row_place(groups, row, src));
			if (option_type(row)->clear != NULL)
				v.text = xstrdup(v.text);
			slot_store(&v, row, row_place(groups, row, dst));
		}
	}
}

/* Every name there is, NULL-terminated; free(3) the array alone. */
static const char **
option_names(const struct option_group *groups)
{
	const struct option_group *group;
	const char **names;
	size_t i, n = 0;

	for (group = groups; group->title != NULL; group++)
		n += group->nrows;
	names = xcalloc(n + 1, sizeof(*names));
	n = 0;
	for (group = groups; group->title != NULL; group++)
		for (i = 0; i < group->nrows; i++)
			names[n++] = group->rows[i].name;
	return names;
}

static void
option_unknown(const struct option_group *groups, const char *name,
    struct why *why)
{
	const char **names = option_names(groups);
	const char *nearest = words_nearest(name, names);
	char shown[SHOWN];

	words_vis(*name != '\0' ? name : "\"\"", shown, sizeof(shown));
	if (nearest == NULL)
		why_fail(why, FAULT_USAGE, "%s: no such option; fifoctl help "
		    "options lists them", shown);
	else
		why_fail(why, FAULT_USAGE,
		    "%s: no such option (did you mean %s?)", shown, nearest);
	free(names);
}

const struct option_row *
option_find(const struct option_group *groups, const char *name,
    const struct option_group **group, struct why *why)
{
	const struct option_group *g;
	size_t i;

	for (g = groups; g->title != NULL; g++) {
		for (i = 0; i < g->nrows; i++) {
			if (strcmp(g->rows[i].name, name) != 0)
				continue;
			if (group != NULL)
				*group = g;
			return &g->rows[i];
		}
	}
	option_unknown(groups, name, why);
	return NULL;
}

int
option_set(const struct option_group *groups, void *base, const char *key,
    const char *value, const char *cwd, struct why *why)
{
	const struct option_spelling given = { value, cwd };
	const struct option_group *group;
	const struct option_row *row;

	row = option_find(groups, key, &group, why);
	if (row == NULL)
		return -1;
	return row_set(row, row_place(group, row, base), &given, why);
}

int
option_assign(const struct option_group *groups, void *base,
    const char *assignment, const char *cwd, struct why *why)
{
	size_t n = strcspn(assignment, "=");
	char *key, shown[SHOWN];
	int result;

	words_vis(assignment, shown, sizeof(shown));
	if (*assignment == '\0')
		return why_fail(why, FAULT_USAGE,
		    "an empty option; write KEY=VALUE");
	if (assignment[n] == '\0')
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" has no value; write %s=VALUE", shown, shown);
	if (n == 0)
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" has no option before the =", shown);
	key = xasprintf("%.*s", (int)n, assignment);
	result = option_set(groups, base, key, assignment + n + 1, cwd, why);
	free(key);
	return result;
}

char *
option_text(const struct option_group *group, const struct option_row *row,
    const void *base, char *out, size_t size)
{
	union option_slot v;

	slot_load(&v, row, row_place(group, row, base));
	option_type(row)->print(row, &v, out, size);
	return out;
}

/* A string that is not there is an empty one. */
static bool
text_is_same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

bool
option_is_same(const struct option_group *group, const struct option_row *row,
    const void *a, const void *b)
{
	union option_slot x, y;

	slot_load(&x, row, row_place(group, row, a));
	slot_load(&y, row, row_place(group, row, b));
	if (option_type(row)->clear != NULL)
		return text_is_same(x.text, y.text);
	return memcmp(&x, &y, option_type(row)->size) == 0;
}

char *
option_range(const struct option_row *row, char *out, size_t size)
{
	const struct option_type_row *type = option_type(row);
	char span[2 * NUMBER_TEXT + 8];

	if (row->type == OPTION_CHOICE) {
		option_choices(row->choices, " | ", out, size);
	} else if (type->spell != NULL) {
		option_span(row, " to ", span, sizeof(span));
		snprintf(out, size, "%s, %s", type->unit, span);
	} else {
		snprintf(out, size, "%s", type->unit);
	}
	return out;
}
