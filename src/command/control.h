/*
 * The control socket, RUNDIR/.control: accepts fifoctl's calls.  Only the
 * broker's own user and root are heard.
 */
#ifndef COMMAND_CONTROL_H
#define COMMAND_CONTROL_H

#include "base/why.h"

#define CONTROL_NAME ".control"

/*
 * Bind and listen in the run directory, whose lock is held (so a socket that
 * is there is stale).  The working directory becomes /.  A descriptor, which
 * outlives engines: who connects between two of them waits.  -1 +
 * FAULT_REFUSED.
 */
int control_make(int rundir_fd, const char *rundir, struct why *why);
/* In the engine: accept the calls there; fd is taken over. */
void control_listen(int fd);
/* After the loop: send what goes, drop all clients, remove the socket. */
void control_close(void);

#endif
