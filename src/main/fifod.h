/*
 * What the two processes of fifod have in common.
 */
#ifndef MAIN_FIFOD_H
#define MAIN_FIFOD_H

#include <stdbool.h>

/* So many -l may be given. */
#define FIFOD_LIMITS 16

struct fifod {
	bool foreground, check, transient, unconfined;
	int verbose;
	const char *conf, *rundir;      /* to the engine: absolute, or NULL */
	const char *user;       /* to the keeper; NULL: whoever we are */
	const char *limits[FIFOD_LIMITS];       /* KEY=VALUE, as given */
	int nlimits;
};

/* A line for whoever started us. */
void fifod_say(const char *line, void *arg);
/* Away from whoever started us: descriptors 0 to 2. */
void fifod_to_null(void);

/* The engine, from its first step; the keeper has its descriptors in their
   places (keeper/keep.h).  The exit status. */
int engine_run(const struct fifod *f);

#endif
