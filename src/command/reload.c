/*
 * reload: apply the difference of the configuration file; or have another
 * engine take over.
 */
#include <stdlib.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "command/conf.h"
#include "command/handover.h"
#include "command/will.h"

#define RELOAD_TIMEOUT_MS 10000
#define RELOAD_LOOK_MS 5

enum { RELOAD_EXEC = 256, RELOAD_TIMEOUT = 't' };

static void
reload_say(const char *line, void *arg)
{
	call_warn(arg, "%s", line);
}

/* Who waits for what is under way to come to its end. */
struct reload {
	int64_t until_ms;
	bool halted;
};

static void
reload_clear(struct call *c)
{
	struct reload *r = c->state;

	if (r->halted)
		handover_halt(false);
}

static void
reload_look(struct call *c)
{
	const struct reload *r = c->state;
	const struct session *s = handover_waits_for();
	struct why why;

	if (s == NULL) {
		handover_go(&why);
		call_fail(c, &why);
		return;
	}
	if (loop_now_ms() < r->until_ms) {
		call_after(c, RELOAD_LOOK_MS, reload_look);
		return;
	}
	call_warn(c, "%s: something is still under way; the engine stays",
	    s->name);
	call_finish(c, FAULT_TIMEOUT);
}

/* It is asked again of the engine that has taken over: then it is done. */
static void
reload_exec(struct call *c)
{
	int timeout_ms = RELOAD_TIMEOUT_MS;
	struct reload *r;
	struct why why;

	if (command_seconds(&c->args, RELOAD_TIMEOUT, &timeout_ms, &why) ==
	    -1) {
		call_fail(c, &why);
		return;
	}
	if (will_was_handed_over()) {
		call_finish(c, FAULT_NONE);
		return;
	}
	if (!will_outlives()) {
		why_fail(&why, FAULT_REFUSED, "nothing outlives this engine: "
		    "stop the broker, and start it again");
		call_fail(c, &why);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	c->state = r;
	c->clear = reload_clear;
	r->until_ms = loop_now_ms() + timeout_ms;
	r->halted = true;
	handover_halt(true);
	call_after(c, 0, reload_look);
}

static void
reload_run(struct call *c)
{
	if (command_value(&c->args, RELOAD_EXEC) != NULL)
		reload_exec(c);
	else
		call_finish(c, conf_reload(reload_say, c) == -1 ?
		    FAULT_REFUSED : FAULT_NONE);
}

static const struct command_option reload_options[] = {
	{ RELOAD_EXEC, "exec", NULL, "Have the program that is installed by "
	    "now take over all sessions instead, when no exchange is under "
	    "way; clients notice nothing." },
	{ RELOAD_TIMEOUT, "timeout", "SEC", "With --exec: wait so long for that, "
	    "else nothing is done (10)." },
	{ 0 },
};

const struct command command_reload = {
	.name = "reload",
	.usage = "",
	.text = "Read the configuration file again and apply the difference; "
		"sessions opened by hand stay.",
	.flags = COMMAND_AGAIN,
	.options = reload_options,
	.run = reload_run,
};
