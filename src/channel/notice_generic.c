/*
 * Without inotify(7): look at every notice from time to time.  Names are
 * looked at every two seconds; readers, which only matter while an end of
 * file is owed to them, twenty times a second.
 */
#include <errno.h>

#include "channel/notice.h"

#define NOTICE_NAMES_MS 2000
#define NOTICE_READERS_MS 50

static const int notice_ms[] = {
	[NOTICE_NAMES] = NOTICE_NAMES_MS,
	[NOTICE_READERS] = NOTICE_READERS_MS,
};

static int
notice_compare(struct notice *a, struct notice *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

static RB_HEAD(notice_tree, notice) notices[2] = {
	RB_INITIALIZER(&notices[NOTICE_NAMES]),
	RB_INITIALIZER(&notices[NOTICE_READERS]),
};
RB_PROTOTYPE(notice_tree, notice, entry, notice_compare)
RB_GENERATE(notice_tree, notice, entry, notice_compare)

static struct timer notice_timer[2];
static int notice_next;

/* Go on from the next higher id: a callback may have cleared any of them. */
static void
notice_look(void *arg)
{
	struct notice_tree *tree = arg;
	size_t kind = (size_t)(tree - notices);
	struct notice key = { .id = 0 }, *n;

	while ((n = RB_NFIND(notice_tree, tree, &key)) != NULL) {
		key.id = n->id + 1;
		n->cb(n->arg);
	}
	if (!RB_EMPTY(tree))
		timer_set(&notice_timer[kind], notice_ms[kind], notice_look,
		    tree);
}

int
notice_add(struct notice *n, const char *path, enum notice_kind kind,
    loop_cb *cb, void *arg)
{
	(void)path;
	notice_clear(n);
	n->id = ++notice_next;
	n->kind = kind;
	n->cb = cb;
	n->arg = arg;
	n->active = true;
	if (RB_EMPTY(&notices[kind]))
		timer_set(&notice_timer[kind], notice_ms[kind], notice_look,
		    &notices[kind]);
	RB_INSERT(notice_tree, &notices[kind], n);
	return 0;
}

int
notice_follow(struct notice *n, const char *path, notice_cb *cb, void *arg)
{
	(void)n;
	(void)path;
	(void)cb;
	(void)arg;
	errno = ENOSYS;
	return -1;
}

bool
notice_follows(void)
{
	return false;
}

void
notice_sync(void)
{
}

void
notice_renamed(void)
{
}

void
notice_clear(struct notice *n)
{
	if (!n->active)
		return;
	RB_REMOVE(notice_tree, &notices[n->kind], n);
	n->active = false;
	if (RB_EMPTY(&notices[n->kind]))
		timer_clear(&notice_timer[n->kind]);
}
