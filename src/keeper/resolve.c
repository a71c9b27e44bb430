/*
 * Names: a look-up is a child of the keeper's, whose answer is read here.  It
 * is told to end when that is no longer wanted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/ask.h"
#include "keeper/lookup.h"

struct keeper_resolve {
	keeper_resolve_cb *cb;
	void *arg;
	uint64_t number;        /* 0: no child, or one that has answered */
	int fd;                 /* -1 likewise */
	struct buf got;         /* of the child's answer */
	struct watch readable;
	struct deferred now;
	struct lookup *answer;
};

static void
resolve_free(struct keeper_resolve *r)
{
	watch_clear(&r->readable);
	deferred_clear(&r->now);
	if (r->fd != -1)
		close(r->fd);
	if (r->number != 0)
		ask_child_end(r->number, -1);
	buf_clear(&r->got);
	free(r->answer);
	free(r);
}

void
keeper_resolve_cancel(struct keeper_resolve *r)
{
	if (r != NULL)
		resolve_free(r);
}

/* Forget the handle first: the callback may free what holds it. */
static void
resolve_answer(void *arg)
{
	struct keeper_resolve *r = arg;
	struct lookup *answer = r->answer;
	keeper_resolve_cb *cb = r->cb;
	void *cb_arg = r->arg;

	r->answer = NULL;
	resolve_free(r);
	cb(answer->addresses.n > 0 ? &answer->addresses : NULL, &answer->why,
	    cb_arg);
	free(answer);
}

static void
resolve_readable(void *arg)
{
	struct keeper_resolve *r = arg;
	char data[4096];
	bool full = false;
	ssize_t n;

	n = read(r->fd, data, sizeof(data));
	if (n > 0)
		full = buf_append(&r->got, data, (size_t)n) == -1;
	if (!full && (n > 0 ||
	    (n == -1 && (errno == EAGAIN || errno == EINTR))))
		return;
	if (n == 0)
		r->number = 0;
	r->answer = lookup_parse(buf_peek(&r->got), buf_length(&r->got));
	resolve_answer(r);
}

struct keeper_resolve *
keeper_resolve(const struct keeper_look_up *what, keeper_resolve_cb *cb,
    void *arg, struct why *why)
{
	struct keeper_resolve *r = xcalloc(1, sizeof(*r));
	struct direct_child child;

	r->cb = cb;
	r->arg = arg;
	r->fd = -1;
	buf_init(&r->got, LOOKUP_SIZE(KEEPER_ADDRESSES));
	r->answer = lookup_numeric(what);
	if (r->answer != NULL) {
		deferred_queue(&r->now, resolve_answer, r);
		return r;
	}
	if (ask_look_up(what, &child, why) == -1) {
		resolve_free(r);
		return NULL;
	}
	r->number = child.number;
	r->fd = child.said_fd;
	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	watch_init(&r->readable, r->fd, LOOP_READ, resolve_readable, r);
	watch_want(&r->readable, true);
	return r;
}
