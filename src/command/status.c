/*
 * status: the facts about a session, asked of the broker itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "base/words.h"
#include "command/call.h"
#include "command/facts.h"

/* Room for the longest value, each byte of it spelled by vis(3). */
#define STATUS_VALUE (4 * OPTION_TEXT_MAX + 1)
#define STATUS_KEYS 256         /* more facts than there are */

enum { STATUS_JSON = 256 };

/* One fact looked for; all names, to suggest one. */
struct status_search {
	struct call *call;
	const char *key;
	bool found;
	char keys[STATUS_KEYS][48];
	const char *names[STATUS_KEYS + 1];
	size_t n;
};

static void
status_line(const char *key, const char *value, void *arg)
{
	char safe[STATUS_VALUE];

	call_print(arg, "%s=%s\n", key, words_vis(value, safe, sizeof(safe)));
}

static void
status_match(const char *key, const char *value, void *arg)
{
	struct status_search *search = arg;
	char safe[STATUS_VALUE];

	if (strcmp(key, search->key) == 0) {
		search->found = true;
		call_print(search->call, "%s\n",
		    words_vis(value, safe, sizeof(safe)));
	}
	if (search->n < STATUS_KEYS) {
		strlcpy(search->keys[search->n], key,
		    sizeof(search->keys[0]));
		search->names[search->n] = search->keys[search->n];
		search->n++;
	}
}

static void
status_one(struct call *c, struct session *s, const char *key)
{
	struct status_search search = { .call = c, .key = key };
	const char *near;

	session_facts(s, status_match, &search);
	if (search.found) {
		call_finish(c, FAULT_NONE);
		return;
	}
	near = words_nearest(key, search.names);
	call_warn(c, "%s: there is no fact \"%.60s\"%s%s%s", s->name, key,
	    near != NULL ? ": did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?" : "");
	call_finish(c, FAULT_USAGE);
}

static void
status_json(struct call *c, struct session *s)
{
	char *object = facts_json(s);

	call_print(c, "%s\n", object);
	call_finish(c, FAULT_NONE);
	free(object);
}

static void
status_run(struct call *c)
{
	struct entry *e = call_session(c);
	bool json = command_value(&c->args, STATUS_JSON) != NULL;

	if (e == NULL)
		return;
	if (json && call_operand(c, 1) != NULL) {
		call_warn(c, "status: KEY and --json together");
		call_finish(c, FAULT_USAGE);
	} else if (json) {
		status_json(c, e->session);
	} else if (call_operand(c, 1) != NULL) {
		status_one(c, e->session, call_operand(c, 1));
	} else {
		session_facts(e->session, status_line, c);
		call_finish(c, FAULT_NONE);
	}
}

static const struct command_option status_options[] = {
	{ STATUS_JSON, "json", NULL, "Print one JSON object." },
	{ 0 }
};

const struct command command_status = {
	.name = "status",
	.usage = "NAME [KEY]",
	.text = "Print what is known about a session, as key=value lines, or "
		"the bare value of one KEY.",
	.flags = COMMAND_SESSION | COMMAND_AGAIN,
	.min = 1,
	.max = 2,
	.options = status_options,
	.run = status_run,
};
