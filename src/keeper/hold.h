/*
 * What outlives the engine: descriptors and a few words about them, held by
 * the keeper under a key, and handed to the next engine when this one dies.
 * The engine's side of it.
 *
 * Without a keeper (fifod -n, unit tests) nothing is held, and that succeeds.
 */
#ifndef KEEPER_HOLD_H
#define KEEPER_HOLD_H

#include <stddef.h>

#include "base/why.h"

#define KEEPER_HELD_KEY 96      /* the longest key, with its NUL */
#define KEEPER_HELD_BYTES (16 * 1024)
#define KEEPER_HELD_FDS 16

/* Keys are names of sessions; one that begins with a dot is the broker's. */
struct keeper_held {
	const char *key;
	const void *bytes;
	size_t n;               /* at most KEEPER_HELD_BYTES */
	const int *fds;
	size_t nfds;            /* at most KEEPER_HELD_FDS */
};

/*
 * Hold this in place of what was held under its key.  The descriptors stay
 * ours, too.  0, or -1 + FAULT_REFUSED: then what was held before still is.
 */
int keeper_hold(const struct keeper_held *what, struct why *why);
/*
 * The same for one without descriptors, and without waiting: the keeper has it
 * whatever becomes of us, and tells the loop where it refuses.
 */
typedef void keeper_refused_cb(const char *key, const struct why *why);
void keeper_hold_soon(const struct keeper_held *what,
    keeper_refused_cb *refused);
/* What is held under `key'; nor waits. */
void keeper_let_go(const char *key);

/*
 * Once, at an engine's start and before keeper_ready(): all that the last one
 * left, in the order of the keys (strcmp(3)).  The descriptors are the
 * callback's to close; key and bytes are its only while it runs, and it may
 * not hold or let go anything.  The keeper goes on holding all of it.  The
 * number of keys; 0 in the first engine.
 */
typedef void keeper_take_cb(const struct keeper_held *what, void *arg);
size_t keeper_take(keeper_take_cb *cb, void *arg);

/* 0 in the first engine, 1 after its first death, ... */
unsigned keeper_generation(void);
/* How many in a row before this one ended of themselves, and were not ready. */
unsigned keeper_faults(void);
/*
 * This engine is about to end so that another takes over: 0; or -1 + why, the
 * program that would come next is none that this keeper can start.
 */
int keeper_hand_over(struct why *why);

/*
 * This engine answers: whoever waits for the broker is told, and what the last
 * engine left and this one has not asked for (homes: spawn.h) is dropped.
 */
void keeper_ready(void);

#endif
