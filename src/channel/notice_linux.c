#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "channel/notice.h"

static const uint32_t notice_mask[] = {
	[NOTICE_NAMES] = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW,
	[NOTICE_READERS] = IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE |
	    IN_DONT_FOLLOW,
};

static int
notice_compare(struct notice *a, struct notice *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

static RB_HEAD(notice_tree, notice) notices = RB_INITIALIZER(&notices);
RB_PROTOTYPE(notice_tree, notice, entry, notice_compare)
RB_GENERATE(notice_tree, notice, entry, notice_compare)

static int notice_fd = -1;
static struct watch notice_readable;

/*
 * What we do ourselves all the time: files come under a hidden name and are
 * renamed.  No callback is made for it, but one for a hidden FIFO's loss.
 */
static bool
notice_ours(const struct inotify_event *event)
{
	if (event->len == 0)
		return false;
	if (event->name[0] == '.')
		return strchr(event->name + 1, '.') != NULL;
	return strcmp(event->name, "status") == 0 ||
	    strncmp(event->name, "log", 3) == 0;
}

/* Look it up for each event: a callback may have cleared any of them. */
static void
notice_event(const struct inotify_event *event)
{
	struct notice key = { .id = event->wd }, *n;

	if (notice_ours(event))
		return;
	n = RB_FIND(notice_tree, &notices, &key);
	if (n != NULL)
		n->cb(n->arg);
}

/* The kernel has lost events: anything may have happened to any of them. */
static void
notice_all(void)
{
	struct notice key = { .id = 0 }, *n;

	while ((n = RB_NFIND(notice_tree, &notices, &key)) != NULL) {
		key.id = n->id + 1;
		n->cb(n->arg);
	}
}

static void
notice_read(void *arg)
{
	_Alignas(struct inotify_event) char events[16384];
	const struct inotify_event *event;
	ssize_t n, at;

	(void)arg;
	n = read(notice_fd, events, sizeof(events));
	for (at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(events + at);
		if (event->mask & IN_Q_OVERFLOW)
			notice_all();
		else
			notice_event(event);
	}
}

int
notice_add(struct notice *n, const char *path, enum notice_kind kind,
    loop_cb *cb, void *arg)
{
	notice_clear(n);
	if (notice_fd == -1) {
		notice_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (notice_fd == -1)
			return -1;
		watch_init(&notice_readable, notice_fd, LOOP_READ,
		    notice_read, NULL);
		watch_want(&notice_readable, true);
	}
	n->id = inotify_add_watch(notice_fd, path, notice_mask[kind]);
	if (n->id == -1)
		return -1;
	n->kind = kind;
	n->cb = cb;
	n->arg = arg;
	if (RB_INSERT(notice_tree, &notices, n) != NULL) {
		errno = EEXIST;
		return -1;
	}
	n->active = true;
	return 0;
}

void
notice_clear(struct notice *n)
{
	if (!n->active)
		return;
	RB_REMOVE(notice_tree, &notices, n);
	inotify_rm_watch(notice_fd, n->id);
	n->active = false;
	if (RB_EMPTY(&notices)) {
		watch_clear(&notice_readable);
		close(notice_fd);
		notice_fd = -1;
	}
}
