/*
 * channel: a private channel of a session, as a directory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "session/private.h"

enum { CHANNEL_PID = 'p', CHANNEL_CLOSE = 256 };

static const char channel_middle[] = "/ch/";

/*
 * The session and the ID of RUNDIR/NAME/ch/ID.  The path may lead there by a
 * symbolic link, `-d ./sess`.
 */
static struct entry *
channel_find(const char *path, const char *cwd, char **id, struct why *why)
{
	char *absolute = words_absolute(cwd, path);
	char *real = realpath(absolute, NULL);
	char *rundir = realpath(broker_place()->rundir, NULL);
	struct entry *e = NULL;
	char *name, *middle;

	*id = NULL;
	free(absolute);
	if (real != NULL && rundir != NULL &&
	    strncmp(real, rundir, strlen(rundir)) == 0 &&
	    real[strlen(rundir)] == '/') {
		name = real + strlen(rundir) + 1;
		middle = strstr(name, channel_middle);
		if (middle != NULL) {
			*middle = '\0';
			*id = xstrdup(middle + strlen(channel_middle));
			e = broker_find(name, why);
		}
	}
	free(real);
	free(rundir);
	if (*id == NULL)
		why_fail(why, FAULT_REFUSED, "\"%.120s\" is not the directory "
		    "of a channel", path);
	return e;
}

static void
channel_close(struct call *c, const char *path)
{
	struct why why = { 0 };
	char *id;
	struct entry *e = channel_find(path, c->cwd, &id, &why);

	if (e == NULL || private_close(e->session, id, &why) == -1)
		call_fail(c, &why);
	else
		call_finish(c, FAULT_NONE);
	free(id);
}

/* The process that it ends with; 0: with none. */
static int
channel_pid(const struct call *c, pid_t *pid, struct why *why)
{
	const char *value = command_value(&c->args, CHANNEL_PID);
	const char *flaw = NULL;

	*pid = 0;
	if (value == NULL)
		return 0;
	*pid = (pid_t)strtonum(value, 1, 0x7fffffff, &flaw);
	if (flaw == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "-p: \"%.40s\" is no process id",
	    value);
}

static void
channel_open(struct call *c)
{
	struct entry *e = call_session(c);
	struct why why = { 0 };
	const char *id;
	pid_t pid;

	if (e == NULL)
		return;
	if (channel_pid(c, &pid, &why) == -1 || broker_room(&why) == -1 ||
	    (id = private_open(e->session, pid, &why)) == NULL) {
		call_fail(c, &why);
		return;
	}
	call_print(c, "%s/%s%s%s\n", broker_place()->rundir,
	    e->session->name, channel_middle, id);
	call_finish(c, FAULT_NONE);
}

static void
channel_run(struct call *c)
{
	const char *path = command_value(&c->args, CHANNEL_CLOSE);

	if ((path == NULL) == (call_operand(c, 0) == NULL)) {
		call_warn(c, "channel: write channel NAME [-p PID], or "
		    "channel --close=DIR");
		call_finish(c, FAULT_USAGE);
	} else if (path != NULL) {
		channel_close(c, path);
	} else {
		channel_open(c);
	}
}

static const struct command_option channel_options[] = {
	{ CHANNEL_PID, "pid", "PID",
	    "The channel ends with process PID; in a script: -p $$." },
	{ CHANNEL_CLOSE, "close", "DIR",
	    "End the channel of this directory." },
	{ 0 }
};

const struct command command_channel = {
	.name = "channel",
	.usage = "[NAME]",
	.text = "Make a private channel, a pair of FIFOs for one client, and "
		"print its directory.",
	.flags = COMMAND_SESSION,
	.min = 0,
	.max = 1,
	.options = channel_options,
	.run = channel_run,
};
