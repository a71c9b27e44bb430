/*
 * How long each step of a link's way up takes.
 */
#ifndef TRANSPORT_TRACE_H
#define TRANSPORT_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* In the order in which they come; a link may have any of them. */
enum trace_step {
	TRACE_RESOLVE,
	TRACE_CONNECT,
	TRACE_PROXY,
	TRACE_HANDSHAKE,
	TRACE_LOGIN,            /* on-connect */
	TRACE_NSTEPS
};

struct trace {
	enum trace_step step;   /* the one under way */
	int64_t since_us;
	int64_t us[TRACE_NSTEPS];
};

/* Microseconds of the monotonic clock, of this moment and not of the turn. */
int64_t trace_now_us(void);
void trace_begin(struct trace *t, enum trace_step first);
/*
 * The next step begins; one that is over, or under way, stays so.  Of NULL
 * nothing is known.
 */
void trace_enter(struct trace *t, enum trace_step step);
/* The last one is over: how long all of them took, in microseconds. */
int64_t trace_end(struct trace *t);
/*
 * "12.3 ms: resolve 1.0, connect 0.4, handshake 10.9" into out, without the
 * steps that took no time.  Returns out.
 */
char *trace_text(const struct trace *t, char *out, size_t size);

#endif
