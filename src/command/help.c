/*
 * help: everything in the tables, on standard output.
 */
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/words.h"
#include "command/client.h"
#include "command/help.h"
#include "command/limit.h"
#include "framing/framing.h"
#include "session/session.h"
#include "transport/prelude.h"
#include "transport/transport.h"
#include "transport/via.h"

#define HELP_WIDTH 79
#define HELP_INDENT 10
#define HELP_SYNOPSIS 256

/* `text` in lines that begin at column `indent`; the cursor is at `column`. */
static void
help_wrap(const char *text, int column, int indent)
{
	int n;

	if (column > indent) {
		printf("\n");
		column = 0;
	}
	printf("%*s", indent - column, "");
	column = indent;
	while (*text != '\0') {
		n = (int)strcspn(text, " ");
		if (column > indent && column + 1 + n > HELP_WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", n,
		    text);
		text += n;
		text += strspn(text, " ");
	}
	printf("\n");
}

static void
help_commands(void)
{
	const struct command *const *c;
	char synopsis[HELP_SYNOPSIS];

	printf("usage: fifoctl [-r RUNDIR] COMMAND ...\n\n");
	for (c = command_table; *c != NULL; c++) {
		printf("  ");
		help_wrap(command_synopsis(*c, synopsis, sizeof(synopsis)), 2,
		    2);
		help_wrap((*c)->text, 0, HELP_INDENT);
	}
	printf("\nMore: fifoctl help COMMAND | options | endpoints | ways | "
	    "framings | limits | exit\n");
}

int
help_command(const struct command *command)
{
	const struct command_option *o;
	char text[HELP_SYNOPSIS];

	printf("usage: ");
	help_wrap(command_synopsis(command, text, sizeof(text)), 7, 7);
	help_wrap(command->text, 0, 0);
	for (o = command->options; o != NULL && o->name != NULL; o++) {
		printf("\n");
		if (o->code < 256)
			printf("  -%c, ", o->code);
		else
			printf("      ");
		printf("--%s%s%s\n", o->name, o->argument ? "=" : "",
		    o->argument ? o->argument : "");
		help_wrap(o->text, 0, HELP_INDENT);
	}
	return FAULT_NONE;
}

/* Nothing, where it is there. */
static void
help_available(int (*available)(struct why *why))
{
	struct why why;
	char text[sizeof(why.text) + 32];

	if (available == NULL || available(&why) == 0)
		return;
	snprintf(text, sizeof(text), "Not on this system: %s.", why.text);
	help_wrap(text, 0, HELP_INDENT);
}

static void
help_option(const struct option_row *row)
{
	char range[256];

	printf("  %s=%s%s\n", row->name,
	    row->value != NULL ? row->value : "", row->live ? "  (live)" : "");
	help_wrap(option_range(row, range, sizeof(range)), 0, HELP_INDENT);
	help_wrap(row->text, 0, HELP_INDENT);
	help_available(row->available);
}

static void
help_options(void)
{
	const struct option_group *g;
	size_t i;

	help_wrap("Options of sessions (open -o KEY=VALUE), each with its "
	    "default; those marked live can be changed by set.", 0, 0);
	for (g = option_groups; g->title != NULL; g++) {
		printf("\n%s:\n", g->title);
		for (i = 0; i < g->nrows; i++)
			help_option(&g->rows[i]);
	}
}

static void
help_endpoints(void)
{
	const struct transport *const *t;
	const struct imply_row *row;

	for (t = transport_table; *t != NULL; t++) {
		printf("  %s\n", (*t)->usage);
		help_wrap((*t)->text, 0, HELP_INDENT);
		help_available((*t)->available);
	}
	for (row = imply_rows; row->scheme != NULL; row++) {
		printf("  %s\n", row->usage);
		help_wrap(row->text, 0, HELP_INDENT);
	}
}

static void
help_ways(void)
{
	size_t i;

	printf("Proxies, for via=, several with commas between:\n\n");
	for (i = 0; via_kinds[i] != NULL; i++) {
		printf("  %s\n", via_kinds[i]->usage);
		help_wrap(via_kinds[i]->text, 0, HELP_INDENT);
	}
	printf("\nProtocols, for starttls=:\n\n");
	for (i = 1; i < prelude_nstarttls; i++) {
		printf("  %s\n", prelude_starttls[i]->name);
		help_wrap(prelude_starttls[i]->text, 0, HELP_INDENT);
	}
}

static void
help_framings(void)
{
	const struct framing *const *f;

	for (f = framing_table; *f != NULL; f++) {
		printf("  %s\n", (*f)->usage);
		help_wrap((*f)->text, 0, HELP_INDENT);
	}
}

static void
help_exit(void)
{
	size_t i;

	for (i = 0; i < fault_nrows; i++)
		help_wrap(fault_rows[i].text,
		    printf("  %3d", fault_rows[i].fault), 8);
}

static void
help_limits(void)
{
	const struct limit_row *r;
	size_t i;

	help_wrap("Limits of a broker (fifod -l KEY=VALUE, or limit KEY=VALUE "
	    "in its file), each with its default:", 0, 0);
	for (i = 0; i < limit_groups->nrows; i++)
		help_option(&limit_groups->rows[i]);
	printf("\n");
	help_wrap("All bounds there are, and what happens at each:", 0, 0);
	for (r = limit_rows; r < limit_rows + limit_nrows; r++) {
		printf("  %s: %s\n", r->of, r->most);
		help_wrap(r->then, 0, HELP_INDENT);
	}
}

static const struct help_topic {
	const char *name;
	void (*print)(void);
} help_topics[] = {
	{ "options", help_options },
	{ "endpoints", help_endpoints },
	{ "ways", help_ways },
	{ "framings", help_framings },
	{ "limits", help_limits },
	{ "exit", help_exit },
};
#define HELP_NTOPICS (sizeof(help_topics) / sizeof(help_topics[0]))

static int
help_local(struct client *client, const struct command_args *args)
{
	const struct command *command;
	struct why why = { 0 };
	size_t i;

	(void)client;
	if (args->noperands == 0) {
		help_commands();
		return FAULT_NONE;
	}
	for (i = 0; i < HELP_NTOPICS; i++) {
		if (strcmp(help_topics[i].name, args->operands[0]) == 0) {
			help_topics[i].print();
			return FAULT_NONE;
		}
	}
	command = command_find(args->operands[0], &why);
	return command != NULL ? help_command(command) :
	    client_fail("help", &why);
}

const struct command command_help = {
	.name = "help",
	.usage = "[COMMAND | options | endpoints | ways | framings | "
		"limits | exit]",
	.text = "Explain a command, or list the options of sessions, the "
		"kinds of endpoints, the ways to them (proxies, STARTTLS), "
		"the framings, the limits or the exit statuses.",
	.max = 1,
	.local = help_local,
};
