/*
 * list: all sessions, one a line; a piece at a time, for there may be many.
 */
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "command/facts.h"

#define LIST_PIECE 64           /* sessions at once */

enum { LIST_JSON = 256 };

struct list {
	bool json;
	int width;              /* of the longest name */
	char after[72];         /* the last name printed */
};

static void
list_entry(struct call *c, struct entry *e)
{
	struct list *l = c->state;
	char safe[1024], *object;

	if (!l->json) {
		call_print(c, "%-*s  %-10s  %s\n", l->width, e->name,
		    session_state_name(e->session->state),
		    words_vis(e->session->url.text, safe, sizeof(safe)));
		return;
	}
	object = facts_json(e->session);
	call_print(c, "%s\n%s", l->after[0] != '\0' ? "," : "", object);
	free(object);
}

static void
list_more(struct call *c)
{
	struct list *l = c->state;
	struct entry *e;
	int n;

	for (n = 0; n < LIST_PIECE; n++) {
		e = broker_after(l->after);
		if (e == NULL) {
			call_print(c, "%s", l->json ? "\n]\n" : "");
			call_finish(c, FAULT_NONE);
			return;
		}
		list_entry(c, e);
		strlcpy(l->after, e->name, sizeof(l->after));
	}
}

static void
list_run(struct call *c)
{
	struct list *l = xcalloc(1, sizeof(*l));
	struct entry *e;
	int n;

	c->state = l;
	l->json = command_value(&c->args, LIST_JSON) != NULL;
	for (e = broker_after(""); e != NULL; e = broker_after(e->name)) {
		n = (int)strlen(e->name);
		l->width = n > l->width ? n : l->width;
	}
	if (l->json)
		call_print(c, "[");
	call_stream(c, list_more);
}

static const struct command_option list_options[] = {
	{ LIST_JSON, "json", NULL,
	    "Print a JSON array of objects, one a session, with all facts." },
	{ 0 }
};

const struct command command_list = {
	.name = "list",
	.usage = "",
	.text = "Print all sessions, one a line: name, state and endpoint.",
	.flags = COMMAND_AGAIN,
	.options = list_options,
	.run = list_run,
};
