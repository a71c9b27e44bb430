/*
 * The control socket, RUNDIR/.control: accepts fifoctl's calls.  Only the
 * broker's own user and root are heard.
 */
#ifndef COMMAND_CONTROL_H
#define COMMAND_CONTROL_H

#include "base/why.h"

#define CONTROL_NAME ".control"

/*
 * Bind and listen in broker_place()'s run directory, whose lock is held (so a
 * socket that is there is stale).  The working directory becomes /.  0, or
 * -1 + FAULT_REFUSED.
 */
int control_listen(struct why *why);
/* After the loop: send what goes, drop all clients, remove the socket. */
void control_close(void);

#endif
