/*
 * wait: until a session is in a state.
 */
#include <string.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "command/client.h"

enum { WAIT_TIMEOUT = 't' };

struct wait {
	int state;              /* enum session_state */
	int ms;                 /* -1: for ever */
};

static int
wait_parse(struct wait *w, const struct command_args *args, struct why *why)
{
	w->ms = -1;
	w->state = session_state_find(args->operands[1], why);
	if (w->state == -1)
		return -1;
	return command_seconds(args, WAIT_TIMEOUT, &w->ms, why);
}

/* e is NULL when the session is gone, or never was there. */
static void
wait_look(struct call *c, struct entry *e, const char *gone)
{
	const struct wait *w = c->state;
	struct why why = { 0 };

	if (e == NULL && w->state == SESSION_CLOSED) {
		call_finish(c, FAULT_NONE);
	} else if (e == NULL) {
		why_fail(&why, FAULT_NO_SESSION, "%s", gone);
		call_fail(c, &why);
	} else if (e->session->state == (enum session_state)w->state) {
		call_finish(c, FAULT_NONE);
	} else if (e->session->state == SESSION_FAILED) {
		why = e->session->why;
		why_prefix(&why, "has failed");
		call_fail(c, &why);
	}
}

static void
wait_event(const char *name, struct entry *e, void *arg)
{
	(void)name;
	wait_look(arg, e, "was closed");
}

static void
wait_expired(struct call *c)
{
	struct entry *e = broker_find(call_operand(c, 0), NULL);

	call_warn(c, "%s: not %s in time: it is %s", call_operand(c, 0),
	    call_operand(c, 1), session_state_name(e == NULL ?
	    SESSION_CLOSED : e->session->state));
	call_finish(c, FAULT_TIMEOUT);
}

static void
wait_run(struct call *c)
{
	struct wait *w = xcalloc(1, sizeof(*w));
	struct why why = { 0 };

	c->state = w;
	if (wait_parse(w, &c->args, &why) == -1) {
		call_fail(c, &why);
		return;
	}
	call_observe(c, call_operand(c, 0), wait_event);
	if (w->ms != -1)
		call_after(c, w->ms, wait_expired);
	wait_look(c, broker_find(call_operand(c, 0), NULL),
	    "no such session");
}

/* No broker is asked what words mean nothing. */
static int
wait_local(struct client *client, const struct command_args *args)
{
	struct why why = { 0 };
	struct wait w;

	if (wait_parse(&w, args, &why) == -1)
		return client_fail(args->operands[0], &why);
	if (w.ms != -1)
		client->until_ms = loop_now_ms() + w.ms;
	return -1;
}

/* Where no broker runs, every session is closed. */
static bool
wait_alone(const struct command_args *args)
{
	struct wait w;

	return wait_parse(&w, args, NULL) == 0 && w.state == SESSION_CLOSED;
}

static const struct command_option wait_options[] = {
	{ WAIT_TIMEOUT, "timeout", "SEC",
	    "Wait no longer than SEC seconds." },
	{ 0 }
};

const struct command command_wait = {
	.name = "wait",
	.usage = "NAME STATE",
	.text = "Wait until a session is in a state; closed is when its "
		"directory is gone, and failed ends every wait.",
	.flags = COMMAND_SESSION | COMMAND_AGAIN | COMMAND_PATIENT,
	.min = 2,
	.max = 2,
	.options = wait_options,
	.run = wait_run,
	.local = wait_local,
	.alone = wait_alone,
};
