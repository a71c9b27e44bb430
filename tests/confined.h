#ifndef CONFINED_H
#define CONFINED_H

#include <stddef.h>
#include <sys/types.h>

/* -1 + errno, or anything else. */
struct attempt {
	const char *name;
	int (*try)(void);
};
extern const struct attempt attempts[];
extern const size_t nattempts;

/* What they try it on. */
extern int rundir_fd;
extern int given_fd;            /* a socket, as the keeper gives them */
extern pid_t parent_pid;

#endif
