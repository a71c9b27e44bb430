/*
 * Another user than root, for everything that a broker does.
 */
#ifndef KEEPER_USER_H
#define KEEPER_USER_H

#include "base/why.h"

struct passwd;

/* By name, or by number; NULL: there is none.  As getpwnam(3) gives it. */
const struct passwd *user_find(const char *name);

/*
 * For root: be `name', for good, with its groups and the environment that a
 * login has.  The run directory is made for that user where it is missing, or
 * empty.  Before anything else is made or started.  0, or -1 + FAULT_REFUSED:
 * then we are to end.
 */
int user_become(const char *name, const char *rundir, struct why *why);

#endif
