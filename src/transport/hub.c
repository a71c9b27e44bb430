#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/chunk.h"
#include "base/xalloc.h"
#include "transport/hub.h"

/* How long the others wait for more of a line that is too long. */
#define HUB_HOLD_MS 1000

struct hub;

struct hub_peer {
	TAILQ_ENTRY(hub_peer) entry;
	TAILQ_ENTRY(hub_peer) wet_entry;
	struct hub *hub;
	struct link *link;
	struct why why;
	char name[96];          /* its address, for the log */
	bool wet;               /* reading is worth trying */
	bool missing;           /* drop: it has begun to miss bytes */
	struct buf line;        /* without its newline yet */
	uint32_t done;          /* of the chunk */
	struct watch readable, writable;
};

struct hub {
	struct link link;       /* first: a hub is a link */
	loop_cb *ready;
	bool drop;
	int patience_ms;
	size_t n;
	TAILQ_HEAD(hub_peers, hub_peer) peers;
	TAILQ_HEAD(, hub_peer) wet;
	struct hub_peer *longest;       /* amid a line that is too long */
	struct timer hold;              /* ... and the others wait for it */
	struct chunk *chunk;            /* on its way to all; NULL: nothing */
	struct timer patience;          /* ... with those who are behind */
	struct deferred kick;
};

static struct hub *
hub_of(const struct link *l)
{
	return (struct hub *)(uintptr_t)l;
}

static void
hub_kicked(void *arg)
{
	struct hub *h = arg;

	h->ready(h->link.arg);
}

static void
hub_kick(struct hub *h)
{
	deferred_queue(&h->kick, hub_kicked, h);
}

/* --- peers --- */

static void
hub_wet(struct hub_peer *p)
{
	if (!p->wet)
		TAILQ_INSERT_TAIL(&p->hub->wet, p, wet_entry);
	p->wet = true;
}

static void
hub_dry(struct hub_peer *p)
{
	if (p->wet)
		TAILQ_REMOVE(&p->hub->wet, p, wet_entry);
	p->wet = false;
}

static void
hub_readable(void *arg)
{
	struct hub_peer *p = arg;

	watch_want(&p->readable, false);
	hub_wet(p);
	hub_kick(p->hub);
}

static void
hub_writable(void *arg)
{
	struct hub_peer *p = arg;

	watch_want(&p->writable, false);
	hub_kick(p->hub);
}

void
hub_add(struct link *l, struct link *peer)
{
	struct hub *h = hub_of(l);
	struct hub_peer *p = xcalloc(1, sizeof(*p));
	struct link_owner owner = { .arg = p, .why = &p->why };

	p->hub = h;
	p->link = peer;
	link_give(peer, &owner);
	if (!link_fact(peer, LINK_PEER, p->name, sizeof(p->name)))
		strlcpy(p->name, "a peer", sizeof(p->name));
	/* What is under way began before it. */
	p->done = h->chunk == NULL ? 0 : h->chunk->end;
	watch_init(&p->readable, peer->fd, LOOP_READ, hub_readable, p);
	watch_init(&p->writable, peer->fd, LOOP_WRITE, hub_writable, p);
	TAILQ_INSERT_TAIL(&h->peers, p, entry);
	h->n++;
	hub_wet(p);
	hub_kick(h);
	link_note(l, "%s has come", p->name);
}

static void
hub_unlock(struct hub *h)
{
	h->longest = NULL;
	timer_clear(&h->hold);
}

static void
hub_remove(struct hub_peer *p)
{
	struct hub *h = p->hub;

	hub_dry(p);
	TAILQ_REMOVE(&h->peers, p, entry);
	h->n--;
	if (h->longest == p)
		hub_unlock(h);
	watch_clear(&p->readable);
	watch_clear(&p->writable);
	link_free(p->link);
	buf_clear(&p->line);
	free(p);
}

/* --- from the peers --- */

/* Nothing more of a line that is too long: it ends here. */
static void
hub_held(void *arg)
{
	struct hub *h = arg;

	hub_wet(h->longest);
	hub_kick(h);
}

static const uint8_t *
hub_last_newline(const uint8_t *data, size_t n)
{
	while (n > 0)
		if (data[--n] == '\n')
			return data + n;
	return NULL;
}

/*
 * `total' bytes of p are in data; how many of them go on.  What is left of a
 * line that may yet be whole is put aside.
 */
static size_t
hub_cut(struct hub_peer *p, const uint8_t *data, size_t total)
{
	struct hub *h = p->hub;
	const uint8_t *end = hub_last_newline(data, total);
	size_t whole = end == NULL ? 0 : (size_t)(end - data) + 1;

	buf_clear(&p->line);
	if (h->longest == p && end != NULL)
		hub_unlock(h);
	if (h->longest != p && (total - whole <= HUB_LINE &&
	    (total == whole ||
	    buf_append(&p->line, data + whole, total - whole) == 0)))
		return whole;
	h->longest = p;
	timer_set(&h->hold, HUB_HOLD_MS, hub_held, h);
	return total;
}

