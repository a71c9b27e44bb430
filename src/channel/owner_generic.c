/*
 * Without pidfd_open(2): look once a second, as long as there is an owner.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "channel/owner.h"

#define OWNER_LOOK_MS 1000

static void
owner_look(void *arg)
{
	struct owner *o = arg;

	if (kill(o->pid, 0) == -1 && errno == ESRCH)
		o->cb(o->arg);
	else
		timer_set(&o->look, OWNER_LOOK_MS, owner_look, o);
}

int
owner_watch(struct owner *o, pid_t pid, loop_cb *cb, void *arg,
    struct why *why)
{
	if (kill(pid, 0) == -1 && errno != EPERM)
		return why_fail(why, FAULT_REFUSED, "process %d cannot be its "
		    "owner: %s", (int)pid, strerror(errno));
	*o = (struct owner){ .pid = pid, .fd = -1, .cb = cb, .arg = arg };
	timer_set(&o->look, OWNER_LOOK_MS, owner_look, o);
	return 0;
}

void
owner_clear(struct owner *o)
{
	timer_clear(&o->look);
	o->pid = 0;
}
