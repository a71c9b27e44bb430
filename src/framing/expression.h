/*
 * Regular expressions, looked at before regcomp(3) is given them: it has no
 * limits.
 */
#ifndef FRAMING_EXPRESSION_H
#define FRAMING_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

struct expression_weight {
	size_t characters;      /* with intervals and + written out, at most */
	bool loop;              /* a *, + or {} is behind what may be empty */
};

/* Behind a [ of an expression: where its ] is, or the end of the text. */
const char *expression_bracket(const char *p);

/*
 * What a POSIX extended regular expression of less than FRAMING_ARGUMENT bytes
 * would cost.  At more than `limit` characters (at most 65536) in one term it
 * stops, and is still more than that.
 */
void expression_weigh(const char *expression, size_t limit,
    struct expression_weight *weight);

#endif
