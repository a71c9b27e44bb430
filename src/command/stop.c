/*
 * stop: close all sessions and end the broker.  The answer is its end.
 */
#include "command/call.h"

enum { STOP_NOW = 256 };

static void
stop_run(struct call *c)
{
	if (command_value(&c->args, STOP_NOW) != NULL)
		broker_stop_now();
	else
		broker_drain();
}

static bool
stop_alone(const struct command_args *args)
{
	(void)args;
	return true;
}

static const struct command_option stop_options[] = {
	{ STOP_NOW, "now", NULL,
	    "Do not send first what was written to in." },
	{ 0 }
};

const struct command command_stop = {
	.name = "stop",
	.usage = "",
	.text = "Close all sessions and end the broker; returns when it has "
		"ended.",
	.flags = COMMAND_STOPS | COMMAND_AGAIN,
	.options = stop_options,
	.run = stop_run,
	.alone = stop_alone,
};
