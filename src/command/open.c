/*
 * open: that a session stands, and is what was asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "command/attempt.h"
#include "command/client.h"
#include "command/plan.h"
#include "session/sock.h"

#define OPEN_TEXT 1024          /* room for what differs, in words */

enum { OPEN_WAIT = 256, OPEN_NO_WAIT, OPEN_REPLACE };

struct open {
	struct attempt attempt;
	struct plan plan;
	int wait_ms;            /* -1: for the first attempt */
	bool no_wait, replace;
};

static void open_go(struct call *c);

static void
open_clear(struct call *c)
{
	struct open *o = c->state;

	plan_clear(&o->plan);
}

/* What the words say; used by both sides. */
static int
open_parse(struct open *o, const struct command_args *args, const char *cwd,
    struct why *why)
{
	o->wait_ms = -1;
	if (command_seconds(args, OPEN_WAIT, &o->wait_ms, why) == -1)
		return -1;
	o->attempt.until_up = o->wait_ms != -1;
	o->no_wait = command_value(args, OPEN_NO_WAIT) != NULL;
	o->replace = command_value(args, OPEN_REPLACE) != NULL;
	if (o->no_wait && o->wait_ms != -1)
		return why_fail(why, FAULT_USAGE,
		    "--wait and --no-wait together");
	return plan_parse(&o->plan, args, NULL, cwd, why);
}

static void
open_expired(struct call *c)
{
	struct entry *e = broker_find(call_operand(c, 0), NULL);
	const struct why *why = e != NULL ? &e->session->why : NULL;
	bool told = why != NULL && why->fault != FAULT_NONE;

	call_warn(c, "%s: not up in time%s%s", call_operand(c, 0),
	    told ? ": " : "", told ? why->text : "");
	call_finish(c, FAULT_TIMEOUT);
}

static void
open_wait(struct call *c, struct entry *e)
{
	struct open *o = c->state;

	if (o->no_wait) {
		call_finish(c, FAULT_NONE);
		return;
	}
	attempt_wait(c, e);
}

/* Start again when the one that has the name is gone. */
static void
open_event(const char *name, struct entry *e, void *arg)
{
	(void)name;
	if (e == NULL)
		open_go(arg);
}

static void
open_when_gone(struct call *c)
{
	call_observe(c, call_operand(c, 0), open_event);
}

/* What the one who opens it may not have meant. */
static void
open_hint(struct call *c, const struct session *s)
{
	static const struct {
		const char *port, *name, *scheme;
	} rows[] = { { "80", "http", "http" }, { "443", "https", "https" } };
	size_t i;

	if (!sock_is_there(s))
		call_warn(c, "%s: it has no sock, whose path would be longer "
		    "than a socket's may be", s->name);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (s->pool == NULL && s->url.port != NULL &&
		    (strcmp(s->url.port, rows[i].port) == 0 ||
		    strcmp(s->url.port, rows[i].name) == 0))
			call_warn(c, "%s: this is a stream; for requests and "
			    "replies of HTTP open %s://%s", s->name,
			    rows[i].scheme, s->url.host);
}

static void
open_new(struct call *c)
{
	struct open *o = c->state;
	struct why why = { 0 };
	struct entry *e = broker_open(&o->plan, false, &why);

	if (e == NULL) {
		call_fail(c, &why);
		return;
	}
	o->attempt.undo = true;
	open_hint(c, e->session);
	open_wait(c, e);
}

static void
open_difference(const struct plan_difference *d, void *arg)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, OPEN_TEXT - n, "%s%s is %.120s, not %.120s",
	    n > 0 ? "; " : "", d->key, *d->old ? d->old : "empty",
	    *d->new ? d->new : "empty");
}

/* It is what was asked for: see that it is connected, or tries to be. */
static void
open_ensure(struct call *c, struct entry *e)
{
	struct session *s = e->session;

	if (s->state == SESSION_FAILED || s->state == SESSION_BACKOFF)
		session_reconnect(s);
	open_wait(c, e);
}

static void
open_standing(struct call *c, struct entry *e)
{
	struct open *o = c->state;
	char text[OPEN_TEXT] = "";
	struct why why = { 0 };
	struct plan old = { 0 };
	int n = 0;

	if (!o->replace) {
		broker_plan(e, &old);
		n = plan_compare(&old, &o->plan, open_difference, text);
		plan_clear(&old);
	}
	if (n > 0) {
		call_warn(c, "%s: stands already and differs: %s "
		    "(--replace changes it)", e->name, text);
		call_finish(c, FAULT_REFUSED);
		return;
	}
	switch (broker_adapt(e, &o->plan, &why)) {
	case 1:
		open_ensure(c, e);
		break;
	case 0:
		session_close(e->session, false);
		open_when_gone(c);
		break;
	default:
		call_fail(c, &why);
	}
}

static void
open_go(struct call *c)
{
	struct entry *e = broker_find(call_operand(c, 0), NULL);

	if (e == NULL)
		open_new(c);
	else if (e->session->state == SESSION_CLOSING ||
	    e->session->state == SESSION_CLOSED)
		open_when_gone(c);
	else
		open_standing(c, e);
}

static void
open_run(struct call *c)
{
	struct open *o = xcalloc(1, sizeof(*o));
	struct why why = { 0 };

	c->state = o;
	c->clear = open_clear;
	if (open_parse(o, &c->args, c->cwd, &why) == -1) {
		call_fail(c, &why);
		return;
	}
	if (plan_runs(&o->plan))
		o->plan.home = keeper_home_hold(c->home);
	if (o->wait_ms != -1)
		call_after(c, o->wait_ms, open_expired);
	open_go(c);
}

/* No broker is started for words that mean nothing. */
static int
open_local(struct client *client, const struct command_args *args)
{
	char *cwd = client_cwd();
	struct open o = { 0 };
	struct why why = { 0 };
	int rv = -1;

	if (open_parse(&o, args, cwd, &why) == -1)
		rv = client_fail(args->operands[0], &why);
	else
		client->home = plan_runs(&o.plan);
	plan_clear(&o.plan);
	free(cwd);
	return rv;
}

static const struct command_option open_options[] = {
	{ PLAN_DIRECTORY, "directory", "DIR",
	    "Also make a symbolic link DIR to the session's directory." },
	{ PLAN_OPTION, "option", "KEY=VALUE",
	    "Set an option of the session; may be repeated." },
	{ OPEN_WAIT, "wait", "SEC", "Wait until it is up, over failed "
	    "attempts too, but no longer than SEC seconds." },
	{ OPEN_NO_WAIT, "no-wait", NULL,
	    "Return at once, before the first attempt has ended." },
	{ OPEN_REPLACE, "replace", NULL,
	    "Change what stands under this name and differs." },
	{ 0 }
};

const struct command command_open = {
	.name = "open",
	.usage = "NAME ENDPOINT",
	.text = "Open a session, unless the same one stands already; returns "
		"when it is up or its first attempt to connect has failed.",
	.flags = COMMAND_STARTS | COMMAND_IN_FILE | COMMAND_AGAIN,
	.min = 2,
	.max = 2,
	.options = open_options,
	.run = open_run,
	.local = open_local,
};
