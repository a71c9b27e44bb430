#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/command.h"

#define COMMAND(name) extern const struct command command_##name;
#include "command_list.h"
#undef COMMAND

const struct command *const command_table[] = {
#define COMMAND(name) &command_##name,
#include "command_list.h"
#undef COMMAND
	NULL
};

const struct command_option command_common[] = {
	{ 'h', "help", NULL, "Print the command's help." },
	{ 0 }
};

/* The most option rows of one command, the common ones included. */
#define COMMAND_OPTIONS 16

/* The rows of one command, as getopt_long(3) wants them. */
struct command_getopt {
	const struct command *command;
	const struct command_option *rows[COMMAND_OPTIONS];
	struct option longs[COMMAND_OPTIONS + 1];
	const char *names[COMMAND_OPTIONS + 1];
	char shorts[2 + 2 * COMMAND_OPTIONS + 1];
	size_t n;
};

const struct command *
command_find(const char *name, struct why *why)
{
	const char *names[sizeof(command_table) / sizeof(command_table[0])];
	const char *near;
	char safe[80];
	size_t i;

	for (i = 0; command_table[i] != NULL; i++) {
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
		names[i] = command_table[i]->name;
	}
	names[i] = NULL;
	words_vis(name, safe, sizeof(safe));
	near = words_nearest(name, names);
	if (near != NULL)
		why_fail(why, FAULT_USAGE,
		    "unknown command \"%s\": did you mean %s?", safe, near);
	else
		why_fail(why, FAULT_USAGE,
		    "unknown command \"%s\": fifoctl help lists them", safe);
	return NULL;
}

/* One option as in a synopsis, "-d DIR", "--wait=SEC".  Returns out. */
static char *
command_option_text(const struct command_option *o, char *out, size_t size)
{
	const char *argument = o->argument == NULL ? "" : o->argument;

	if (o->code < 256)
		snprintf(out, size, "-%c%s%s", o->code,
		    o->argument == NULL ? "" : " ", argument);
	else
		snprintf(out, size, "--%s%s%s", o->name,
		    o->argument == NULL ? "" : "=", argument);
	return out;
}

char *
command_synopsis(const struct command *command, char *out, size_t size)
{
	const struct command_option *o;
	char option[48];

	snprintf(out, size, "%s%s%s", command->name,
	    command->usage[0] == '\0' ? "" : " ", command->usage);
	for (o = command->options; o != NULL && o->name != NULL; o++) {
		command_option_text(o, option, sizeof(option));
		strlcat(out, " [", size);
		strlcat(out, option, size);
		strlcat(out, "]", size);
	}
	return out;
}

char *
command_who(const char *name, char out[COMMAND_WHO])
{
	static const char dots[] = "...";

	if (strlcpy(out, *name != '\0' ? name : "\"\"", COMMAND_WHO) >=
	    COMMAND_WHO)
		memcpy(out + COMMAND_WHO - sizeof(dots), dots, sizeof(dots));
	return out;
}

static void
command_getopt_add(struct command_getopt *g, const struct command_option *o)
{
	char letter[3];

	for (; o != NULL && o->name != NULL && g->n < COMMAND_OPTIONS; o++) {
		snprintf(letter, sizeof(letter), "%c%s", o->code,
		    o->argument != NULL ? ":" : "");
		if (o->code < 256)
			strlcat(g->shorts, letter, sizeof(g->shorts));
		g->longs[g->n] = (struct option){ o->name,
			o->argument != NULL ? required_argument : no_argument,
			NULL, o->code };
		g->names[g->n] = o->name;
		g->rows[g->n++] = o;
	}
}

static const struct command_option *
command_getopt_find(const struct command_getopt *g, int code)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->rows[i]->code == code)
			return g->rows[i];
	return NULL;
}

static int
command_unknown_option(const struct command_getopt *g, const char *word,
    struct why *why)
{
	char safe[80], name[64];
	const char *near;

	words_vis(word, safe, sizeof(safe));
	strlcpy(name, word + strspn(word, "-"), sizeof(name));
	name[strcspn(name, "=")] = '\0';
	near = words_nearest(name, g->names);
	if (near != NULL)
		return why_fail(why, FAULT_USAGE,
		    "unknown option %s: did you mean --%s?", safe, near);
	return why_fail(why, FAULT_USAGE,
	    "unknown option %s: fifoctl help %s lists them", safe,
	    g->command->name);
}

