/*
 * The owner of a private channel: a process, and being told of its end.
 */
#ifndef CHANNEL_OWNER_H
#define CHANNEL_OWNER_H

#include <sys/types.h>

#include "base/loop.h"
#include "base/why.h"

struct owner {
	pid_t pid;              /* 0: none */
	int fd;                 /* pidfd_open(2), where there is one */
	struct watch ended;
	struct timer look;
	loop_cb *cb;
	void *arg;
};

/*
 * Call cb(arg) when process `pid` has ended.  0, or -1 + FAULT_REFUSED: there
 * is none.
 */
int owner_watch(struct owner *o, pid_t pid, loop_cb *cb, void *arg,
    struct why *why);
/* Forget it; a zeroed one is allowed. */
void owner_clear(struct owner *o);

#endif
