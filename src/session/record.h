/*
 * The record: what passes through a session, written to a file as it does.
 *
 * Trouble with the file is noted and counted, and the session runs on.  With
 * record-sync a byte goes on only when it is on disk: record_show() gives it a
 * mark, which record_holds() looks at.
 */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/option.h"
#include "base/transcript.h"
#include "base/why.h"

enum record_direction { RECORD_BOTH, RECORD_IN, RECORD_OUT };

struct record_options {
	char *path;             /* NULL: none */
	int format;             /* enum transcript_format */
	int direction;          /* enum record_direction */
	size_t max;             /* bytes after which it is cut over; 0: never */
	int keep;               /* older files */
	bool sync;
};
extern const struct option_row record_option_rows[6];

struct session;
struct record;

/*
 * Of a session that is taken over, which does not end for it: the record
 * cannot be begun, and is tried again and again.
 */
void record_inherit(struct session *s, const struct record_options *o,
    const char *trouble);
/*
 * Begin, change or end the session's record, so that it is what `o` says.  0,
 * or -1 + FAULT_REFUSED, then it is as it was.
 */
int record_become(struct session *s, const struct record_options *o,
    struct why *why);
void record_free(struct record *r);

/* These bytes pass now: their mark, 0 where nothing has to wait for it. */
uint64_t record_show(struct record *r, const struct transcript_piece *p);
/* Have bytes of this mark to wait yet? */
bool record_holds(const struct record *r, uint64_t mark);

/* For `status`; NULL is allowed. */
uint64_t record_done(const struct record *r);
uint64_t record_missed(const struct record *r);
/* What is wrong now; "" for nothing. */
const char *record_trouble(const struct record *r);

#endif
