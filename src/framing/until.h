/*
 * What most members have in common: bytes up to something, or so many.
 */
#ifndef FRAMING_UNTIL_H
#define FRAMING_UNTIL_H

#include "framing/framing.h"

/* Bytes up to and with the first `byte`, else all: *found says which. */
size_t until_byte(const uint8_t *data, size_t size, uint8_t byte, bool *found);

/* A slot's whole work where a message ends with its first `byte`. */
size_t until_end(struct framer *f, const uint8_t *data, size_t size,
    uint8_t byte);

/* A slot's work once f->left is known: so many, and then it is whole. */
size_t until_left(struct framer *f, size_t size);

/* Room for a command and what is looked at of its arguments. */
#define UNTIL_LINE 62

/* How a line begins; in a framer's state, zeroed. */
struct until_line {
	uint8_t length;
	bool cut;               /* there was more */
	char text[UNTIL_LINE];
};

/*
 * A line, bytes up to and with its LF, else all: *found says which.  Its
 * beginning is kept, without the end of line.
 */
size_t until_line(struct until_line *line, const uint8_t *data, size_t size,
    bool *found);

/*
 * The argument of the command `word` (letters of either case), NULL where
 * the line is not that command; "" where it has none.
 */
const char *until_argument(const struct until_line *line, const char *word);

#endif