/* It says no more: its last line, with a newline if it lacks one. */
static size_t
hub_last_line(struct hub_peer *p, uint8_t *data)
{
	size_t n = buf_length(&p->line);
	bool open = n > 0 || p->hub->longest == p;

	if (n > 0)
		memcpy(data, buf_peek(&p->line), n);
	if (open)
		data[n++] = '\n';
	link_note(&p->hub->link, "%s has gone%s%s", p->name,
	    p->why.fault != FAULT_NONE ? ": " : "", p->why.text);
	hub_remove(p);
	return n;
}

/* What of p goes on now; 0: nothing yet. */
static size_t
hub_take(struct hub_peer *p, uint8_t *data, size_t size)
{
	size_t held = buf_length(&p->line);
	ssize_t n;

	n = link_read(p->link, data + held, size - held);
	if (n == -1 && errno == EAGAIN) {
		hub_dry(p);
		watch_want(&p->readable, true);
		return 0;
	}
	if (n <= 0)
		return hub_last_line(p, data);
	if (held > 0)
		memcpy(data, buf_peek(&p->line), held);
	/* Its turn is over. */
	hub_dry(p);
	hub_wet(p);
	return hub_cut(p, data, held + (size_t)n);
}

/* Whose turn is it?  During a line that is too long nobody else's. */
static struct hub_peer *
hub_next(struct hub *h)
{
	if (h->longest == NULL)
		return TAILQ_FIRST(&h->wet);
	return h->longest->wet ? h->longest : NULL;
}

/* A second has passed without more of it, unless that is here by now. */
static size_t
hub_overdue(struct hub *h, uint8_t *data, size_t size)
{
	size_t n = hub_take(h->longest, data, size);

	if (n > 0)
		return n;
	hub_unlock(h);
	data[0] = '\n';
	return 1;
}

static ssize_t
hub_read(struct link *l, void *data, size_t size)
{
	struct hub *h = hub_of(l);
	struct hub_peer *p;
	size_t n = 0;

	if (size <= HUB_LINE) {
		errno = EINVAL;
		return -1;
	}
	if (h->longest != NULL && !h->hold.set)
		n = hub_overdue(h, data, size);
	while (n == 0 && (p = hub_next(h)) != NULL)
		n = hub_take(p, data, size);
	if (hub_next(h) != NULL || h->n == 0)
		hub_kick(h);
	if (n > 0 || h->n == 0)
		return (ssize_t)n;
	errno = EAGAIN;
	return -1;
}

/* There is more, and it is not going to be told of. */
static bool
hub_holds(const struct link *l)
{
	struct hub *h = hub_of(l);

	return !deferred_waits(&h->kick) && hub_next(h) != NULL;
}

/* --- to the peers --- */

/* With drop: what it has not got in time it misses. */
static void
hub_miss(struct hub_peer *p)
{
	if (!p->missing)
		link_note(&p->hub->link, "%s does not read in time, and misses "
		    "bytes (slow=drop)", p->name);
	p->missing = true;
	p->done = p->hub->chunk->end;
}

/* Is it through with the chunk?  It may be gone after this. */
static bool
hub_send(struct hub_peer *p)
{
	const struct chunk *c = p->hub->chunk;
	ssize_t n = 0;

	if (link_pending(p->link) > 0)
		n = link_write(p->link, NULL, 0);
	while (n != -1 && p->done < c->end) {
		n = link_write(p->link, c->data + p->done, c->end - p->done);
		p->done += n > 0 ? (uint32_t)n : 0;
	}
	if (p->done == c->end) {
		p->missing = false;
		return true;
	}
	if (errno != EAGAIN) {
		/* Whatever it said before is still read, and then its end. */
		p->done = c->end;
		return true;
	}
	if (p->hub->drop) {
		hub_miss(p);
		return true;
	}
	watch_want(p->link->want_read ? &p->readable : &p->writable, true);
	return false;
}

static bool
hub_send_all(struct hub *h)
{
	struct hub_peer *p;
	bool all = true;

	TAILQ_FOREACH(p, &h->peers, entry)
		if (p->done < h->chunk->end && !hub_send(p))
			all = false;
	if (!all)
		return false;
	timer_clear(&h->patience);
	chunk_give(h->chunk);
	h->chunk = NULL;
	TAILQ_FOREACH(p, &h->peers, entry)
		p->done = 0;
	return true;
}

