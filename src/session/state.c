#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "session/state.h"
#include "session/status.h"

#define TO(state) (1u << SESSION_##state)
#define DIALLING (TO(RESOLVING) | TO(CONNECTING) | TO(HANDSHAKE))
#define ENDING (TO(CLOSING) | TO(CLOSED))

/*
 * The moves.  A link may be up within one turn of the loop, so a state on the
 * way there may be skipped; any state may give up, and any may be closed.  Of
 * several links the one that is farthest counts: when that ends, another may
 * be anywhere on its way.  A link that a former engine had begins at the end of
 * its way, and what had failed for good still has.
 */
static const struct state_row {
	const char *name;
	unsigned to;
} state_rows[] = {
	[SESSION_IDLE] = { "idle", TO(RESOLVING) | TO(HANDSHAKE) |
	    TO(FAILED) | ENDING },
	[SESSION_RESOLVING] = { "resolving", DIALLING | TO(UP) | TO(IDLE) |
	    TO(LISTENING) | TO(BACKOFF) | TO(FAILED) | ENDING },
	[SESSION_CONNECTING] = { "connecting", DIALLING | TO(UP) | TO(IDLE) |
	    TO(BACKOFF) | TO(FAILED) | ENDING },
	[SESSION_HANDSHAKE] = { "handshake", DIALLING | TO(UP) | TO(IDLE) |
	    TO(LISTENING) | TO(BACKOFF) | TO(FAILED) | ENDING },
	[SESSION_UP] = { "up", DIALLING | TO(IDLE) | TO(LISTENING) |
	    TO(BACKOFF) | TO(FAILED) | ENDING },
	[SESSION_LISTENING] = { "listening", TO(HANDSHAKE) | TO(UP) |
	    TO(LISTENING) | TO(FAILED) | ENDING },
	[SESSION_BACKOFF] = { "backoff", DIALLING | TO(IDLE) |
	    TO(FAILED) | ENDING },
	[SESSION_CLOSING] = { "closing", TO(CLOSED) },
	[SESSION_FAILED] = { "failed", TO(RESOLVING) | ENDING },
	[SESSION_CLOSED] = { "closed", 0 },
};
#define STATE_NROWS (sizeof(state_rows) / sizeof(state_rows[0]))

const char *
session_state_name(enum session_state state)
{
	return state_rows[state].name;
}

int
session_state_find(const char *name, struct why *why)
{
	char known[160] = "";
	size_t i;

	for (i = 0; i < STATE_NROWS; i++) {
		if (strcmp(state_rows[i].name, name) == 0)
			return (int)i;
		strlcat(known, i ? ", " : "", sizeof(known));
		strlcat(known, state_rows[i].name, sizeof(known));
	}
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is not a state; there "
	    "are %s", name, known);
}

bool
state_is_dialling(enum session_state state)
{
	return ((1u << state) & DIALLING) != 0;
}

void
state_began(struct session *s)
{
	clock_gettime(CLOCK_REALTIME, &s->since);
	s->since_ms = loop_now_ms();
}

/* For the next engine. */
static void
state_tell(struct session *s)
{
	struct ledger_state now = ledger_get(s->row);

	now.failed_for_good = s->state == SESSION_FAILED;
	now.busy = s->state != SESSION_IDLE && s->state != SESSION_FAILED;
	now.linked |= s->state == SESSION_UP;
	ledger_set(s->row, &now);
}

void
state_enter(struct session *s, enum session_state state, const char *fmt,
    ...)
{
	enum session_state old = s->state;
	char reason[400];
	va_list ap;

	if (!(state_rows[old].to & (1u << state)))
		errx(1, "%s: no way from %s to %s", s->name,
		    state_rows[old].name, state_rows[state].name);
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	/* One deadline for the whole way from resolving to up. */
	if (state != SESSION_CONNECTING && state != SESSION_HANDSHAKE)
		timer_clear(&s->deadline);
	s->state = state;
	state_tell(s);
	s->nchanges++;
	state_began(s);
	session_log(s, state == SESSION_FAILED || state == SESSION_BACKOFF ||
	    state == SESSION_CLOSED, "%s -> %s%s%s", state_rows[old].name,
	    state_rows[state].name, *reason ? ": " : "", reason);
	if (s->owner.entered != NULL)
		s->owner.entered(s, old, reason, s->owner.arg);
	status_changed(s);
}
