#include <stdio.h>
#include <string.h>
#include <time.h>

#include "transport/trace.h"

/* Less than this is 0.0 ms. */
#define TRACE_SHOWN_US 50

int64_t
trace_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
trace_begin(struct trace *t, enum trace_step first)
{
	*t = (struct trace){ .step = first, .since_us = trace_now_us() };
}

void
trace_enter(struct trace *t, enum trace_step step)
{
	int64_t now = trace_now_us();

	if (t == NULL || step <= t->step)
		return;
	t->us[t->step] += now - t->since_us;
	t->since_us = now;
	t->step = step;
}

int64_t
trace_end(struct trace *t)
{
	int64_t all = 0;
	int i;

	trace_enter(t, TRACE_NSTEPS);
	for (i = 0; i < TRACE_NSTEPS; i++)
		all += t->us[i];
	return all;
}

char *
trace_text(const struct trace *t, char *out, size_t size)
{
	static const char *const names[] = {
		[TRACE_RESOLVE] = "resolve",
		[TRACE_CONNECT] = "connect",
		[TRACE_PROXY] = "proxy",
		[TRACE_HANDSHAKE] = "handshake",
		[TRACE_LOGIN] = "on-connect",
	};
	char one[48], steps[48 * TRACE_NSTEPS] = "";
	int64_t all = 0;
	int i;

	for (i = 0; i < TRACE_NSTEPS; i++) {
		all += t->us[i];
		if (t->us[i] < TRACE_SHOWN_US)
			continue;
		snprintf(one, sizeof(one), "%s%s %.1f",
		    *steps != '\0' ? ", " : ": ", names[i],
		    (double)t->us[i] / 1000);
		strlcat(steps, one, sizeof(steps));
	}
	snprintf(out, size, "%.1f ms%s", (double)all / 1000, steps);
	return out;
}
