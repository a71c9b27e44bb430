#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "channel/notice.h"

#define NOTICE_FIFO \
	(IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE | IN_DONT_FOLLOW)

static const uint32_t notice_mask[] = {
	[NOTICE_NAMES] = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW,
	[NOTICE_READERS] = NOTICE_FIFO,
	[NOTICE_FOLLOW] = NOTICE_FIFO,
};

static int
notice_compare(struct notice *a, struct notice *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

RB_HEAD(notice_tree, notice);
RB_PROTOTYPE(notice_tree, notice, entry, notice_compare)
RB_GENERATE(notice_tree, notice, entry, notice_compare)

/* How long renamings of ours are left to come together before we are woken. */
#define NOTICE_RENAMED_MS 20

/*
 * An inotify(7) descriptor with its watches: one for each kind.  That of what
 * is followed is read when somebody asks.  A shell reads a FIFO byte by byte,
 * and to wake us for each of them would slow it down several times over.
 */
struct notice_queue {
	int fd;
	struct notice_tree tree;
	struct watch readable;
	size_t at, end;         /* what was read and not yet told */
	_Alignas(struct inotify_event) char events[16384];
};

static struct notice_queue notice_queues[] = {
	[NOTICE_NAMES] = { .fd = -1 },
	[NOTICE_READERS] = { .fd = -1 },
	[NOTICE_FOLLOW] = { .fd = -1 },
};

static struct timer notice_resting;

/* The last name that was moved away. */
static struct {
	uint32_t cookie;
	char name[32];
} notice_moved;

/* Is `hidden` a name that is exchanged with this one, as .out.nxt with out? */
static bool
notice_stands_for(const char *hidden, const char *name)
{
	size_t n = strlen(name);

	return hidden[0] == '.' && strncmp(hidden + 1, name, n) == 0 &&
	    hidden[n + 1] == '.';
}

/*
 * A name that we give or take away by a renaming from or to a hidden one of
 * its own, which is told as two events in a row with one cookie.  The kernel
 * leaves out an event like the one before it that is not yet read, and does
 * not compare the cookies: where the name's coming is the last that was told,
 * somebody may have moved something over it since.  An exchange of ours names
 * the hidden one first, so that its last event is the coming of that.
 */
static bool
notice_our_move(const struct notice_queue *q,
    const struct inotify_event *event)
{
	const struct inotify_event *to;

	if (event->mask & IN_MOVED_TO)
		return q->at < q->end &&
		    notice_moved.cookie == event->cookie &&
		    notice_stands_for(notice_moved.name, event->name);
	notice_moved.cookie = event->cookie;
	strlcpy(notice_moved.name, event->name, sizeof(notice_moved.name));
	to = (const struct inotify_event *)(q->events + q->at);
	return q->at < q->end && to->cookie == event->cookie && to->len > 0 &&
	    notice_stands_for(to->name, event->name);
}

/*
 * What we do ourselves all the time: files come under a hidden name and are
 * renamed.  No callback is made for it, but one for a hidden FIFO's loss.
 */
static bool
notice_ours(const struct notice_queue *q, const struct inotify_event *event)
{
	if (event->len == 0)
		return false;
	if (event->cookie != 0 && notice_our_move(q, event))
		return true;
	if (event->name[0] == '.')
		return strchr(event->name + 1, '.') != NULL;
	return strcmp(event->name, "status") == 0 ||
	    strncmp(event->name, "log", 3) == 0;
}

static void
notice_tell(struct notice *n, uint32_t mask)
{
	if (n->kind != NOTICE_FOLLOW)
		deferred_queue(&n->due, n->cb, n->arg);
	else if (mask & IN_OPEN)
		n->follow(n->arg, NOTICE_OPENED);
	else if (mask & IN_ACCESS)
		n->follow(n->arg, NOTICE_READ);
	else if (mask & IN_CLOSE_NOWRITE)
		n->follow(n->arg, NOTICE_LEFT);
	else if (mask & IN_Q_OVERFLOW)
		n->follow(n->arg, NOTICE_LOST);
}

/* Look it up for each event: a callback may have cleared any of them. */
static void
notice_event(struct notice_queue *q, const struct inotify_event *event)
{
	struct notice key = { .id = event->wd }, *n;

	if (notice_ours(q, event))
		return;
	n = RB_FIND(notice_tree, &q->tree, &key);
	if (n != NULL)
		notice_tell(n, event->mask);
}

/* The kernel has lost events: anything may have happened to any of them. */
static void
notice_all(struct notice_queue *q)
{
	struct notice key = { .id = 0 }, *n;

	while ((n = RB_NFIND(notice_tree, &q->tree, &key)) != NULL) {
		key.id = n->id + 1;
		notice_tell(n, IN_Q_OVERFLOW);
	}
}

static void
notice_tell_all(struct notice_queue *q)
{
	const struct inotify_event *event;

	while (q->at < q->end) {
		event = (const struct inotify_event *)(q->events + q->at);
		q->at += sizeof(*event) + event->len;
		if (event->mask & IN_Q_OVERFLOW)
			notice_all(q);
		else
			notice_event(q, event);
	}
}

/* Until it is not full any more: then that was all, up to now. */
static void
notice_read(void *arg)
{
	struct notice_queue *q = arg;
	ssize_t n = 1;

	while (q->fd != -1 && n > 0) {
		n = read(q->fd, q->events, sizeof(q->events));
		q->at = 0;
		q->end = n > 0 ? (size_t)n : 0;
		notice_tell_all(q);
		if (n < (ssize_t)(sizeof(q->events) / 2))
			break;
	}
}

void
notice_sync(void)
{
	notice_read(&notice_queues[NOTICE_FOLLOW]);
}

static void
notice_rested(void *arg)
{
	struct notice_queue *q = arg;

	notice_read(q);
	watch_want(&q->readable, true);
}

void
notice_renamed(void)
{
	struct notice_queue *q = &notice_queues[NOTICE_NAMES];

	if (q->fd == -1 || notice_resting.set)
		return;
	watch_want(&q->readable, false);
	timer_set(&notice_resting, NOTICE_RENAMED_MS, notice_rested, q);
}

static int
notice_open(struct notice_queue *q)
{
	q->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (q->fd == -1)
		return -1;
	watch_init(&q->readable, q->fd, LOOP_READ, notice_read, q);
	watch_want(&q->readable, q != &notice_queues[NOTICE_FOLLOW]);
	return 0;
}

/*
 * All of them, so that none is missed when descriptors are scarce.  They stay
 * open: closing one takes as long as a hundred other calls.
 */
static int
notice_init(void)
{
	size_t i;

	for (i = 0; i < sizeof(notice_queues) / sizeof(notice_queues[0]); i++) {
		if (notice_queues[i].fd == -1 &&
		    notice_open(&notice_queues[i]) == -1)
			return -1;
	}
	return 0;
}

static int
notice_start(struct notice *n, const char *path)
{
	struct notice_queue *q = &notice_queues[n->kind];

	if (notice_init() == -1)
		return -1;
	n->id = inotify_add_watch(q->fd, path, notice_mask[n->kind]);
	if (n->id != -1 && RB_INSERT(notice_tree, &q->tree, n) == NULL) {
		n->active = true;
		return 0;
	}
	if (n->id != -1)
		errno = EEXIST;
	return -1;
}

int
notice_add(struct notice *n, const char *path, enum notice_kind kind,
    loop_cb *cb, void *arg)
{
	notice_clear(n);
	n->kind = kind;
	n->cb = cb;
	n->arg = arg;
	return notice_start(n, path);
}

int
notice_follow(struct notice *n, const char *path, notice_cb *cb, void *arg)
{
	notice_clear(n);
	n->kind = NOTICE_FOLLOW;
	n->follow = cb;
	n->arg = arg;
	return notice_start(n, path);
}

bool
notice_follows(void)
{
	return true;
}

void
notice_clear(struct notice *n)
{
	struct notice_queue *q = &notice_queues[n->kind];

	if (!n->active)
		return;
	deferred_clear(&n->due);
	RB_REMOVE(notice_tree, &q->tree, n);
	inotify_rm_watch(q->fd, n->id);
	n->active = false;
}