/* What getopt_long(3) did not like about the word before argv[optind]. */
static int
command_bad_option(const struct command_getopt *g, int result,
    const char *word, struct why *why)
{
	const struct command_option *o = command_getopt_find(g, optopt);
	char text[48], letter[] = { '-', (char)optopt, '\0' };

	if (o == NULL)
		return command_unknown_option(g, optopt != 0 ? letter : word,
		    why);
	command_option_text(o, text, sizeof(text));
	return why_fail(why, FAULT_USAGE, result == ':' ?
	    "%s: its value is missing" : "%s takes no value", text);
}

static int
command_operand(struct command_args *args, const char *word, struct why *why)
{
	char safe[80], usage[160];

	if (args->noperands == args->command->max)
		return why_fail(why, FAULT_USAGE,
		    "\"%s\" is one word too many: fifoctl %s",
		    words_vis(word, safe, sizeof(safe)),
		    command_synopsis(args->command, usage, sizeof(usage)));
	args->operands[args->noperands++] = word;
	return 0;
}

static void
command_option_add(struct command_args *args,
    const struct command_option *option, const char *value)
{
	if (option->code == 'h') {
		args->help = true;
		return;
	}
	args->given = xreallocarray(args->given, args->ngiven + 1,
	    sizeof(*args->given));
	args->given[args->ngiven++] = (struct command_given){ option,
		value != NULL ? value : "" };
}

/*
 * "-" first: operands come one by one, as option 1, in their order; so argv
 * is not changed and $POSIXLY_CORRECT of whoever started the broker has no
 * say.
 */
static int
command_sort(struct command_args *args, int argc, char **argv,
    struct why *why)
{
	struct command_getopt g = { .command = args->command,
		.shorts = "-:" };
	int code;

	command_getopt_add(&g, args->command->options);
	command_getopt_add(&g, command_common);
	opterr = 0;
	optind = 0;
	while ((code = getopt_long(argc, argv, g.shorts, g.longs, NULL)) !=
	    -1) {
		if (code == '?' || code == ':')
			return command_bad_option(&g, code, argv[optind - 1],
			    why);
		if (code != 1)
			command_option_add(args,
			    command_getopt_find(&g, code), optarg);
		else if (command_operand(args, optarg, why) == -1)
			return -1;
	}
	for (; optind < argc; optind++)
		if (command_operand(args, argv[optind], why) == -1)
			return -1;
	return 0;
}

int
command_parse(struct command_args *args, int argc, char **argv,
    struct why *why)
{
	char usage[160];

	args->command = command_find(argv[0], why);
	if (args->command == NULL)
		return -1;
	if (command_sort(args, argc, argv, why) == -1)
		goto fail;
	if (args->noperands < args->command->min && !args->help) {
		why_fail(why, FAULT_USAGE, "a word is missing: fifoctl %s",
		    command_synopsis(args->command, usage, sizeof(usage)));
		goto fail;
	}
	return 0;
fail:
	why_prefix(why, "%s", args->command->name);
	command_args_clear(args);
	return -1;
}

void
command_args_clear(struct command_args *args)
{
	free(args->given);
	memset(args, 0, sizeof(*args));
}

/* The last one counts. */
static const struct command_given *
command_given(const struct command_args *args, int code)
{
	size_t i;

	for (i = args->ngiven; i > 0; i--)
		if (args->given[i - 1].option->code == code)
			return &args->given[i - 1];
	return NULL;
}

const char *
command_value(const struct command_args *args, int code)
{
	const struct command_given *given = command_given(args, code);

	return given != NULL ? given->value : NULL;
}

int
command_seconds(const struct command_args *args, int code, int *ms,
    struct why *why)
{
	const struct command_given *given = command_given(args, code);
	char name[48];
	const struct option_row row = { .name = name, .type = OPTION_TIME,
		.max = INT_MAX / 1000 * 1000, .value = "0" };
	const struct option_group group[] = { { "", &row, 1, 0 }, { 0 } };

	if (given == NULL)
		return 0;
	command_option_text(given->option, name, sizeof(name));
	return option_set(group, ms, name, given->value, NULL, why);
}
