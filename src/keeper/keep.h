/*
 * The keeper's life: it starts the engine, answers it, starts it again when
 * it dies, and ends when it ends.
 */
#ifndef KEEPER_KEEP_H
#define KEEPER_KEEP_H

#include "keeper/keeper.h"

/* The engine's descriptors, of which it is told nothing else. */
enum { KEEP_ASK_FD = 3, KEEP_RUNDIR_FD, KEEP_CONTROL_FD, KEEP_NFDS };

struct keep {
	const char *path;       /* the program, absolute, and its words */
	char *const *argv;
	int rundir_fd;
	int control_fd;         /* listens for fifoctl; taken over */
	/* One in its place; or -1. */
	int (*control)(void *arg);
	/* Remove the directories that the last engine has left. */
	void (*sweep)(void *arg);
	/* The first engine is ready; and what it was started for has begun. */
	void (*ready)(void *arg);
	void *arg;
};

/*
 * Where this program lies, absolute, so that it can be started again; NULL
 * where that cannot be found out.  The caller frees.
 */
char *keep_path(const char *argv0);
/*
 * Until the engine has ended by itself, or does not start at all.  The exit
 * status.  The loop must have been made.
 */
int keep_run(const struct keep *keep);

#endif
