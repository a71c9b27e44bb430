#include <errno.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/fan.h"
#include "session/flow.h"
#include "session/private.h"
#include "session/pump.h"
#include "session/retry.h"

struct branch *
fan_new(struct session *s)
{
	struct branch *b = xcalloc(1, sizeof(*b));
	const struct chunk *c = s->flow.to_client.chunk;

	b->s = s;
	/* What is under way to the others began before it. */
	b->done = c == NULL ? 0 : c->end;
	TAILQ_INSERT_TAIL(&s->branches, b, entry);
	return b;
}

static void
fan_readable(void *arg)
{
	struct branch *b = arg;
	uint8_t none;

	if (b->finished) {
		if (channel_read(b->channel, &none, 1) == -1 &&
		    errno != EAGAIN)
			fan_end(b);
		return;
	}
	switch (pump_from_branch(b->s, b->channel)) {
	case PUMP_ENDED:
		b->finished = true;
		channel_follow_end(b->channel);
		break;
	case PUMP_BROKEN:
		fan_end(b);
		break;
	default:
		break;
	}
	flow_turn(b->s);
}

static void
fan_ready(void *arg)
{
	const struct branch *b = arg;

	flow_turn(b->s);
}

static bool
fan_asked(void *arg)
{
	(void)arg;
	return false;
}

static void
fan_note(void *arg, const char *text)
{
	const struct branch *b = arg;

	session_log(b->s, false, "%s", text);
}

void
fan_owner(struct branch *b, struct channel_owner *owner)
{
	*owner = (struct channel_owner){ fan_readable, fan_ready, fan_asked,
		fan_note, b };
}

void
fan_begin(struct branch *b, struct channel *c)
{
	struct session *s = b->s;

	b->channel = c;
	if (s->state == SESSION_FAILED && b->private == NULL)
		fan_end(b);
	else if (retry_on_demand(s))
		dial_start(s, "a client has come");
	flow_turn(s);
}

static void
fan_free(struct branch *b)
{
	if (b->channel != NULL && b->channel->guest)
		door_left(b->s);
	channel_free(b->channel);
	private_free(b->private);
	free(b);
}

static void
fan_free_dead(struct session *s)
{
	struct branch *b;

	while ((b = TAILQ_FIRST(&s->dead_branches)) != NULL) {
		TAILQ_REMOVE(&s->dead_branches, b, entry);
		fan_free(b);
	}
}

static void
fan_reap(void *arg)
{
	struct session *s = arg;

	fan_free_dead(s);
	/* What was held back for it may go on. */
	if (flow_has_link(s))
		flow_turn(s);
}

void
fan_end(struct branch *b)
{
	struct session *s = b->s;

	if (b->gone)
		return;
	b->gone = true;
	if (b->channel != NULL)
		channel_stop(b->channel);
	TAILQ_REMOVE(&s->branches, b, entry);
	TAILQ_INSERT_TAIL(&s->dead_branches, b, entry);
	deferred_queue(&s->fan, fan_reap, s);
}

void
fan_clear(struct session *s)
{
	struct branch *b;

	while ((b = TAILQ_FIRST(&s->branches)) != NULL)
		fan_end(b);
	deferred_clear(&s->fan);
	fan_free_dead(s);
}

bool
fan_is_there(const struct session *s)
{
	return !TAILQ_EMPTY(&s->branches);
}

void
fan_fresh(struct session *s)
{
	struct branch *b;

	TAILQ_FOREACH(b, &s->branches, entry)
		b->done = 0;
}

/* Its FIFO is enlarged before it counts as full. */
static ssize_t
fan_write(struct branch *b, const void *data, size_t size)
{
	struct pair *pair = private_pair(b->private);
	ssize_t n = channel_write(b->channel, data, size);

	if (n != -1 || errno != EAGAIN || pair == NULL ||
	    pair->out.fifo.grown || !delivery_open(&pair->out))
		return n;
	pump_grow(b->s, &pair->out.fifo);
	return channel_write(b->channel, data, size);
}

/* With slow=drop: what it has not got in time it misses, and that is noted. */
static void
fan_miss(struct branch *b, uint32_t n)
{
	if (b->missed == 0)
		session_log(b->s, true, "%sdoes not read in time, and misses "
		    "bytes (slow=drop)", private_name(b->private));
	b->missed += n;
	b->s->discarded += n;
	b->done += n;
}

static void
fan_in_time(struct branch *b)
{
	if (b->missed > 0)
		session_log(b->s, true, "%sreads again; it has missed %ju "
		    "bytes", private_name(b->private), (uintmax_t)b->missed);
	b->missed = 0;
}

/* One branch; how many bytes it has still to get, and has to be waited for. */
static uint32_t
fan_deliver_one(struct branch *b, const struct chunk *c)
{
	struct session *s = b->s;
	ssize_t n = 0;

	while (b->done < c->end && n != -1) {
		n = fan_write(b, c->data + b->done, c->end - b->done);
		b->done += n > 0 ? (uint32_t)n : 0;
	}
	if (n == -1 && errno != EAGAIN) {
		fan_end(b);
		return 0;
	}
	if (b->done < c->end && s->options.session.slow == SLOW_DROP)
		fan_miss(b, c->end - b->done);
	else if (b->done == c->end && n > 0)
		fan_in_time(b);
	return c->end - b->done;
}

uint32_t
fan_deliver(struct session *s, const struct chunk *c)
{
	struct branch *b, *next;
	uint32_t behind = 0, n;

	for (b = TAILQ_FIRST(&s->branches); b != NULL; b = next) {
		next = TAILQ_NEXT(b, entry);
		n = fan_deliver_one(b, c);
		behind = n > behind ? n : behind;
	}
	return behind;
}

void
fan_want(struct session *s, bool sending)
{
	struct branch *b;

	TAILQ_FOREACH(b, &s->branches, entry)
		if (b->channel != NULL && !b->finished)
			channel_want(b->channel, sending);
}

size_t
fan_waiting(const struct session *s)
{
	const struct branch *b;
	size_t n = 0;

	TAILQ_FOREACH(b, &s->branches, entry)
		if (b->channel != NULL && !b->finished)
			n += fifo_waiting(b->channel->in_fd);
	return n;
}

size_t
fan_discard(struct session *s)
{
	struct branch *b;
	size_t n = 0, dropped;

	TAILQ_FOREACH(b, &s->branches, entry) {
		if (b->channel == NULL || b->private == NULL)
			continue;
		channel_drop(b->channel, &dropped);
		n += fifo_drop(b->channel->in_fd) + dropped;
	}
	return n;
}

bool
fan_shrink(struct session *s)
{
	struct branch *b;
	bool all = true;

	TAILQ_FOREACH(b, &s->branches, entry)
		if (b->private != NULL &&
		    !fifo_shrink(&private_pair(b->private)->out.fifo))
			all = false;
	return all;
}
