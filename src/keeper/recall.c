/*
 * Look-ups that many ask for at the same time, and again soon after: one
 * answers all of them, and its answer is remembered for a while.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"

#define RECALL_MEMORIES 16
/* What could not be resolved is asked for again, but not by everyone. */
#define RECALL_FAILED_MS 1000

struct memory {
	TAILQ_ENTRY(memory) entry;      /* the newest first */
	char *key;
	struct keeper_resolve *resolve; /* under way; or NULL */
	int64_t heard_ms;
	struct keeper_addresses *found; /* NULL: failed, see why */
	struct why why;
	TAILQ_HEAD(, keeper_recall) waiting;
};

struct keeper_recall {
	TAILQ_ENTRY(keeper_recall) entry;
	struct memory *memory;
	struct deferred now;
	keeper_resolve_cb *cb;
	void *arg;
};

static TAILQ_HEAD(memories, memory) memories =
    TAILQ_HEAD_INITIALIZER(memories);
static size_t nmemories;

static char *
memory_key(const struct keeper_look_up *what)
{
	return xasprintf("%s\n%s\n%d\n%s", what->host, what->port,
	    what->family, what->netns == NULL ? "" : what->netns);
}

/* The oldest one that nobody waits for gives way. */
static void
memory_forget_one(void)
{
	struct memory *m;

	TAILQ_FOREACH_REVERSE(m, &memories, memories, entry)
		if (m->resolve == NULL && TAILQ_EMPTY(&m->waiting))
			break;
	if (m == NULL)
		return;
	TAILQ_REMOVE(&memories, m, entry);
	nmemories--;
	free(m->found);
	free(m->key);
	free(m);
}

static struct memory *
memory_of(const struct keeper_look_up *what)
{
	char *key = memory_key(what);
	struct memory *m;

	TAILQ_FOREACH(m, &memories, entry)
		if (strcmp(m->key, key) == 0)
			break;
	if (m != NULL) {
		free(key);
		return m;
	}
	if (nmemories >= RECALL_MEMORIES)
		memory_forget_one();
	m = xcalloc(1, sizeof(*m));
	m->key = key;
	m->heard_ms = -1;
	TAILQ_INIT(&m->waiting);
	TAILQ_INSERT_HEAD(&memories, m, entry);
	nmemories++;
	return m;
}

static bool
memory_is_fresh(const struct memory *m, int recent_ms)
{
	int64_t age = loop_now_ms() - m->heard_ms;

	if (m->heard_ms == -1)
		return false;
	return age < (m->found != NULL ? recent_ms : RECALL_FAILED_MS);
}

/* Forget the handle first: the callback may free what holds it. */
static void
recall_answer(void *arg)
{
	struct keeper_recall *r = arg;
	struct memory *m = r->memory;
	keeper_resolve_cb *cb = r->cb;
	void *cb_arg = r->arg;

	keeper_recall_cancel(r);
	cb(m->found, &m->why, cb_arg);
}

static void
memory_tell(struct memory *m)
{
	struct keeper_recall *r;

	m->heard_ms = loop_now_ms();
	TAILQ_FOREACH(r, &m->waiting, entry)
		deferred_queue(&r->now, recall_answer, r);
}

static void
memory_heard(const struct keeper_addresses *found, const struct why *why,
    void *arg)
{
	struct memory *m = arg;
	size_t size = 0;

	m->resolve = NULL;
	free(m->found);
	m->found = NULL;
	if (found != NULL) {
		size = sizeof(*found) + found->n * sizeof(found->at[0]);
		m->found = xcalloc(1, size);
		memcpy(m->found, found, size);
	}
	m->why = *why;
	memory_tell(m);
}

struct keeper_recall *
keeper_recall(const struct keeper_look_up *what, int recent_ms,
    keeper_resolve_cb *cb, void *arg)
{
	struct keeper_recall *r = xcalloc(1, sizeof(*r));
	struct memory *m = memory_of(what);

	r->memory = m;
	r->cb = cb;
	r->arg = arg;
	TAILQ_INSERT_TAIL(&m->waiting, r, entry);
	if (m->resolve != NULL)
		return r;
	if (memory_is_fresh(m, recent_ms)) {
		deferred_queue(&r->now, recall_answer, r);
		return r;
	}
	m->resolve = keeper_resolve(what, memory_heard, m, &m->why);
	if (m->resolve == NULL) {
		free(m->found);
		m->found = NULL;
		memory_tell(m);
	}
	return r;
}

void
keeper_recall_cancel(struct keeper_recall *r)
{
	if (r == NULL)
		return;
	deferred_clear(&r->now);
	TAILQ_REMOVE(&r->memory->waiting, r, entry);
	free(r);
}

void
keeper_recall_end(void)
{
	struct memory *m;

	while ((m = TAILQ_FIRST(&memories)) != NULL) {
		keeper_resolve_cancel(m->resolve);
		m->resolve = NULL;
		TAILQ_REMOVE(&memories, m, entry);
		free(m->found);
		free(m->key);
		free(m);
	}
	nmemories = 0;
}
