/*
 * What may happen very often and is told at most once a second.
 */
#ifndef BASE_SELDOM_H
#define BASE_SELDOM_H

#include <stdbool.h>
#include <stdint.h>

struct seldom {
	int64_t told_ms;        /* 0: never */
	uint64_t untold;        /* how often since */
};

/*
 * May it be told now?  If so, into *untold how often it has happened since
 * the last time without being told.
 */
bool seldom_may(struct seldom *s, uint64_t *untold);

#endif
