/*
 * Terminals: pairs that we make, and lines that an endpoint names.
 */
#ifndef KEEPER_TERMINAL_H
#define KEEPER_TERMINAL_H

#include "base/why.h"

/*
 * A fresh pair: *ours is its master, non-blocking, *theirs the terminal.  0,
 * or -1 + FAULT_CONNECT.
 */
int keeper_terminal_pair(int *ours, int *theirs, struct why *why);
/*
 * The terminal `path`, non-blocking, ours alone and not our controlling one;
 * or -1 + FAULT_CONNECT.
 */
int keeper_terminal_open(const char *path, struct why *why);

#endif
