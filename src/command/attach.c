/*
 * attach: talk to a session by hand.  fifoctl keeps one end of a pair of
 * sockets; the broker gets the other, which becomes a channel of the session.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command/call.h"
#include "command/client.h"
#include "command/talk.h"
#include "session/join.h"

static void
attach_run(struct call *c)
{
	struct entry *e = call_session(c);
	struct why why = { 0 };

	if (e == NULL)
		return;
	if (c->ndescriptors < 1) {
		why_fail(&why, FAULT_REFUSED, "no socket came along");
		call_fail(c, &why);
		return;
	}
	join_socket(e->session, call_take_descriptor(c, 0));
	call_finish(c, FAULT_NONE);
}

static int
attach_talk(const struct client *client, const char *name, int fd)
{
	struct talk_end end = { .how = TALK_CLIENT_LEFT };
	char prompt[COMMAND_WHO + 2], who[COMMAND_WHO];
	struct talk_options o = { .prompt = prompt, .end = &end };
	struct why why = { 0 };
	int status;

	snprintf(prompt, sizeof(prompt), "%s> ", command_who(name, who));
	status = client->talk(fd, &o);
	if (end.how == TALK_ERROR)
		why_fail(&why, FAULT_REFUSED, "%s: %s", end.what,
		    strerror(end.error));
	else if (end.how == TALK_CLOSED && end.error != 0)
		why_fail(&why, FAULT_RECEIVE, "the session has ended; %zu "
		    "bytes were not sent", end.unsent);
	else if (end.how == TALK_CLOSED && isatty(STDIN_FILENO))
		why_fail(&why, FAULT_NONE, "the session has closed this "
		    "channel");
	else
		return status;
	client_fail(name, &why);
	return status;
}

static int
attach_local(struct client *client, const struct command_args *args)
{
	struct why why;
	int ends[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1) {
		why_fail(&why, FAULT_REFUSED, "%s", strerror(errno));
		return client_fail(args->operands[0], &why);
	}
	client->descriptors[0] = ends[1];
	client->ndescriptors = 1;
	status = client_ask(client, args);
	close(ends[1]);
	if (status == FAULT_NONE)
		status = attach_talk(client, args->operands[0], ends[0]);
	close(ends[0]);
	return status;
}

const struct command command_attach = {
	.name = "attach",
	.usage = "NAME",
	.text = "Talk to a session by hand, over a channel of one's own; on a "
		"terminal with line editing, ^D leaves the session standing.",
	.flags = COMMAND_SESSION | COMMAND_DESCRIPTORS,
	.min = 1,
	.max = 1,
	.run = attach_run,
	.local = attach_local,
};
