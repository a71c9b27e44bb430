#include <string.h>

#include "command/attempt.h"

static void
attempt_failed(struct call *c, struct entry *e)
{
	struct attempt *a = c->state;
	struct session *s = e->session;
	struct why why = s->why;

	if (why.fault == FAULT_NONE)
		why_fail(&why, FAULT_RECEIVE, "the link was lost");
	if (s->state == SESSION_BACKOFF)
		call_warn(c, "%s: %s (it will be tried again)", s->name,
		    why.text);
	else
		call_warn(c, "%s: %s", s->name, why.text);
	call_finish(c, why.fault);
	if (a->undo && why.fault <= FAULT_USAGE)
		session_close(s, true);
}

/* There is a link, or none is asked for; but is every door open? */
static void
attempt_good(struct call *c, struct entry *e)
{
	const struct attempt *a = c->state;
	const struct why *why = door_failure(e->session);

	if (door_pending(e->session) || (why != NULL && a->until_up))
		return;
	if (why != NULL)
		call_warn(c, "%s: %s (it will be tried again)",
		    e->session->name, e->session->why.text);
	call_finish(c, why != NULL ? why->fault : FAULT_NONE);
}

/* A program that has done its work by now has not failed. */
static bool
attempt_is_done(const struct session *s)
{
	return s->linked && strcmp(s->dial.exit, "0") == 0;
}

static void
attempt_look(struct call *c, struct entry *e)
{
	struct attempt *a = c->state;

	switch (e->session->state) {
	case SESSION_IDLE:
	case SESSION_UP:
	case SESSION_LISTENING:
		attempt_good(c, e);
		break;
	case SESSION_BACKOFF:
		if (a->until_up)
			break;
		/* FALLTHROUGH */
	case SESSION_FAILED:
		if (attempt_is_done(e->session))
			call_finish(c, FAULT_NONE);
		else
			attempt_failed(c, e);
		break;
	case SESSION_RESOLVING:
	case SESSION_CONNECTING:
	case SESSION_HANDSHAKE:
	case SESSION_CLOSING:
	case SESSION_CLOSED:
		break;
	}
}

static void
attempt_event(const char *name, struct entry *e, void *arg)
{
	struct call *c = arg;

	if (e != NULL) {
		attempt_look(c, e);
		return;
	}
	call_warn(c, "%s: was closed while it was waited for", name);
	call_finish(c, FAULT_NO_SESSION);
}

void
attempt_wait(struct call *c, struct entry *e)
{
	call_observe(c, call_operand(c, 0), attempt_event);
	attempt_look(c, e);
}
