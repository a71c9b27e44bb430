/*
 * reload: apply the difference of the configuration file.
 */
#include "command/call.h"
#include "command/conf.h"

static void
reload_say(const char *line, void *arg)
{
	call_warn(arg, "%s", line);
}

static void
reload_run(struct call *c)
{
	call_finish(c, conf_reload(reload_say, c) == -1 ? FAULT_REFUSED :
	    FAULT_NONE);
}

const struct command command_reload = {
	.name = "reload",
	.usage = "",
	.text = "Read the configuration file again and apply the difference; "
		"sessions opened by hand stay.",
	.run = reload_run,
};
