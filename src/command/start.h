/*
 * Starting a broker from fifoctl.
 */
#ifndef COMMAND_START_H
#define COMMAND_START_H

#include "base/why.h"

/*
 * Run `fifod -r RUNDIR -t` (absolute), found beside this program or in
 * SBINDIR, which returns when its control socket answers.  0: it does; 1:
 * another broker holds the run directory, which starts or ends just now; -1 +
 * why: what fifod had to say.
 */
int start_broker(const char *rundir, struct why *why);

#endif
