/*
 * Programs, as the engine knows them: what each says, and how it ended, come
 * by two pipes of the keeper's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/ask.h"
#include "keeper/hearing.h"
#include "keeper/spawn.h"

struct keeper_child {
	struct keeper_child_events events;
	uint64_t number;
	pid_t pid;
	struct hearing hearing; /* of its standard error */
	struct watch ended;
	int ended_fd;
};

static void
child_free(struct keeper_child *c)
{
	hearing_end(&c->hearing);
	watch_clear(&c->ended);
	close(c->ended_fd);
	free(c);
}

/*
 * It is gone: what it last said first, and then that.  Without a status the
 * keeper is gone, too, and it is told as if it had been killed.
 */
static void
child_ended(void *arg)
{
	struct keeper_child *c = arg;
	int status = SIGKILL;
	ssize_t n = read(c->ended_fd, &status, sizeof(status));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	watch_clear(&c->ended);
	hearing_rest(&c->hearing);
	if (c->events.ended != NULL)
		c->events.ended(status, c->events.arg);
	child_free(c);
}

/* The keeper's two pipes, and who hears of them. */
static struct keeper_child *
child_begin(const struct direct_child *child,
    const struct keeper_child_events *events)
{
	struct keeper_child *c = xcalloc(1, sizeof(*c));

	c->events = *events;
	c->number = child->number;
	c->pid = child->pid;
	c->ended_fd = child->ended_fd;
	c->hearing.said = events->said;
	c->hearing.arg = events->arg;
	fcntl(child->said_fd, F_SETFL, O_NONBLOCK);
	hearing_begin(&c->hearing, child->said_fd);
	watch_init(&c->ended, c->ended_fd, LOOP_READ, child_ended, c);
	watch_want(&c->ended, true);
	return c;
}

struct keeper_child *
keeper_spawn(const struct keeper_program *program,
    const struct keeper_child_events *events, struct why *why)
{
	const struct direct_program p = { program->command,
		keeper_home_number(program->home), program->netns,
		program->fd, program->terminal, program->merged };
	struct direct_child child;

	if (ask_program(&p, &child, why) == -1)
		return NULL;
	return child_begin(&child, events);
}

pid_t
keeper_child_pid(const struct keeper_child *c)
{
	return c->pid;
}

void
keeper_child_release(struct keeper_child *c, int fd)
{
	if (c != NULL) {
		ask_child_end(c->number, fd);
		child_free(c);
	} else if (fd != -1) {
		close(fd);
	}
}

int
keeper_pair(int *ours, int *theirs, struct why *why)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return why_fail(why, FAULT_CONNECT, "no sockets for a "
		    "program: %s", strerror(errno));
	/* One that waits would have the loop wait. */
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1) {
		why_fail(why, FAULT_CONNECT, "no sockets for a program: %s",
		    strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}
