/*
 * watch: each change of state, as it happens.
 */
#include "base/words.h"
#include "command/call.h"

static void
watch_line(struct call *c, const char *name, struct entry *e)
{
	const struct session *s = e != NULL ? e->session : NULL;
	bool bad = s != NULL && (s->state == SESSION_BACKOFF ||
	    s->state == SESSION_FAILED);
	char why[1024];

	words_vis(bad ? s->why.text : "", why, sizeof(why));
	call_print(c, "%s %s%s%s\n", name,
	    session_state_name(s != NULL ? s->state : SESSION_CLOSED),
	    bad ? " " : "", why);
}

static void
watch_event(const char *name, struct entry *e, void *arg)
{
	struct call *c = arg;

	watch_line(c, name, e);
	if (e == NULL && call_operand(c, 0) != NULL)
		call_finish(c, FAULT_NONE);
}

static void
watch_run(struct call *c)
{
	struct entry *e;

	if (call_operand(c, 0) != NULL) {
		e = call_session(c);
		if (e == NULL)
			return;
		watch_line(c, e->plan.name, e);
	} else {
		for (e = broker_after(""); e != NULL;
		    e = broker_after(e->plan.name))
			watch_line(c, e->plan.name, e);
	}
	call_observe(c, call_operand(c, 0), watch_event);
}

const struct command command_watch = {
	.name = "watch",
	.usage = "[NAME]",
	.text = "Print name and state of all sessions, or of one until it has "
		"ended, now and at each change.",
	.flags = COMMAND_SESSION | COMMAND_WATCHES | COMMAND_AGAIN,
	.max = 1,
	.run = watch_run,
};
