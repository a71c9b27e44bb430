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

/*
 * An inotify(7) descriptor with its watches.  There are two: one that wakes us,
 * and one that is read when somebody asks.  A shell reads a FIFO byte by byte,
 * and to wake us for each of them would slow it down several times over.
 */
struct notice_queue {
	int fd;
	struct notice_tree tree;
	struct watch readable;
	size_t at, end;         /* what was read and not yet told */
	_Alignas(struct inotify_event) char events[16384];
};

static struct notice_queue notice_waking = { .fd = -1 };
static struct notice_queue notice_followed = { .fd = -1 };

/* The last name that was moved away. */
static struct {
	uint32_t cookie;
	char name[32];
} notice_moved;

static struct notice_queue *
notice_queue(const struct notice *n)
{
	return n->kind == NOTICE_FOLLOW ? &notice_followed : &notice_waking;
}

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
 * its own, which is told as two events in a row with one cookie.
 */
static bool
notice_our_move(const struct notice_queue *q,
    const struct inotify_event *event)
{
	const struct inotify_event *to;

	if (event->mask & IN_MOVED_TO)
		return notice_moved.cookie == event->cookie &&
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
	notice_read(&notice_followed);
}

void
notice_renamed(void)
{
	notice_read(&notice_waking);
}

/* It stays open: closing one takes as long as a hundred other calls. */
static int
notice_init(struct notice_queue *q)
{
	if (q->fd != -1)
		return 0;
	q->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (q->fd == -1)
		return -1;
	watch_init(&q->readable, q->fd, LOOP_READ, notice_read, q);
	watch_want(&q->readable, q == &notice_waking);
	return 0;
}

static int
notice_start(struct notice *n, const char *path)
{
	struct notice_queue *q = notice_queue(n);

	if (notice_init(q) == -1)
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
	struct notice_queue *q = notice_queue(n);

	if (!n->active)
		return;
	deferred_clear(&n->due);
	RB_REMOVE(notice_tree, &q->tree, n);
	inotify_rm_watch(q->fd, n->id);
	n->active = false;
}
