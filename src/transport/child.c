#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transport/child.h"
#include "transport/sock.h"

/* A program that is missing, or dies at once, has done so by then. */
#define CHILD_SETTLE_MS 150
/* The shell's words for one that is missing or not to be executed. */
#define CHILD_IS_MISSING(status) (WIFEXITED(status) && \
	(WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127))
/* One that has closed its side may still do so much before it ends. */
#define CHILD_CLOSED_MS 1000

int
child_check(const struct url *url, struct why *why)
{
	if (url->host != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": write %s:COMMAND",
		    url->text, url->scheme);
	if (url->rest[strspn(url->rest, " ")] == '\0')
		return why_fail(why, FAULT_USAGE, "\"%.80s\" names no command; "
		    "write %s:COMMAND", url->text, url->scheme);
	return 0;
}

static void
child_said(const char *line, void *arg)
{
	struct child_link *c = arg;

	strlcpy(c->last, line, sizeof(c->last));
	link_note(&c->link, "stderr: %s", line);
}

/* The link goes on when the reason it waits for is there. */
static void
child_ended(int status, void *arg)
{
	struct child_link *c = arg;
	struct dial *d = c->link.dial;
	char how[48];

	keeper_child_verdict(status, how, sizeof(how));
	link_note(&c->link, "pid %jd has ended: %s",
	    (intmax_t)keeper_child_pid(c->child), how);
	c->child = NULL;
	c->ended = true;
	c->status = status;
	d->proven = c->settled && !CHILD_IS_MISSING(status);
	timer_clear(&c->timer);
	keeper_child_exit(status, d->exit, sizeof(d->exit));
	link_wake(&c->link);
}

static void
child_settled(void *arg)
{
	struct child_link *c = arg;

	c->settled = true;
	link_kick(&c->link);
}

int
child_start(struct child_link *c, int fd, bool terminal)
{
	const struct dial *d = c->link.dial;
	const struct keeper_program program = {
		.command = d->url->rest,
		.home = d->home,
		.netns = d->link->place.netns,
		.fd = fd,
		.terminal = terminal,
		.merged = d->child->standard_error == CHILD_STDERR_OUT,
	};
	const struct keeper_child_events events = { child_said, child_ended,
		c };
	struct why why;

	link_enter(&c->link, LINK_CONNECTING);
	c->child = keeper_spawn(&program, &events, &why);
	close(fd);
	if (c->child == NULL)
		return link_fail(&c->link, why.fault, "%s", why.text);
	link_note(&c->link, "started: pid %jd",
	    (intmax_t)keeper_child_pid(c->child));
	c->settled = d->proven;
	if (!c->settled)
		timer_set(&c->timer, CHILD_SETTLE_MS, child_settled, c);
	return 0;
}

/* Its end in words, and what it last said. */
static int
child_verdict(struct child_link *c)
{
	bool never = !c->settled || CHILD_IS_MISSING(c->status);
	enum fault fault = never ? FAULT_CONNECT : FAULT_RECEIVE;
	char how[48];

	keeper_child_verdict(c->status, how, sizeof(how));
	return link_fail(&c->link, fault, "%s%s%s", how,
	    c->last[0] != '\0' ? ": " : "", c->last);
}

/* Has it said something?  Readable without that it is closed: *shut. */
static bool
child_has_spoken(const struct link *l, bool *shut)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	int n = 0;

	*shut = poll(&p, 1, 0) > 0;
	return ioctl(l->fd, FIONREAD, &n) == 0 && n > 0;
}

int
child_advance(struct link *l)
{
	struct child_link *c = (struct child_link *)l;
	bool shut;

	if (!c->settled && child_has_spoken(l, &shut)) {
		timer_clear(&c->timer);
		c->settled = true;
	}
	if (c->settled)
		return 1;
	if (c->ended)
		return child_verdict(c);
	l->want_read = !shut;
	return 0;
}

static void
child_closed(void *arg)
{
	struct child_link *c = arg;

	c->closed = true;
	link_note(&c->link, "the program has closed its output and runs on");
	link_wake(&c->link);
}

ssize_t
child_read_end(struct child_link *c, bool for_good)
{
	c->told_end = c->closed || c->ended;
	if (c->closed || (c->ended && c->status == 0))
		return 0;
	if (c->ended)
		return child_verdict(c);
	if (for_good && !c->timer.set) {
		c->link.hushed = true;
		timer_set(&c->timer, CHILD_CLOSED_MS, child_closed, c);
	}
	errno = EAGAIN;
	return -1;
}

ssize_t
child_write_end(struct child_link *c, bool for_good)
{
	if (for_good && c->told_end)
		return link_fail(&c->link, FAULT_RECEIVE,
		    "the program takes no more");
	c->link.want_read = for_good;
	errno = EAGAIN;
	return -1;
}

void
child_close(struct link *l)
{
	struct child_link *c = (struct child_link *)l;

	timer_clear(&c->timer);
	/* It has had its end of file, and may do what that means to it. */
	keeper_child_release(c->child, l->finished ? l->fd : -1);
	c->child = NULL;
	if (l->finished)
		l->fd = -1;
	sock_close(l);
}

bool
child_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	const struct child_link *c = (const struct child_link *)l;

	if (fact == LINK_PEER && c->child != NULL) {
		snprintf(out, size, "pid %jd",
		    (intmax_t)keeper_child_pid(c->child));
		return true;
	}
	if (fact != LINK_END || !c->ended)
		return false;
	keeper_child_verdict(c->status, out, size);
	return true;
}
