#include <string.h>

#include "session/exchange.h"
#include "session/fan.h"
#include "session/heir.h"
#include "session/join.h"
#include "session/relay.h"

/* `in' has room for the longest datagram, so that it is there at once. */
#define JOIN_WRITE ((size_t)128 * 1024)

/* A fresh dialogue or branch, and how its channel is to call it. */
void
join_new(struct session *s, struct dialogue **d, struct branch **b,
    struct channel_owner *owner)
{
	*d = NULL;
	*b = NULL;
	if (s->pool != NULL) {
		*d = dialogue_new(s);
		dialogue_owner(*d, owner);
	} else {
		*b = fan_new(s);
		fan_owner(*b, owner);
	}
}

void
join_begin(struct dialogue *d, struct branch *b, struct channel *c)
{
	if (d != NULL)
		dialogue_begin(d, c);
	else
		fan_begin(b, c);
}

void
join_end(struct dialogue *d, struct branch *b)
{
	if (d != NULL)
		dialogue_end(d);
	else if (b != NULL)
		fan_end(b);
}

int
join_pair(struct session *s, struct pair *pair,
    struct pair_plan *plan, const struct channel_owner *owner,
    struct why *why)
{
	plan->messages = s->pool != NULL &&
	    s->options.session.delivery == DELIVERY_MESSAGE;
	plan->ready = owner->ready;
	plan->owner = (struct slots_owner){ owner->ready, owner->asked,
		owner->note, owner->arg };
	if (pair_make(pair, plan, why) == -1)
		return -1;
	if (s->pool != NULL && framing_takes_writes(&s->pool->framing))
		fifo_grow(&pair->in, JOIN_WRITE);
	return 0;
}

int
join_own(struct session *s, struct pair_plan *plan, struct why *why)
{
	struct channel_owner owner;
	struct branch *none;

	join_new(s, &s->pool->own, &none, &owner);
	s->pool->own->row = s->row;
	if (join_pair(s, &s->channel, plan, &owner, why) == -1)
		return -1;
	join_begin(s->pool->own, NULL, channel_fifo(&s->channel, &owner));
	return 0;
}

/* How the ledger calls a client that came in by a front door. */
static const char join_guest_name[] = "guest";

static struct dialogue *
join_client(struct session *s, int fd, bool guest)
{
	struct channel_owner owner;
	struct channel *c;
	struct dialogue *d;
	struct branch *b;

	if (relay_each(s)) {
		relay_new(s, fd, guest);
		return NULL;
	}
	join_new(s, &d, &b, &owner);
	c = channel_socket(fd, &owner);
	c->guest = guest;
	c->row = ledger_new(LEDGER_CLIENT, s->row,
	    guest ? join_guest_name : "");
	c->row->fd[LEDGER_PEER] = fd;
	if (d != NULL)
		d->row = c->row;
	join_begin(d, b, c);
	return d;
}

/*
 * Of a reply that had begun, who waits for it can only be told by its end; in
 * a stream, by that of what was lost.
 */
static bool
join_may_inherit(const struct session *s, const struct ledger_left *left)
{
	return left->fd[LEDGER_PEER] != -1 && !relay_each(s) &&
	    left->state.reply == LEDGER_IDLE;
}

void
join_inherit(struct session *s)
{
	struct ledger_left *left;
	struct dialogue *d;
	bool guest;

	while ((left = ledger_claim(LEDGER_CLIENT, s->name, NULL)) != NULL) {
		if (!join_may_inherit(s, left))
			continue;
		guest = strcmp(left->name, join_guest_name) == 0;
		if (guest)
			door_came(s);
		d = join_client(s, ledger_inherit(left, LEDGER_PEER), guest);
		if (d != NULL)
			heir_dialogue(d, left);
	}
}

void
join_socket(struct session *s, int fd)
{
	join_client(s, fd, false);
}

void
join_link(struct session *s, struct link *l)
{
	int fd;

	if (relay_each(s)) {
		relay_new_link(s, l);
		return;
	}
	fd = relay_bridge(s, l);
	if (fd != -1)
		join_client(s, fd, true);
	else
		door_left(s);
}

void
join_guest(struct session *s, int fd)
{
	join_client(s, fd, true);
}
