/*
 * Text in and out: words split as by sh(1) without expansion, and bytes made
 * safe to print.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>

#include "base/why.h"

/*
 * Split one line: '…', "…" (in which \" \\ are escapes) and \ quote, `#` at a
 * word's start begins a comment.  Returns the number of words and a
 * NULL-terminated array in *argv (free with words_free), or -1 + FAULT_USAGE
 * for an unfinished quote.
 */
int words_split(const char *line, char ***argv, struct why *why);
void words_free(char **argv);

/*
 * Spell `text` on one line by vis(3) (VIS_CSTYLE|VIS_NL|VIS_TAB… but a space
 * stays a space), into out, cut to fit.  Returns out.
 */
char *words_vis(const char *text, char *out, size_t size);

/*
 * `text` as a JSON string with its quotes (RFC 8259 7), without a control
 * character in it; the caller frees.
 */
char *words_json(const char *text);

/*
 * Of the NULL-terminated `candidates` the one nearest to `word`, or NULL
 * where none is near enough to suggest (at most 2 edits, a third of it).
 */
const char *words_nearest(const char *word, const char *const *candidates);

/*
 * `path` made absolute against cwd, which may be NULL where it is so already;
 * "/x/./y" is left as it is.  The caller frees.
 */
char *words_absolute(const char *cwd, const char *path);
/*
 * An absolute path without `//', `/./' and a trailing slash, in place: what
 * may be dropped without asking the file system, so that `sess' and `./sess/'
 * are the same.
 */
void words_tidy(char *path);

#endif
