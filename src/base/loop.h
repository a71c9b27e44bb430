/*
 * The event loop: a thin layer over libevent, one loop a process.  Watches
 * and timers are embedded in what owns them, are zeroed when not in use, and
 * may be cleared or set from any callback, their own included.
 *
 * All watches but LOOP_NEWS and LOOP_EDGES are level-triggered, one direction
 * each, and interest is told anew with watch_want() after every turn of the
 * owner's state; telling the same thing twice costs nothing.  One of LOOP_EDGES
 * is wanted once and for all: who owns it keeps `readable' and `writable',
 * which are set here, and clears each at EAGAIN.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/tree.h>

typedef void loop_cb(void *arg);

struct watch {
	struct event *event;            /* NULL: never wanted yet */
	loop_cb *cb;
	void *arg;
	int fd;
	short direction;
	bool wanted : 1;
	bool missing : 1;               /* and could not be had yet: loop.c */
	bool readable : 1;              /* LOOP_EDGES: since they were cleared */
	bool writable : 1;
};

struct timer {
	RB_ENTRY(timer) entry;
	int64_t due_ms;
	loop_cb *cb;
	void *arg;
	bool set;
};

/*
 * Work put off to the end of the turn, when no callback is running: freeing
 * what has just called us, writing a file once for many changes.
 */
struct deferred {
	TAILQ_ENTRY(deferred) entry;    /* zero: it is not queued */
	loop_cb *cb;
	void *arg;
};

enum loop_direction {
	LOOP_READ = EV_READ,
	LOOP_WRITE = EV_WRITE,
	LOOP_NEWS = EV_READ | EV_ET,    /* once for each thing that happens,
					   where the system can */
	LOOP_EDGES = EV_READ | EV_WRITE | EV_ET,        /* the same, of both
					   directions: below */
};

/* Make the loop; dies where the system has none. */
void loop_init(void);
/*
 * Do now what is put off to the end of the turn: for a caller at the top, not
 * in a callback of what it works on, between many things of which each is to
 * get on its way before the next.
 */
void loop_settle(void);
/* Run until loop_stop(); it may be run again. */
void loop_run(void);
void loop_stop(void);
void loop_free(void);

/*
 * Call cb(arg) while fd is ready in this direction and the watch is wanted.
 * Starts unwanted.  The descriptor stays the caller's; clear the watch before
 * closing it.
 */
void watch_init(struct watch *w, int fd, enum loop_direction direction,
    loop_cb *cb, void *arg);
void watch_want(struct watch *w, bool wanted);
/*
 * What it waits for is there and cannot be taken, for want of memory: while it
 * is wanted, cb(arg) is called next in a second, as if the descriptor were
 * ready.
 */
void watch_rest(struct watch *w);
/*
 * Call cb(arg) in the next turn, as if all were ready: for an owner of
 * LOOP_EDGES who has more to do, when others have had their turn.  From the
 * end of a turn (deferred).
 */
void watch_again(struct watch *w);
/* Forget it; a zeroed watch is allowed. */
void watch_clear(struct watch *w);

/*
 * Call cb(arg) once after `ms` milliseconds; setting it again replaces.  All
 * timers share one deadline of the loop's, that of the earliest.
 */
void timer_set(struct timer *t, int64_t ms, loop_cb *cb, void *arg);
void timer_clear(struct timer *t);

/* Call cb(arg) at the end of this turn; queueing it twice is once. */
void deferred_queue(struct deferred *d, loop_cb *cb, void *arg);
bool deferred_waits(const struct deferred *d);
void deferred_clear(struct deferred *d);

/* Call cb(arg) in the loop, not in the handler, when a signal arrives. */
void loop_signal(int signo, loop_cb *cb, void *arg);

/* Monotonic milliseconds: durations and deadlines. */
int64_t loop_now_ms(void);

#endif
