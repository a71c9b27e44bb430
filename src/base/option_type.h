/*
 * The types of options, one row each: how a value is stored, read, spelled,
 * described and freed.  For option.c alone.
 */
#ifndef BASE_OPTION_TYPE_H
#define BASE_OPTION_TYPE_H

#include <sys/types.h>

#include "base/number.h"
#include "base/option.h"

/* One value of any type, as it is stored. */
union option_slot {
	bool yes;
	int number;
	int pair[2];
	size_t size;
	mode_t mode;
	char *text;
};

/* A value as the user gave it; paths in it are meant from cwd. */
struct option_spelling {
	const char *text;
	const char *cwd;
};

/*
 * One row per enum option_type.  A number is read into an int64_t and checked
 * there, before put() narrows it to what is stored.
 */
struct option_type_row {
	size_t size;		/* of what is stored */
	const char *noun;	/* "VALUE is not NOUN from MIN to MAX" */
	const char *unit;	/* "UNIT, MIN to MAX"; alone where no number */
	/* A spelling into a zeroed slot: 0, or -1 + why. */
	int (*parse)(const struct option_row *row,
	    const struct option_spelling *given, union option_slot *v,
	    struct why *why);
	/* ... and back. */
	void (*print)(const struct option_row *row, const union option_slot *v,
	    char *out, size_t size);
	/* Numbers: text to number (-1 where it is none), and back. */
	int (*read)(const char *text, int64_t *n);
	void (*spell)(int64_t n, char *out, size_t size);
	void (*put)(union option_slot *v, int64_t n);
	int64_t (*get)(const union option_slot *v);
	/* Free what the slot owns; NULL where it owns nothing. */
	void (*clear)(union option_slot *v);
};

const struct option_type_row *option_type(const struct option_row *row);

/* A numeric row's limits, "0.1 to 3600", with `to` between them. */
void option_span(const struct option_row *row, const char *to, char *out,
    size_t size);
/* The words of a choice with `between` in place of each bar. */
void option_choices(const char *choices, const char *between, char *out,
    size_t size);

#endif
