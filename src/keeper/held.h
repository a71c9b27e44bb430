/*
 * What the keeper holds for the next engine: hold.h has the words.
 */
#ifndef KEEPER_HELD_H
#define KEEPER_HELD_H

#include <stdbool.h>

#include "keeper/hold.h"

/* May this be a key? */
bool held_key_is_sound(const char *key);
/* The descriptors are taken over, in place of those under the same key. */
void held_put(const struct keeper_held *what);
void held_drop(const char *key);
void held_drop_all(void);
/*
 * The next in the order of keys, NULL for the first; false at the end.  What
 * *out points to stands until something is put or dropped.
 */
bool held_next(const char *after, struct keeper_held *out);
size_t held_count(void);

#endif
