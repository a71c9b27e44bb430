/*
 * Commands: what an operator or the configuration file can say.  One file a
 * member, which exports one `const struct command`; the list COMMANDS in
 * src/local.mk makes the table.  The rows here drive parsing, help, the
 * manual and the completions.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

/* The most operands a command has; the row's usage says how many. */
#define COMMAND_OPERANDS 3
/* The most descriptors that come with a command's words. */
#define COMMAND_NDESCRIPTORS 2

struct call;
struct client;

enum {
	COMMAND_STARTS = 1 << 0,        /* starts a broker where none runs */
	COMMAND_STOPS = 1 << 1,         /* returns when the broker is gone */
	COMMAND_WATCHES = 1 << 2,       /* ends well when the broker does */
	COMMAND_IN_FILE = 1 << 3,       /* may stand in a configuration file */
	COMMAND_SESSION = 1 << 4,       /* the first operand is a session */
	COMMAND_DESCRIPTORS = 1 << 5,   /* descriptors come with the words */
	COMMAND_AGAIN = 1 << 6,         /* done twice is done once */
	COMMAND_SENDS = 1 << 7,         /* cut off, it may have been sent */
	COMMAND_PATIENT = 1 << 8,       /* cut off, it goes on, however often */
};

/* One option of a command, by its letter, its long name or both. */
struct command_option {
	int code;               /* the letter, or a number from 256 on */
	const char *name;       /* "wait"; NULL ends the rows */
	const char *argument;   /* "SEC"; NULL: it takes none */
	const char *text;       /* one sentence */
};

struct command_args;

struct command {
	const char *name;
	const char *usage;      /* its operands: "NAME [KEY]" */
	const char *text;       /* one sentence */
	unsigned flags;
	int min, max;           /* operands */
	const struct command_option *options;   /* NULL: none */
	/*
	 * In the broker: answer now by call_finish(), or set up what will
	 * and return.  NULL: the command is fifoctl's alone.
	 */
	void (*run)(struct call *c);
	/*
	 * In fifoctl: the exit status, or -1 to ask the broker all the same.
	 * NULL: always ask.
	 */
	int (*local)(struct client *client, const struct command_args *args);
	/* No broker runs: is that as good as done?  NULL: no. */
	bool (*alone)(const struct command_args *args);
};

struct command_given {
	const struct command_option *option;
	const char *value;      /* "" where it takes none */
};

/* The words of one command, sorted; all borrowed from argv. */
struct command_args {
	const struct command *command;
	const char *operands[COMMAND_OPERANDS];
	int noperands;
	struct command_given *given;    /* options in their order */
	size_t ngiven;
	bool help;              /* --help was among them */
};

/* The table, NULL-terminated, in the order of src/local.mk. */
extern const struct command *const command_table[];
/* The option that all have: --help. */
extern const struct command_option command_common[];
/* By name; or NULL + FAULT_USAGE with the nearest. */
const struct command *command_find(const char *name, struct why *why);

/* "open NAME ENDPOINT [-d DIR] ..." into out. Returns out. */
char *command_synopsis(const struct command *command, char *out,
    size_t size);

#define COMMAND_WHO 80

/*
 * A session's name, as it was given, to stand before a sentence: an empty one
 * as "", a long one cut.  Returns out.
 */
char *command_who(const char *name, char out[COMMAND_WHO]);

/*
 * Sort argv (argv[0] is the command's name; not changed) into a zeroed
 * `args`.  0, or -1 + FAULT_USAGE, then args stays empty.
 */
int command_parse(struct command_args *args, int argc, char **argv,
    struct why *why);
void command_args_clear(struct command_args *args);
/* The last value given for option `code`, "" without one, NULL: not given. */
const char *command_value(const struct command_args *args, int code);
/*
 * The same for a number of seconds, "5" or "0.5", as milliseconds in *ms,
 * which stays where the option was not given.  0, or -1 + FAULT_USAGE.
 */
int command_seconds(const struct command_args *args, int code, int *ms,
    struct why *why);

#endif
