/*
 * set: change an option of a standing session.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "command/call.h"

static void
set_run(struct call *c)
{
	struct entry *e = call_session(c);
	struct why why = { 0 };
	char *key, *value;

	if (e == NULL)
		return;
	key = xstrdup(call_operand(c, 1));
	value = strchr(key, '=');
	if (value == NULL) {
		why_fail(&why, FAULT_USAGE, "\"%.60s\" is not KEY=VALUE",
		    key);
	} else {
		*value++ = '\0';
		session_set(e->session, key, value, c->cwd, &why);
	}
	free(key);
	if (why.fault != FAULT_NONE)
		call_fail(c, &why);
	else
		call_finish(c, FAULT_NONE);
}

const struct command command_set = {
	.name = "set",
	.usage = "NAME KEY=VALUE",
	.text = "Change an option of a standing session; `help options' says "
		"which can be.",
	.flags = COMMAND_SESSION,
	.min = 2,
	.max = 2,
	.run = set_run,
};
