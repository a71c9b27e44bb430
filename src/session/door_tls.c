/*
 * Clients of tls-listen:// before they are let in: each shakes hands by
 * itself, within timeout-connect, and keeps nobody else waiting.
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "session/door_internal.h"
#include "session/join.h"
#include "session/session.h"

struct arrival {
	TAILQ_ENTRY(arrival) entry;
	struct door *door;
	struct link *link;      /* NULL: taken over, or closed */
	struct why why;
	struct timer deadline;
	struct deferred later;
};

static void
arrival_free(void *arg)
{
	struct arrival *a = arg;

	deferred_clear(&a->later);
	timer_clear(&a->deadline);
	link_free(a->link);
	TAILQ_REMOVE(&a->door->s->doors->arrivals, a, entry);
	free(a);
}

static void
arrival_end(struct arrival *a)
{
	timer_clear(&a->deadline);
	deferred_queue(&a->later, arrival_free, a);
}

static void
arrival_fail(struct arrival *a)
{
	struct session *s = a->door->s;
	char peer[160] = "", more[48] = "";
	uint64_t untold;

	s->doors->refused++;
	if (seldom_may(&s->doors->told, &untold)) {
		link_fact(a->link, LINK_PEER, peer, sizeof(peer));
		if (untold > 0)
			snprintf(more, sizeof(more), " (and %ju more before)",
			    (uintmax_t)untold);
		session_log(s, true, "listen=%s: %s%s: %s", a->door->text,
		    peer, more, a->why.text);
	}
	link_free(a->link);
	a->link = NULL;
	door_left(s);
	arrival_end(a);
}

static void
arrival_late(void *arg)
{
	struct arrival *a = arg;

	why_fail(&a->why, FAULT_TIMEOUT, "no handshake within "
	    "timeout-connect=%g s",
	    a->door->s->options.link.timeout_connect / 1000.0);
	arrival_fail(a);
}

static void
arrival_changed(struct link *l, void *arg)
{
	struct arrival *a = arg;

	if (l->phase == LINK_FAILED) {
		arrival_fail(a);
	} else if (l->phase == LINK_UP) {
		a->link = NULL;
		l->why = NULL;
		join_link(a->door->s, l);
		arrival_end(a);
	}
}

void
arrival_new(struct door *d, int fd)
{
	struct arrival *a = xcalloc(1, sizeof(*a));
	const struct link_owner owner = { arrival_changed, a, &a->why, NULL };
	struct why why;

	a->door = d;
	TAILQ_INSERT_TAIL(&d->s->doors->arrivals, a, entry);
	timer_set(&a->deadline, d->s->options.link.timeout_connect,
	    arrival_late, a);
	if (d->accepted->refresh != NULL &&
	    d->accepted->refresh(&d->dial, &why) == -1)
		session_log(d->s, true, "listen=%s: %s; what was read before "
		    "stays in use", d->text, why.text);
	a->link = link_accept(d->accepted, &d->dial, fd, &owner);
}

void
arrival_clear(struct session *s, const struct door *d)
{
	struct arrival *a, *next;

	for (a = TAILQ_FIRST(&s->doors->arrivals); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (d != NULL && a->door != d)
			continue;
		if (a->link != NULL)
			door_left(s);
		arrival_free(a);
	}
}
