/*
 * What spawn.c asks of a home.
 */
#ifndef KEEPER_HOME_H
#define KEEPER_HOME_H

#include "keeper/spawn.h"

struct keeper_home {
	size_t holders;
	mode_t mask;
	char *cwd;
	char **environ;         /* NULL-terminated */
};

/* In the child: go there. 0, or -1 + errno. */
int home_enter(const struct keeper_home *h);
char *const *home_environ(const struct keeper_home *h);

#endif