/* Who is still behind does not keep the others any longer. */
static void
hub_impatient(void *arg)
{
	struct hub *h = arg;
	struct hub_peer *p, *next;

	for (p = TAILQ_FIRST(&h->peers); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (h->chunk == NULL || p->done == h->chunk->end)
			continue;
		link_note(&h->link, "%s has not read for %g s, and is let go "
		    "(timeout-read)", p->name, h->patience_ms / 1000.0);
		hub_remove(p);
	}
	hub_kick(h);
}

static ssize_t
hub_again(void)
{
	errno = EAGAIN;
	return -1;
}

static ssize_t
hub_write(struct link *l, const void *data, size_t size)
{
	struct hub *h = hub_of(l);

	if (size == 0)
		return h->chunk == NULL || hub_send_all(h) ? 0 : hub_again();
	if (h->chunk != NULL || h->n == 0)
		return hub_again();
	if ((h->chunk = chunk_need()) == NULL)
		return link_fail(l, FAULT_RECEIVE, "out of memory");
	if (size > CHUNK_PAYLOAD)
		size = CHUNK_PAYLOAD;
	memcpy(h->chunk->data, data, size);
	h->chunk->start = 0;
	h->chunk->end = (uint32_t)size;
	timer_set(&h->patience, h->patience_ms, hub_impatient, h);
	hub_send_all(h);
	return (ssize_t)size;
}

static size_t
hub_pending(const struct link *l)
{
	const struct hub *h = hub_of(l);

	return h->chunk == NULL ? 0 : h->chunk->end;
}

/* To the one who is most behind. */
static size_t
hub_unsent(const struct link *l)
{
	const struct hub *h = hub_of(l);
	const struct hub_peer *p;
	size_t n = 0;

	if (h->chunk == NULL)
		return 0;
	TAILQ_FOREACH(p, &h->peers, entry)
		if (h->chunk->end - p->done > n)
			n = h->chunk->end - p->done;
	return n;
}

/* By the one who is most behind. */
static size_t
hub_unacknowledged(const struct link *l)
{
	const struct hub_peer *p;
	size_t n = 0, here;

	TAILQ_FOREACH(p, &hub_of(l)->peers, entry) {
		here = link_unsent(p->link) + link_unacknowledged(p->link);
		n = here > n ? here : n;
	}
	return n;
}

static int
hub_finish(struct link *l)
{
	struct hub_peer *p;

	TAILQ_FOREACH(p, &hub_of(l)->peers, entry)
		link_finish(p->link);
	return 0;
}

/* --- the whole --- */

static int
hub_open(struct link *l)
{
	(void)l;
	return 0;
}

static int
hub_advance(struct link *l)
{
	(void)l;
	return 1;
}

static void
hub_close(struct link *l)
{
	struct hub *h = hub_of(l);
	struct hub_peer *p;

	while ((p = TAILQ_FIRST(&h->peers)) != NULL)
		hub_remove(p);
	timer_clear(&h->hold);
	timer_clear(&h->patience);
	deferred_clear(&h->kick);
	chunk_give(h->chunk);
	h->chunk = NULL;
}

static bool
hub_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	const struct hub *h = hub_of(l);
	const struct hub_peer *p = TAILQ_LAST(&h->peers, hub_peers);

	if (p != NULL && fact == LINK_PEER && h->n > 1)
		snprintf(out, size, "%s and %zu more", p->name, h->n - 1);
	else if (p != NULL)
		return link_fact(p->link, fact, out, size);
	return p != NULL;
}

static const struct transport transport_hub = {
	.name = "hub",
	.size = sizeof(struct hub),
	.open = hub_open,
	.advance = hub_advance,
	.read = hub_read,
	.write = hub_write,
	.pending = hub_pending,
	.unsent = hub_unsent,
	.holds = hub_holds,
	.unacknowledged = hub_unacknowledged,
	.finish = hub_finish,
	.close = hub_close,
	.fact = hub_fact,
};

struct link *
hub_new(struct dial *dial, const struct hub_plan *plan)
{
	struct hub *h = xcalloc(1, sizeof(*h));

	h->link.transport = &transport_hub;
	h->link.dial = dial;
	h->link.fd = -1;
	h->link.phase = h->link.told = LINK_UP;
	h->link.opened = true;
	link_give(&h->link, &plan->owner);
	h->ready = plan->ready;
	TAILQ_INIT(&h->peers);
	TAILQ_INIT(&h->wet);
	hub_set(&h->link, plan->drop, plan->patience_ms);
	return &h->link;
}

size_t
hub_count(const struct link *l)
{
	return hub_of(l)->n;
}

void
hub_set(struct link *l, bool drop, int patience_ms)
{
	struct hub *h = hub_of(l);

	h->drop = drop;
	h->patience_ms = patience_ms;
}
