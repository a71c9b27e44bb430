/*
 * Hearing: the lines that a child writes to its standard error, and no more
 * of them than are worth telling.
 */
#ifndef KEEPER_HEARING_H
#define KEEPER_HEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define HEARING_LINE 200        /* the longest, with its NUL */

struct hearing {
	int fd;                 /* -1: closed */
	struct watch readable;
	void (*said)(const char *line, void *arg);      /* NULL: nobody */
	void *arg;
	char line[HEARING_LINE];        /* one that is not whole yet */
	size_t length;
	int lines;              /* told in this second */
	size_t left_out;
	int64_t second_ms;      /* when it began */
};

/* Of the pipe fd, non-blocking; taken over. The rest of *h is zeroed. */
void hearing_begin(struct hearing *h, int fd);
/* All that is there now, a line without its end included. */
void hearing_rest(struct hearing *h);
void hearing_end(struct hearing *h);

#endif
