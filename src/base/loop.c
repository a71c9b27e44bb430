#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"

#define LOOP_SIGNALS 8

struct loop_signal {
	struct event event;
	loop_cb *cb;
	void *arg;
};

/* Watches that could not be added are tried again so often. */
#define LOOP_AGAIN_MS 1000
/* A timer that is later than this tells that we did not run. */
#define LOOP_LATE_MS 100
/* epoll tells of 32 descriptors at first; some are nobody's here. */
#define LOOP_CALLS 16
#define LOOP_LATE_TURNS 8
/* How many watches have been called in this turn. */
static unsigned loop_calls;

/*
 * Watches that are wanted and could not be had: out of memory, or of the
 * user's epoll watches; and those that rest.  It happens so seldom that
 * nothing is kept in them.
 */
static struct watch **loop_missing;
static size_t loop_nmissing, loop_missing_size;
static struct timer loop_again;

static struct event_base *loop_base;
static struct event loop_deadline;      /* of the earliest timer */
static void timer_fire(evutil_socket_t fd, short what, void *arg);
static void watch_retry(void *arg);
static bool loop_stopping;
static struct loop_signal loop_signals[LOOP_SIGNALS];
static size_t loop_nsignals;
static TAILQ_HEAD(, deferred) loop_deferred =
    TAILQ_HEAD_INITIALIZER(loop_deferred);

static void *
loop_take(size_t size)
{
	return xalloc_try(NULL, size);
}

static void *
loop_resize(void *old, size_t size)
{
	return xalloc_try(old, size);
}

