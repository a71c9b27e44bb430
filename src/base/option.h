/*
 * Options are rows: one row gives an option's name, type, range, default,
 * text and whether it can change on a live session, and drives parsing,
 * checking, help, completions, `status` and the table in the manual.
 *
 * A module keeps the values in a struct of its own and describes them by a
 * table of rows (offset: offsetof in that struct).  A group is such a table
 * placed at an offset of a larger struct; a NULL-titled group ends a list of
 * groups.  `base` below is always the larger struct.
 *
 * How a type is stored:
 *   OPTION_BOOL     bool               yes | no
 *   OPTION_INT      int                decimal, min..max
 *   OPTION_SIZE     size_t, bytes      512, 64K, 1M, 2G; min..max
 *   OPTION_TIME     int, ms            seconds, "15" or "0.1"; min..max in ms
 *   OPTION_RANGE    int[2], ms         "0.1..30": both ends in min..max
 *   OPTION_CHOICE   int                index of the word in `choices`
 *   OPTION_MODE     mode_t             octal, min..max
 *   OPTION_STRING   char *             NULL when empty; owned by the struct
 *   OPTION_PATH     char *             made absolute against cwd; same
 *   OPTION_ENDPOINTS  char *           endpoints (url.h) or other words, with
 *                                      commas or blanks between: of scheme:PATH
 *                                      the path is made absolute; same
 * The last three are at most OPTION_TEXT_MAX bytes long.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

#define OPTION_TEXT_MAX 4095    /* as long as a path may be (Linux) */

enum option_type {
	OPTION_BOOL,
	OPTION_INT,
	OPTION_SIZE,
	OPTION_TIME,
	OPTION_RANGE,
	OPTION_CHOICE,
	OPTION_MODE,
	OPTION_STRING,
	OPTION_PATH,
	OPTION_ENDPOINTS,
};

struct option_row {
	const char *name;
	enum option_type type;
	size_t offset;
	int64_t min, max;               /* numbers; unused for the others */
	const char *choices;            /* "yes|no": OPTION_CHOICE */
	const char *value;              /* the default, as a user writes it */
	bool live;                      /* may `set` change it? */
	const char *text;               /* one sentence: what for */
	/* Further check of a value's text, NULL for none: 0, or -1 + why. */
	int (*check)(const char *value, struct why *why);
	/* Is it there on this system?  0, or -1 + why not; NULL: always. */
	int (*available)(struct why *why);
	bool never_empty;               /* KEY= is refused: where an unset shell
					   variable would switch off a check */
};

struct option_group {
	const char *title;              /* "tls"; NULL ends the list */
	const struct option_row *rows;
	size_t nrows;
	size_t offset;                  /* of the module's struct in `base` */
};

/* Fill a zeroed `base` with every row's default. */
void option_init(const struct option_group *groups, void *base);
/* Free what strings `base` owns and zero it. */
void option_clear(const struct option_group *groups, void *base);
/* dst (zeroed or initialised) becomes a deep copy of src. */
void option_copy(const struct option_group *groups, void *dst,
    const void *src);

/*
 * The row called `name`, its group in *group (may be NULL); or NULL + why:
 * the sentence names the nearest option where there is one.
 */
const struct option_row *option_find(const struct option_group *groups,
    const char *name, const struct option_group **group, struct why *why);

/*
 * Set `key` to the value that `value` spells.  Paths are taken from `cwd`
 * (absolute; NULL: a relative path is refused).  0, or -1 + FAULT_USAGE with
 * a sentence that says what would be right; then `base` is as before.
 */
int option_set(const struct option_group *groups, void *base,
    const char *key, const char *value, const char *cwd, struct why *why);

/* Split "key=value" and do the same. */
int option_assign(const struct option_group *groups, void *base,
    const char *assignment, const char *cwd, struct why *why);

/*
 * The value of one row, spelled as a user would (option_set takes it back),
 * into out.  Returns out.
 */
char *option_text(const struct option_group *group,
    const struct option_row *row, const void *base, char *out, size_t size);

/* Would option_text() say the same of both? */
bool option_is_same(const struct option_group *group,
    const struct option_row *row, const void *a, const void *b);

/* A row's type and range in words: "seconds, 0.1 to 3600", "yes | no". */
char *option_range(const struct option_row *row, char *out, size_t size);

#endif
