/*
 * Another user than root, for everything that a broker does.
 */
#ifndef KEEPER_USER_H
#define KEEPER_USER_H

#include "base/why.h"

/*
 * For root: be `name', for good, with its groups and the environment that a
 * login has; the run directory will be that user's.  Before anything else is
 * made or started.  0, or -1 + FAULT_REFUSED: then we are to end.
 */
int user_become(const char *name, int rundir_fd, struct why *why);

#endif
