/*
 * watch: each change of state, as it happens.  In words what a turn of the
 * loop has come to is told once; in JSON every move is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "session/status.h"

#define WATCH_PIECE 64          /* sessions at once */
#define WATCH_NAME 72           /* room for the longest name */

enum { WATCH_JSON = 256 };

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

/* `from' is NULL where nobody was looking yet. */
static void
watch_json(struct call *c, const struct session *s, const char *from,
    const char *reason)
{
	char *quoted = from != NULL ? words_json(from) : xstrdup("null");
	char *why = words_json(reason), *error = words_json(s->why.text);
	char *name = words_json(s->name), time[32];

	call_print(c, "{\"time\":\"%s\",\"session\":%s,\"from\":%s,"
	    "\"to\":\"%s\",\"reason\":%s,\"error\":%s,"
	    "\"error-status\":\"%d\"}\n", status_time(&s->since, time,
	    sizeof(time)), name, quoted, session_state_name(s->state), why,
	    error, (int)s->why.fault);
	free(quoted);
	free(why);
	free(error);
	free(name);
}

static void
watch_moved(const struct broker_moved *m, void *arg)
{
	watch_json(arg, m->session, session_state_name(m->from), m->reason);
}

static void
watch_event(const char *name, struct entry *e, void *arg)
{
	struct call *c = arg;

	if (c->observer.move == NULL)
		watch_line(c, name, e);
	if (e == NULL && call_operand(c, 0) != NULL)
		call_finish(c, FAULT_NONE);
}

/* How it is when we begin to look. */
static void
watch_first(struct call *c, struct entry *e)
{
	if (c->observer.move == NULL)
		watch_line(c, e->name, e);
	else
		watch_json(c, e->session, NULL, "");
}

/* A piece of them at a time, for there may be many. */
static void
watch_more(struct call *c)
{
	char *after = c->state;
	struct entry *e = NULL;
	int n;

	for (n = 0; n < WATCH_PIECE; n++) {
		e = broker_after(after);
		if (e == NULL) {
			call_stream(c, NULL);
			return;
		}
		watch_first(c, e);
		strlcpy(after, e->name, WATCH_NAME);
	}
}

static void
watch_run(struct call *c)
{
	struct entry *e;

	if (command_value(&c->args, WATCH_JSON) != NULL)
		call_observe_moves(c, watch_moved);
	if (call_operand(c, 0) != NULL) {
		e = call_session(c);
		if (e == NULL)
			return;
		watch_first(c, e);
	} else {
		c->state = xcalloc(1, WATCH_NAME);
		call_stream(c, watch_more);
	}
	call_observe(c, call_operand(c, 0), watch_event);
}

static const struct command_option watch_options[] = {
	{ WATCH_JSON, "json", NULL, "Print one JSON object a line, for every "
	    "move: time, session, from, to, reason, error, error-status." },
	{ 0 }
};

const struct command command_watch = {
	.name = "watch",
	.usage = "[NAME]",
	.text = "Print name and state of all sessions, or of one until it has "
		"ended, now and at each change.",
	.flags = COMMAND_SESSION | COMMAND_WATCHES | COMMAND_AGAIN |
		COMMAND_PATIENT,
	.max = 1,
	.options = watch_options,
	.run = watch_run,
};