void
loop_init(void)
{
	struct event_config *config;

	event_set_mem_functions(loop_take, loop_resize, free);
	config = event_config_new();
	if (config == NULL)
		err(1, "event_config_new");
	/*
	 * One thread, no locks.  The environment must not choose the backend
	 * of a daemon that another user's shell may have started.
	 */
	event_config_set_flag(config,
	    EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	loop_base = event_base_new_with_config(config);
	event_config_free(config);
	if (loop_base == NULL)
		err(1, "event_base_new");
	evtimer_assign(&loop_deadline, loop_base, timer_fire, NULL);
	loop_stopping = false;
}

/*
 * Everything put off in this turn, and what that puts off in its turn; ends
 * because each step of a session's end is queued once.
 */
void
loop_settle(void)
{
	struct deferred *d;

	while ((d = TAILQ_FIRST(&loop_deferred)) != NULL) {
		deferred_clear(d);
		d->cb(d->arg);
	}
}

void
loop_run(void)
{
	loop_settle();
	while (!loop_stopping) {
		loop_calls = 0;
		if (event_base_loop(loop_base, EVLOOP_ONCE) == -1)
			err(1, "event loop");
		loop_settle();
	}
	loop_stopping = false;
}

void
loop_stop(void)
{
	loop_stopping = true;
}

void
loop_free(void)
{
	size_t i;

	for (i = 0; i < loop_nsignals; i++)
		event_del(&loop_signals[i].event);
	loop_nsignals = 0;
	event_del(&loop_deadline);
	free(loop_missing);
	event_base_free(loop_base);
	loop_base = NULL;
	libevent_global_shutdown();
}

static void
watch_fire(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	w->readable |= (what & EV_READ) != 0;
	w->writable |= (what & EV_WRITE) != 0;
	loop_calls++;
	w->cb(w->arg);
}

void
watch_init(struct watch *w, int fd, enum loop_direction direction,
    loop_cb *cb, void *arg)
{
	watch_clear(w);
	w->cb = cb;
	w->arg = arg;
	w->fd = fd;
	w->direction = (short)direction | EV_PERSIST;
}

/* Many are never wanted, and an event takes four times a watch's memory. */
static int
watch_add(struct watch *w)
{
	if (w->event == NULL)
		w->event = event_new(loop_base, w->fd, w->direction,
		    watch_fire, w);
	return w->event == NULL ? -1 : event_add(w->event, NULL);
}

static void
watch_miss(struct watch *w)
{
	if (loop_nmissing == loop_missing_size) {
		loop_missing_size = 2 * loop_missing_size + 16;
		loop_missing = xreallocarray(loop_missing, loop_missing_size,
		    sizeof(struct watch *));
	}
	loop_missing[loop_nmissing++] = w;
	w->missing = true;
	if (!loop_again.set)
		timer_set(&loop_again, LOOP_AGAIN_MS, watch_retry, NULL);
}

static void
watch_unmiss(struct watch *w)
{
	size_t i = 0;

	while (loop_missing[i] != w)
		i++;
	loop_missing[i] = loop_missing[--loop_nmissing];
	w->missing = false;
}

static void
watch_retry(void *arg)
{
	struct watch *w;
	size_t n;

	(void)arg;
	for (n = loop_nmissing; n > 0; n--) {
		w = loop_missing[n - 1];
		if (watch_add(w) == -1)
			break;
		watch_unmiss(w);
		/* Its owner may hold what the descriptor does not tell of. */
		event_active(w->event, w->direction & (EV_READ | EV_WRITE), 1);
	}
	if (n > 0)
		timer_set(&loop_again, LOOP_AGAIN_MS, watch_retry, NULL);
}

void
watch_want(struct watch *w, bool wanted)
{
	if (w->cb == NULL || wanted == w->wanted)
		return;
	if (wanted && watch_add(w) == -1) {
		log_warn("a descriptor cannot be watched: %s (tried again in a "
		    "second)", strerror(errno));
		watch_miss(w);
	} else if (!wanted && w->missing) {
		watch_unmiss(w);
	} else if (!wanted) {
		event_del(w->event);
	}
	w->wanted = wanted;
}

void
watch_rest(struct watch *w)
{
	if (!w->wanted || w->missing)
		return;
	event_del(w->event);
	watch_miss(w);
}

void
watch_again(struct watch *w)
{
	if (w->wanted && w->event != NULL)
		event_active(w->event, EV_READ | EV_WRITE, 1);
}

void
watch_clear(struct watch *w)
{
	watch_want(w, false);
	if (w->event != NULL)
		event_free(w->event);
	w->event = NULL;
	w->cb = NULL;
}

static int
timer_compare(struct timer *a, struct timer *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms ? -1 : 1;
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static RB_HEAD(timer_tree, timer) loop_timers = RB_INITIALIZER(&loop_timers);
RB_PROTOTYPE(timer_tree, timer, entry, timer_compare)
RB_GENERATE(timer_tree, timer, entry, timer_compare)

/* Have the loop wake up for the earliest timer, or not at all. */
static void
timer_arm(void)
{
	const struct timer *first = RB_MIN(timer_tree, &loop_timers);
	int64_t ms = first == NULL ? -1 : first->due_ms - loop_now_ms();
	struct timeval tv;

	if (first == NULL) {
		event_del(&loop_deadline);
		return;
	}
	if (ms < 0)
		ms = 0;
	tv = (struct timeval){ .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };
	if (event_add(&loop_deadline, &tv) == -1)
		err(1, "timer");
}

/*
 * Have we been stopped, or starved?  Then what has come meanwhile comes first:
 * who was late were we.  The turn that finds it out may have seen none of it,
 * for epoll_wait(2) ends with EINTR then (signal(7)).  Each further one sees as
 * much as libevent asks for, 32 descriptors and then twice as many, up to 4096;
 * so many turns see them all, and where one has seen few there are no more.
 */
static bool
timer_put_off(int64_t now)
{
	static int turns;
	const struct timer *first = RB_MIN(timer_tree, &loop_timers);

	if (first != NULL && now - first->due_ms > LOOP_LATE_MS &&
	    (turns == 0 || loop_calls >= LOOP_CALLS) &&
	    turns < LOOP_LATE_TURNS) {
		turns++;
		return true;
	}
	turns = 0;
	return false;
}

/* Those that are due; one that is set meanwhile has its turn later. */
static void
timer_fire(evutil_socket_t fd, short what, void *arg)
{
	int64_t now = loop_now_ms();
	struct timer *t;

	(void)fd;
	(void)what;
	(void)arg;
	if (timer_put_off(now)) {
		timer_arm();
		return;
	}
	while ((t = RB_MIN(timer_tree, &loop_timers)) != NULL &&
	    t->due_ms <= now) {
		RB_REMOVE(timer_tree, &loop_timers, t);
		t->set = false;
		t->cb(t->arg);
	}
	timer_arm();
}

void
timer_set(struct timer *t, int64_t ms, loop_cb *cb, void *arg)
{
	timer_clear(t);
	t->cb = cb;
	t->arg = arg;
	t->due_ms = loop_now_ms() + (ms > 0 ? ms : 1);
	t->set = true;
	RB_INSERT(timer_tree, &loop_timers, t);
	if (RB_MIN(timer_tree, &loop_timers) == t)
		timer_arm();
}

void
timer_clear(struct timer *t)
{
	bool first = t->set && RB_MIN(timer_tree, &loop_timers) == t;

	if (t->set)
		RB_REMOVE(timer_tree, &loop_timers, t);
	t->set = false;
	if (first)
		timer_arm();
}

bool
deferred_waits(const struct deferred *d)
{
	return d->entry.tqe_prev != NULL;
}

void
deferred_queue(struct deferred *d, loop_cb *cb, void *arg)
{
	if (deferred_waits(d))
		return;
	d->cb = cb;
	d->arg = arg;
	TAILQ_INSERT_TAIL(&loop_deferred, d, entry);
}

void
deferred_clear(struct deferred *d)
{
	if (deferred_waits(d))
		TAILQ_REMOVE(&loop_deferred, d, entry);
	d->entry.tqe_prev = NULL;
}

static void
signal_fire(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)signo;
	(void)what;
	s->cb(s->arg);
}

void
loop_signal(int signo, loop_cb *cb, void *arg)
{
	struct loop_signal *s;

	if (loop_nsignals == LOOP_SIGNALS)
		errx(1, "loop_signal: too many");
	s = &loop_signals[loop_nsignals++];
	s->cb = cb;
	s->arg = arg;
	if (event_assign(&s->event, loop_base, signo, EV_SIGNAL | EV_PERSIST,
	    signal_fire, s) == -1 || event_add(&s->event, NULL) == -1)
		err(1, "loop_signal");
}

int64_t
loop_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
