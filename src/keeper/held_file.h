/*
 * What is held, and the homes of programs (direct.h), as a file in memory that
 * the service manager keeps (store.h): a keeper that was killed is followed by
 * one that holds the same.  Without a store all of this does nothing.
 */
#ifndef KEEPER_HELD_FILE_H
#define KEEPER_HELD_FILE_H

#include <stdint.h>

#include "keeper/held.h"

/*
 * At the keeper's start, when nothing is held yet: hold what the last one
 * held.  The number of the engine that is due, 0 where there is nothing.
 */
unsigned held_file_begin(void);
/* That number has been used. */
void held_file_generation(unsigned generation);
/* One more is held, or one less. */
void held_file_put(const struct keeper_held *what);
void held_file_drop(const struct keeper_held *what);
/* The same of homes. */
void held_file_home_put(uint64_t number, const char *bytes, size_t n);
void held_file_home_drop(uint64_t number, size_t n);

#endif
