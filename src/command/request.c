/*
 * request: one exchange, with the caller's own standard input and output,
 * which come over the control socket: no FIFO is between.
 */
#include <unistd.h>

#include "base/xalloc.h"
#include "command/call.h"
#include "session/exchange.h"
#include "session/private.h"

enum { REQUEST_TIMEOUT = 't', REQUEST_FAIL = 'f' };

struct request {
	struct call *call;
	struct dialogue *d;     /* NULL: it has ended */
};

/* Before anything goes: if we die from here on, nobody knows whether it did. */
static void
request_sends(void *arg)
{
	struct request *r = arg;

	r->d->sends = NULL;
	call_send_frame(r->call, FRAME_SENDS, NULL, 0);
	call_flush(r->call);
}

static void
request_clear(struct call *c)
{
	struct request *r = c->state;

	if (r->d == NULL)
		return;
	r->d->told = NULL;
	r->d->sends = NULL;
	dialogue_end(r->d);
}

/* The truth as an exit status. */
static void
request_told(struct dialogue *d, void *arg)
{
	struct request *r = arg;
	struct call *c = r->call;

	d->told = NULL;
	d->sends = NULL;
	r->d = NULL;
	if (d->last == LAST_COMPLETE && d->refused) {
		call_warn(c, "%s: the reply says %d", d->s->name,
		    d->reply.code);
		call_finish(c, FAULT_REPLY);
	} else if (d->last == LAST_COMPLETE) {
		call_finish(c, FAULT_NONE);
	} else if (d->why.fault != FAULT_NONE) {
		call_fail(c, &d->why);
	} else {
		call_warn(c, "%s: there was no request on standard input",
		    d->s->name);
		call_finish(c, FAULT_USAGE);
	}
	dialogue_end(d);
}

static void
request_expired(struct call *c)
{
	struct request *r = c->state;
	const char *name = call_operand(c, 0);

	if (TAILQ_EMPTY(&r->d->exchanges) || r->d->nsent == 0)
		call_warn(c, "%s: not done in time; the request was not sent",
		    name);
	else
		call_warn(c, "%s: not done in time; the request was sent",
		    name);
	call_finish(c, FAULT_TIMEOUT);
	request_clear(c);
	r->d = NULL;
}

static void
request_begin(struct call *c, struct session *s)
{
	struct request *r = c->state;
	struct channel_owner owner;
	struct channel *channel;
	struct why why = { 0 };

	r->call = c;
	r->d = dialogue_new(s);
	dialogue_owner(r->d, &owner);
	channel = channel_stdio(call_take_descriptor(c, 0),
	    call_take_descriptor(c, 1), &owner, &why);
	if (channel == NULL) {
		dialogue_end(r->d);
		r->d = NULL;
		call_fail(c, &why);
		return;
	}
	r->d->quiet = command_value(&c->args, REQUEST_FAIL) != NULL;
	r->d->told = request_told;
	r->d->sends = request_sends;
	r->d->arg = r;
	dialogue_begin(r->d, channel);
}

static void
request_run(struct call *c)
{
	struct entry *e = call_session(c);
	struct why why = { 0 };
	int ms = 0;

	if (e == NULL)
		return;
	c->state = xcalloc(1, sizeof(struct request));
	c->clear = request_clear;
	if (command_seconds(&c->args, REQUEST_TIMEOUT, &ms, &why) == -1) {
		call_fail(c, &why);
	} else if (e->session->pool == NULL) {
		why_fail(&why, FAULT_REFUSED, "framing=stream has no requests; "
		    "open it with another framing, or use attach");
		call_fail(c, &why);
	} else if (c->ndescriptors < 2) {
		why_fail(&why, FAULT_REFUSED,
		    "standard input and output did not come along");
		call_fail(c, &why);
	} else if (private_room(e->session, &why) == -1) {
		call_fail(c, &why);
	} else {
		if (ms > 0)
			call_after(c, ms, request_expired);
		request_begin(c, e->session);
	}
}

static const struct command_option request_options[] = {
	{ REQUEST_TIMEOUT, "timeout", "SEC",
	    "Give up after SEC seconds in all." },
	{ REQUEST_FAIL, "fail", NULL, "A reply of HTTP's 400 and above is not "
	    "printed, and is exit status 22." },
	{ 0 }
};

const struct command command_request = {
	.name = "request",
	.usage = "NAME",
	.text = "Send standard input, which is one request, and print its "
		"reply; the exit status is the truth.",
	.flags = COMMAND_SESSION | COMMAND_DESCRIPTORS | COMMAND_SENDS,
	.min = 1,
	.max = 1,
	.options = request_options,
	.run = request_run,
};
