/*
 * reconnect: a new link, now.
 */
#include "base/xalloc.h"
#include "command/attempt.h"

static void
reconnect_run(struct call *c)
{
	struct entry *e = call_session(c);

	if (e == NULL)
		return;
	if (e->session->state == SESSION_CLOSING ||
	    e->session->state == SESSION_CLOSED) {
		call_warn(c, "%s: is closing", e->name);
		call_finish(c, FAULT_REFUSED);
		return;
	}
	c->state = xcalloc(1, sizeof(struct attempt));
	session_reconnect(e->session);
	attempt_wait(c, e);
}

const struct command command_reconnect = {
	.name = "reconnect",
	.usage = "NAME",
	.text = "Drop the connection, if there is one, and connect at once; "
		"returns when that is up or has failed.",
	.flags = COMMAND_SESSION,
	.min = 1,
	.max = 1,
	.run = reconnect_run,
};
