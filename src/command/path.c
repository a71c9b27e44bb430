/*
 * path: where a session's directory is.
 */
#include "command/call.h"

static void
path_run(struct call *c)
{
	struct entry *e = call_session(c);

	if (e == NULL)
		return;
	call_print(c, "%s/%s\n", broker_place()->rundir, e->name);
	call_finish(c, FAULT_NONE);
}

const struct command command_path = {
	.name = "path",
	.usage = "NAME",
	.text = "Print the path of a session's directory.",
	.flags = COMMAND_SESSION | COMMAND_AGAIN,
	.min = 1,
	.max = 1,
	.run = path_run,
};
