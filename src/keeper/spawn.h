/*
 * Children: programs that a session runs, by /bin/sh -c, each with one
 * descriptor as its standard input and output, and its standard error read
 * by us, line by line.
 *
 * A child holds nothing of ours but those three.  It leads a session
 * (setsid(2)) and a process group of its own, has every signal at its default
 * and none blocked, and the umask and the limit of open files that whoever
 * started the broker had.
 */
#ifndef KEEPER_SPAWN_H
#define KEEPER_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/why.h"

/*
 * Where a program runs: directory, environment and umask of whoever opened
 * its session.  Shared and counted; NULL stands for `/' and the broker's own.
 */
struct keeper_home;

/*
 * From `n` strings that stand one after the other, each ended by a NUL: the
 * umask in octal, then the environment, KEY=VALUE each.  NULL + FAULT_REFUSED.
 */
struct keeper_home *keeper_home_new(const char *cwd, const char *strings,
    size_t n, struct why *why);
/*
 * Its number with the keeper, 0 for NULL; and what the last engine knew by
 * that number, until keeper_ready().  Where the keeper has lost it, one of
 * another number, in which no program is run.
 */
uint64_t keeper_home_number(const struct keeper_home *h);
struct keeper_home *keeper_home_again(uint64_t number);
/* One more, one less who uses it; NULL is allowed. */
struct keeper_home *keeper_home_hold(struct keeper_home *h);
void keeper_home_release(struct keeper_home *h);
/* What the broker had before it took other ones for itself. */
void keeper_home_own(mode_t mask, const struct rlimit *files);
void keeper_home_core(const struct rlimit *core);

struct keeper_program {
	const char *command;    /* for /bin/sh -c */
	const struct keeper_home *home;
	const char *netns;      /* NULL: in ours; see netns.h */
	int fd;                 /* standard input and output; stays yours */
	bool terminal;          /* it is one, and will be the controlling one */
	bool merged;            /* ... it is standard error, too */
};

/* Both come from the loop; the child may be released in the first. */
struct keeper_child_events {
	void (*said)(const char *line, void *arg);      /* standard error */
	/*
	 * It has ended, with this status of waitpid(2); all that it said has
	 * been told.  The last event.
	 */
	void (*ended)(int status, void *arg);
	void *arg;
};

struct keeper_child;

/* Start it.  NULL + FAULT_CONNECT where that cannot be. */
struct keeper_child *keeper_spawn(const struct keeper_program *program,
    const struct keeper_child_events *events, struct why *why);
pid_t keeper_child_pid(const struct keeper_child *c);
/*
 * No event comes any more.  If it still runs, it and what it has started is
 * told to end by SIGHUP and SIGTERM, and killed when it does not: at once, or,
 * with our end of its descriptor in `fd' (else -1; taken over, and open until
 * then), when it has had time to end by itself.  A NULL child is allowed.
 */
void keeper_child_release(struct keeper_child *c, int fd);
/* A status of waitpid(2) in words: "exit status 3", "killed by SIGTERM". */
char *keeper_child_verdict(int status, char *out, size_t size);
/* ... and as a fact: "3", "SIGTERM". */
char *keeper_child_exit(int status, char *out, size_t size);

/*
 * A connected pair of sockets: *ours is non-blocking, *theirs is for a child.
 * 0, or -1 + FAULT_CONNECT.
 */
int keeper_pair(int *ours, int *theirs, struct why *why);

#endif
