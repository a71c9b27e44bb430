/*
 * A world of its own beneath the loop: time passes when a target says so, and
 * nothing waits.  What libevent and base/loop.c ask the system, clock_gettime(2)
 * of the monotonic clocks and epoll_wait(2), is answered here.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>
#include <stdint.h>

struct session_place;

/*
 * From now on `idle' is called whenever the loop would wait: it makes something
 * happen, has time pass, or stops the loop.  NULL: all is as it was.
 */
void world_begin(void (*idle)(void));
void world_pass(int64_t ms);
/*
 * Once: a run directory, which goes with the process, in memory where there is
 * such; and from then on the loop is in a world with this `idle'.
 */
void world_open(struct session_place *place, void (*idle)(void));
/* How long the loop would have waited, for its next timer; -1: for ever. */
int64_t world_wait_ms(void);

/* Descriptors that are open. */
unsigned world_descriptors(void);
/* Bytes allocated, where the sanitizers count them; else 0. */
size_t world_memory(void);

#endif
