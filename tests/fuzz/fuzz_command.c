/*
 * A command line of any words: it is sorted into a command's options and
 * operands, all of which are words that were given, or it is said what is
 * wrong.  Seconds are what they say, and are not taken where they are none.
 */
#include <limits.h>
#include <stdio.h>

#include "base/words.h"
#include "command/command.h"
#include "fuzz.h"

/* Is it a part of one of the words? */
static bool
was_given(const char *value, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (value >= argv[i] && value <= strchr(argv[i], '\0'))
			return true;
	return value[0] == '\0';
}

static void
look(const struct command_args *args, int argc, char **argv)
{
	const struct command *command = args->command;
	char usage[160];
	size_t i;
	int ms;
	struct why why = { 0 };

	must(args->noperands <= command->max &&
	    args->noperands <= COMMAND_OPERANDS);
	must(args->help || args->noperands >= command->min);
	for (i = 0; i < (size_t)args->noperands; i++)
		must(was_given(args->operands[i], argc, argv));
	for (i = 0; i < args->ngiven; i++) {
		const struct command_given *g = &args->given[i];

		must(was_given(g->value, argc, argv));
		must(g->option->argument != NULL || g->value[0] == '\0');
		must(command_value(args, g->option->code) != NULL);
		ms = -7;
		if (command_seconds(args, g->option->code, &ms, &why) == -1)
			must(ms == -7 && why.fault == FAULT_USAGE);
		else
			must(ms >= 0);
	}
	must(strncmp(command_synopsis(command, usage, sizeof(usage)),
	    command->name, strlen(command->name)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_text(data, size), **argv;
	struct command_args args = { 0 };
	struct why why = { 0 };
	int argc = words_split(line, &argv, &why);

	if (argc > 0) {
		if (command_parse(&args, argc, argv, &why) == 0) {
			look(&args, argc, argv);
		} else {
			must(why.fault == FAULT_USAGE &&
			    why.text[0] != '\0');
			must(args.given == NULL && args.ngiven == 0);
		}
		command_args_clear(&args);
	}
	if (argc >= 0)
		words_free(argv);
	free(line);
	return 0;
}
