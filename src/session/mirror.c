#include <stdlib.h>
#include <time.h>

#include "session/mirror.h"
#include "session/record.h"
#include "session/session.h"

/* What passes by a peer of accept=each is seen where it was accepted. */
static struct session *
mirror_of(const struct session *s)
{
	struct session *parent = s->place->parent;

	return parent != NULL ? parent : (struct session *)(uintptr_t)s;
}

bool
mirror_is_there(const struct session *s)
{
	s = mirror_of(s);
	return s->record != NULL || !LIST_EMPTY(&s->taps);
}

uint64_t
mirror_show(struct session *s, enum transcript_way way, const void *data,
    size_t size)
{
	struct transcript_piece p = { .way = way, .data = data, .size = size };
	struct tap *t, *next;

	if (s->place->parent != NULL)
		p.peer = (unsigned)strtoul(s->name, NULL, 10);
	s = mirror_of(s);

	if (size == 0 || !mirror_is_there(s))
		return 0;
	clock_gettime(CLOCK_REALTIME, &p.when);
	for (t = LIST_FIRST(&s->taps); t != NULL; t = next) {
		next = LIST_NEXT(t, entry);
		t->see(&p, t->arg);
	}
	return s->record == NULL ? 0 : record_show(s->record, &p);
}

bool
mirror_holds(const struct session *s, uint64_t mark)
{
	return mark > 0 && record_holds(mirror_of(s)->record, mark);
}

void
tap_begin(struct tap *t, struct session *s)
{
	t->s = s;
	LIST_INSERT_HEAD(&s->taps, t, entry);
}

void
tap_end(struct tap *t)
{
	if (t->s != NULL)
		LIST_REMOVE(t, entry);
	t->s = NULL;
}

void
mirror_clear(struct session *s)
{
	struct tap *t;

	while ((t = LIST_FIRST(&s->taps)) != NULL)
		tap_end(t);
	record_free(s->record);
	s->record = NULL;
}
