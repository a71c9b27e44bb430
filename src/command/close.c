/*
 * close: end a session; returns when its directory is gone.
 */
#include "command/call.h"

enum { CLOSE_NOW = 256 };

static void
close_event(const char *name, struct entry *e, void *arg)
{
	(void)name;
	if (e == NULL)
		call_finish(arg, FAULT_NONE);
}

static void
close_run(struct call *c)
{
	struct entry *e = call_session(c);

	if (e == NULL)
		return;
	call_observe(c, call_operand(c, 0), close_event);
	session_close(e->session,
	    command_value(&c->args, CLOSE_NOW) != NULL);
}

static const struct command_option close_options[] = {
	{ CLOSE_NOW, "now", NULL,
	    "Do not send first what was written to in." },
	{ 0 }
};

const struct command command_close = {
	.name = "close",
	.usage = "NAME",
	.text = "End a session, after what was written to in is sent; returns "
		"when its directory is gone.",
	.flags = COMMAND_SESSION,
	.min = 1,
	.max = 1,
	.options = close_options,
	.run = close_run,
};
