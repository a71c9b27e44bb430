/*
 * Transcripts: bytes of two ways, made into something to read.
 *
 *	text	TIME > line		a line of bytes each, spelled by vis(3);
 *					a \ at its end: no newline has come yet
 *	hex	> TIME N bytes at M	and these as hexdump -C has them, counted
 *					for each way
 *	raw	the bytes
 *
 * `>` is to the peer and `<` from it, of several with its number, `<3`; a line
 * of `!` says what is not there.
 */
#ifndef BASE_TRANSCRIPT_H
#define BASE_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"

enum transcript_format { TRANSCRIPT_TEXT, TRANSCRIPT_HEX, TRANSCRIPT_RAW };
enum transcript_way { TRANSCRIPT_IN, TRANSCRIPT_OUT };

/* Bytes that passed at once. */
struct transcript_piece {
	enum transcript_way way;
	unsigned peer;                  /* its number; 0: there is but one */
	struct timespec when;           /* wall clock */
	const uint8_t *data;
	size_t size;
};

/* A zeroed one is at its beginning, in text. */
struct transcript {
	enum transcript_format format;
	uint64_t at[2];                 /* bytes of each way so far */
	char open;                      /* text: the mark of the line that has
					   no end yet; 0: none */
	unsigned open_peer;             /* ... whose it is */
};

/* Append a piece; what the buffer does not take is lost. */
void transcript_append(struct transcript *t, const struct transcript_piece *p,
    struct buf *out);
/* End a line that is open. */
void transcript_break(struct transcript *t, struct buf *out);
/* A line of its own that says something (not in raw). */
void transcript_note(struct transcript *t, const struct timespec *when,
    const char *text, struct buf *out);
/* Bytes of this way were not seen: those that follow are counted after them. */
void transcript_skip(struct transcript *t, enum transcript_way way,
    uint64_t n);

#endif
