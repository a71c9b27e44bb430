#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel/owner.h"

static void
owner_ended(void *arg)
{
	struct owner *o = arg;

	watch_want(&o->ended, false);
	o->cb(o->arg);
}

int
owner_watch(struct owner *o, pid_t pid, loop_cb *cb, void *arg,
    struct why *why)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd == -1)
		return why_fail(why, FAULT_REFUSED, "process %d cannot be its "
		    "owner: %s", (int)pid, strerror(errno));
	*o = (struct owner){ .pid = pid, .fd = fd, .cb = cb, .arg = arg };
	watch_init(&o->ended, fd, LOOP_READ, owner_ended, o);
	watch_want(&o->ended, true);
	return 0;
}

void
owner_clear(struct owner *o)
{
	if (o->pid == 0)
		return;
	watch_clear(&o->ended);
	close(o->fd);
	o->pid = 0;
}
