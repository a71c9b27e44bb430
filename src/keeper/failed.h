/*
 * What the sessions' status files say while no engine lives.
 */
#ifndef KEEPER_FAILED_H
#define KEEPER_FAILED_H

/* What a status file is made of; one may stay where the keeper dies at it. */
#define FAILED_FRESH ".status.failed"

/* state=failed and this error, in each session of which something is held. */
void failed_tell(int rundir_fd, const char *error);

#endif
