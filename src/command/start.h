/*
 * Starting a broker from fifoctl.
 */
#ifndef COMMAND_START_H
#define COMMAND_START_H

#include "base/why.h"

/*
 * fifod beside this program, as in a build tree; else where it is installed.
 * The caller frees.
 */
char *start_path(void);

/*
 * Run `fifod -r RUNDIR -t` (absolute), found beside this program or in
 * SBINDIR, which returns when its control socket answers.  0: it does; 1:
 * another broker holds the run directory, which starts or ends just now; -1 +
 * why: what fifod had to say.
 */
int start_broker(const char *rundir, struct why *why);

#endif
