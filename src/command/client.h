/*
 * fifoctl's side of the control socket: find the broker, start one where the
 * command asks for that, ask, relay the answer.
 */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "command/command.h"

struct frame;
struct talk_options;

struct client {
	const char *rundir;     /* -r; NULL: the default */
	int argc;
	char **argv;            /* the command's words */
	/* Go with them (COMMAND_DESCRIPTORS); first 0 and 1. */
	int descriptors[COMMAND_NDESCRIPTORS];
	size_t ndescriptors;
	bool home;              /* the environment goes with them, too */
	/* Asked again it is no longer waited (loop_now_ms()); 0: for ever. */
	int64_t until_ms;
	/* For FRAME_PIECE: print it.  NULL: the command gets none. */
	void (*piece)(const struct frame *f, void *arg);
	void *piece_arg;
	/* talk.h's, in fifoctl alone: only that is linked with libedit. */
	int (*talk)(int fd, const struct talk_options *o);
};

/*
 * Run the command: parse, do what is fifoctl's alone, else ask the broker.
 * The exit status; everything was said on standard output and error.
 */
int client_run(struct client *client);

/* --- for commands that are fifoctl's --- */

/*
 * Ask the broker: relay what it says, and return its exit status.
 */
int client_ask(struct client *client, const struct command_args *args);
/* The run directory, open, and its path (the caller frees); or -1 + why. */
int client_rundir(const struct client *client, char **path, struct why *why);
/* The working directory, absolute; NULL where it is gone. Caller frees. */
char *client_cwd(void);
/*
 * Say "fifoctl: NAME: sentence" on standard error, without NAME where that is
 * NULL.  Returns the fault, as exit status.
 */
int client_fail(const char *name, const struct why *why);
/*
 * Wait until fd (-1: none) can be read or ms (-1: for ever) have passed.
 * False: whoever read our standard output has gone, which was said, unless it
 * has ended us, as it would have at the next write (SIGPIPE).
 */
bool client_wait(int fd, int ms);

#endif
