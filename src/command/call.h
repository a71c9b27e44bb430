/*
 * A call: one control client and the command that it runs in the broker.
 * The command answers through the functions below; a client that leaves, or
 * does not read what it asked for, ends its own call and nothing else.
 */
#ifndef COMMAND_CALL_H
#define COMMAND_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/why.h"
#include "command/broker.h"
#include "command/command.h"
#include "keeper/spawn.h"
#include "command/frame.h"

/* A client that lets more than this wait for it is dropped. */
#define CALL_OUTPUT_MAX ((size_t)1024 * 1024)

struct call {
	/* What was asked; valid from run() until the end. */
	struct command_args args;
	const char *cwd;        /* the client's, absolute */
	struct keeper_home *home;       /* where its programs run; or NULL */
	/* What came with the words; see call_take_descriptor(). */
	int descriptors[COMMAND_NDESCRIPTORS];
	size_t ndescriptors;

	/* The command's own, between its callbacks. */
	void *state;
	void (*clear)(struct call *c);          /* frees state; or NULL */

	/* How it is run: call.c and control.c only. */
	TAILQ_ENTRY(call) entry;
	int fd;                                 /* owned */
	struct buf in, out;
	struct watch readable, writable;
	struct timer deadline;                  /* of the request */
	struct timer timer;                     /* call_after() */
	struct broker_observer observer;        /* call_observe() */
	void (*more)(struct call *c);           /* call_stream() */
	void (*expired)(struct call *c);
	char *strings;                          /* of FRAME_HOME, or NULL */
	size_t nstrings;                        /* bytes of these */
	char *words;                            /* of the request */
	char **argv;
	bool started, finished, dropped;
	struct deferred reap;
};

/* Serve the client on fd (taken over). Never fails. */
struct call *call_new(int fd);
/* How many there are. */
int call_count(void);
/* For the broker's end: send what goes at once, free all calls. */
void call_close_all(void);

/* --- for commands --- */

/* The operand i; NULL where it was not given. */
const char *call_operand(const struct call *c, int i);
/*
 * The descriptor i that came with the words: the caller's to close from now
 * on.  -1 where there is none, or it was taken.
 */
int call_take_descriptor(struct call *c, size_t i);
/* The session that operand 0 names; NULL: the call is failed. */
struct entry *call_session(struct call *c);
/* Text for standard output. */
void call_print(struct call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A frame of another type; its data. */
void call_send_frame(struct call *c, enum frame_type type, const void *data,
    size_t n);
/* Now, not at the end of this turn. */
void call_flush(struct call *c);
/* How much waits for the client to read it. */
size_t call_waiting(const struct call *c);
/* One line, without its end, for standard error, after fifoctl's name. */
void call_warn(struct call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The last word: nothing more comes, no callback either. */
void call_finish(struct call *c, int status);
/* call_warn() "OPERAND: sentence", and call_finish() with the fault. */
void call_fail(struct call *c, const struct why *why);

/* Tell of events of session `name` (borrowed), or of all (NULL). */
void call_observe(struct call *c, const char *name, broker_event *event);
/* ... and of each move; to be called before. */
void call_observe_moves(struct call *c, broker_move *move);
/* Call expired(c) after ms; again replaces. */
void call_after(struct call *c, int ms, void (*expired)(struct call *c));
/*
 * Call more(c) whenever little waits to be sent, now included, until the
 * call is finished, or NULL is given: for answers of any length.
 */
void call_stream(struct call *c, void (*more)(struct call *c));

#endif
