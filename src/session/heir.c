#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/directory.h"
#include "keeper/memory.h"
#include "session/dial.h"
#include "session/fan.h"
#include "session/heir.h"
#include "session/join.h"
#include "session/listen.h"
#include "session/names.h"
#include "session/private.h"
#include "session/relay.h"
#include "session/state.h"
#include "session/status.h"

/* Whoever wrote a part of a request is looked at so often. */
#define HEIR_LOOK_MS 5
/* --- exchanges --- */

/* A channel whose client may still be writing what nobody will read. */
struct heir_flush {
	struct dialogue *d;
	struct timer look;
	int64_t quiet_ms;       /* when a byte last came */
	uint64_t dropped;
};

void
heir_dialogue(struct dialogue *d, const struct ledger_left *left)
{
	unsigned n = ledger_owed(&left->state);
	bool within = left->state.taking || left->state.half;

	/* A ledger that says more has not been written by us. */
	if (n > EXCHANGE_MOST)
		n = EXCHANGE_MOST;
	if (left->state.reply == LEDGER_WRITING) {
		exchange_new(d->s, d)->delivering = true;
		ledger_closed(d->row);
	}
	for (; n > 0; n--)
		exchange_new(d->s, d)->whole = true;
	ledger_taken(d->row, within);
	d->asked = left->state.asked;
	ledger_asked(d->row, d->asked);
	d->inherits = true;
	/* Where its next request begins nobody knows. */
	if (within && d->channel != NULL && d->channel->exact)
		d->closing = true;
}

/* A reply that had begun, and that nobody has read of, had not. */
static void
heir_retract(struct dialogue *d)
{
	struct exchange *x = TAILQ_FIRST(&d->exchanges);

	if (x == NULL || !x->delivering || !channel_retract(d->channel))
		return;
	x->delivering = false;
	ledger_opened(d->row);
}

/* Who waits is told; and what comes from here on is a request again. */
static void
heir_answer(struct dialogue *d)
{
	static const struct why cut = { FAULT_PARTIAL, "the broker's engine "
	    "died in the middle of the reply" };
	static const struct why lost = { FAULT_UNCERTAIN, "the broker's engine "
	    "died: the request may have been sent, and carried out" };
	struct exchange *x, *next;

	heir_retract(d);
	for (x = TAILQ_FIRST(&d->exchanges); x != NULL; x = next) {
		next = TAILQ_NEXT(x, entry);
		exchange_fail(x, x->delivering ? LAST_TRUNCATED :
		    LAST_UNCERTAIN, 0, x->delivering ? &cut : &lost);
	}
	d->inherits = false;
	ledger_taken(d->row, false);
	pool_look(d);
}

static void
heir_flush_end(struct heir_flush *f)
{
	struct dialogue *d = f->d;

	if (f->dropped > 0)
		session_log(d->s, true, "%s%ju bytes after a request of which "
		    "the engine that died had a part were dropped",
		    private_who(d), (uintmax_t)f->dropped);
	d->s->discarded += f->dropped;
	/* Whose it was waits for an answer, whatever we know of it. */
	if (f->dropped > 0 && TAILQ_EMPTY(&d->exchanges))
		exchange_new(d->s, d)->whole = true;
	timer_clear(&f->look);
	d->flush = NULL;
	free(f);
}

/* Until its writer has closed it, or says nothing for timeout-request. */
static void
heir_flush_look(void *arg)
{
	struct heir_flush *f = arg;
	struct dialogue *d = f->d;
	size_t n;
	bool written = channel_flush(d->channel, private_directory(d), &n);

	f->dropped += n;
	if (n > 0)
		f->quiet_ms = loop_now_ms();
	if (written && loop_now_ms() - f->quiet_ms <
	    d->s->options.session.timeout_request) {
		timer_set(&f->look, HEIR_LOOK_MS, heir_flush_look, f);
		return;
	}
	heir_flush_end(f);
	heir_answer(d);
}

void
heir_flush_forget(struct dialogue *d)
{
	if (d->flush != NULL)
		heir_flush_end(d->flush);
}

void
heir_dialogue_go_on(struct dialogue *d)
{
	struct heir_flush *f;

	if (!ledger_get(d->row).half) {
		heir_answer(d);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->d = d;
	f->quiet_ms = loop_now_ms();
	d->flush = f;
	heir_flush_look(f);
}

/* --- an engine that makes way by itself --- */

static bool halted;

void
heir_halt(bool wanted)
{
	halted = wanted;
}

bool
heir_halted(void)
{
	return halted;
}

/* What a way holds can be bequeathed; what the link holds cannot. */
bool
heir_is_quiet(const struct session *s)
{
	const struct flow *f = &s->flow;

	/* A peer that has gone leaves what it said: its heir does, too. */
	if (s->state == SESSION_CLOSING)
		return s->place->parent != NULL && s->link == NULL;
	if (s->pool != NULL)
		return s->pool->nopen == 0;
	if (relay_is_busy(s) || !listen_is_quiet(s))
		return false;
	if (!flow_has_link(s))
		return true;
	return link_pending(s->link) == 0 && !link_holds(s->link) &&
	    (link_is_plain(s->link) || chunk_length(f->to_peer.chunk) == 0) &&
	    (!fan_is_there(s) || chunk_length(f->to_client.chunk) == 0);
}

/* In which descriptor of the row each way's bytes are; a stream has no slots. */
enum { HEIR_BYTES = LEDGER_SLOT + 1 };

static void
heir_bequeath_way(struct session *s, size_t way, const struct chunk *c,
    uint32_t done)
{
	int fd;

	if (chunk_length(c) == 0)
		return;
	if (done < c->start)
		done = c->start;
	fd = memory_file("bytes");
	if (fd == -1 || memory_write(fd, c->data + done, c->end - done) == -1)
		return;
	s->row->fd[HEIR_BYTES + way] = fd;
	s->row->number[way] = 0;
}

static void
heir_bequeath_peer(struct session *peer, void *arg)
{
	(void)arg;
	heir_bequeath(peer);
}

void
heir_bequeath(struct session *s)
{
	if (s->pool != NULL)
		return;
	listen_each(s, heir_bequeath_peer, NULL);
	heir_bequeath_way(s, HEIR_TO_PEER, s->flow.to_peer.chunk, 0);
	heir_bequeath_way(s, HEIR_TO_CLIENT, s->flow.to_client.chunk,
	    s->flow.out_done);
}

static void
heir_take_way(struct session *s, size_t way, struct flow_way *to)
{
	int fd = s->left->fd[HEIR_BYTES + way];
	ssize_t n;

	if (fd == -1 || (to->chunk = chunk_take()) == NULL)
		return;
	n = pread(fd, to->chunk->data, CHUNK_PAYLOAD, 0);
	to->chunk->start = 0;
	to->chunk->end = n > 0 ? (uint32_t)n : 0;
	s->row->number[way] = to->chunk->end;
	chunk_settle(&to->chunk);
}

/* --- connections --- */

static bool
heir_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);

	return fd != -1 && getpeername(fd, (struct sockaddr *)&peer,
	    &length) == 0;
}

/* It will not retry by itself; readers meet their end of file. */
static void
heir_give_up(struct session *s, const char *reason)
{
	if (s->why.fault == FAULT_NONE)
		why_fail(&s->why, FAULT_RECEIVE, "%s", reason);
	dial_failure(s);
	if (s->pool != NULL) {
		pool_give_up(s, reason);
		return;
	}
	state_enter(s, SESSION_FAILED, "%s", reason);
	s->end_owed = true;
}

static void
heir_wires(struct session *s)
{
	const struct ledger_state *was = &s->left->state;
	struct ledger_left *left;

	s->linked = was->linked;
	if (was->failed_for_good) {
		heir_give_up(s, "it had failed before the engine died");
		return;
	}
	while ((left = ledger_claim(LEDGER_LINK, s->name, NULL)) != NULL)
		if (!left->state.busy && heir_connected(left->fd[LEDGER_PEER]))
			wire_inherit(s, ledger_inherit(left, LEDGER_PEER));
	if (s->options.session.reconnect == RECONNECT_ALWAYS && was->busy &&
	    TAILQ_EMPTY(&s->pool->wires))
		pool_start(s);
	pool_enter(s, "");
}

/* Bytes that the engine that died had in its hands. */
static bool
heir_lost(struct session *s)
{
	uint64_t there = s->left->number[HEIR_TO_PEER];
	uint64_t back = s->left->number[HEIR_TO_CLIENT];

	if (there == 0 && back == 0)
		return false;
	if (there == LEDGER_UNKNOWN || back == LEDGER_UNKNOWN)
		why_fail(&s->why, FAULT_UNCERTAIN, "engine-lost: the engine "
		    "died while it took bytes, which may be lost");
	else
		why_fail(&s->why, FAULT_UNCERTAIN, "engine-lost %ju: the "
		    "engine died with %ju bytes to the peer and %ju from it",
		    (uintmax_t)(there + back), (uintmax_t)there,
		    (uintmax_t)back);
	s->uncertain++;
	s->engine_lost = true;
	dial_failure(s);
	session_log(s, true, "%s", s->why.text);
	return true;
}

/* A link that is lost with the engine is made again as others are. */
static void
heir_redial(struct session *s)
{
	static const char reason[] = "the engine that had the connection died";
	const struct ledger_state *was = &s->left->state;
	int reconnect = s->options.session.reconnect;

	if (s->place->parent != NULL) {
		session_depart(s, reason);
		return;
	}
	if (s->waits != NULL || relay_each(s) || !was->busy)
		return;
	s->end_owed |= was->linked &&
	    s->options.session.on_close == ON_CLOSE_EOF;
	if (was->linked && reconnect == RECONNECT_NEVER)
		heir_give_up(s, reason);
	else if (!was->linked || reconnect == RECONNECT_ALWAYS)
		dial_start(s, reason);
}

/*
 * Whose links are others' has none itself, whatever its ledger says; nor has
 * one that still has to find out whether it can listen.
 */
static bool
heir_has_link(const struct session *s)
{
	if (relay_each(s) || (s->listen != NULL && (!listen_stands(s) ||
	    s->options.session.accept != ACCEPT_ONE)))
		return false;
	return heir_connected(s->left->fd[LEDGER_PEER]);
}

/* What was on its way to a peer is for that one alone. */
static void
heir_connection(struct session *s, bool lost)
{
	if (!lost && heir_has_link(s)) {
		heir_take_way(s, HEIR_TO_PEER, &s->flow.to_peer);
		dial_inherit(s, ledger_inherit(s->left, LEDGER_PEER));
	} else {
		heir_redial(s);
	}
}

static void
heir_link(struct session *s)
{
	bool lost = heir_lost(s);

	s->linked = s->left->state.linked;
	s->row->number[HEIR_TO_PEER] = s->row->number[HEIR_TO_CLIENT] = 0;
	s->row->fd[LEDGER_PEER] = -1;
	s->row->fd[HEIR_BYTES + HEIR_TO_PEER] =
	    s->row->fd[HEIR_BYTES + HEIR_TO_CLIENT] = -1;
	s->end_owed = s->channel.out.was_ending;
	if (!lost) {
		if (s->place->parent == NULL)
			join_inherit(s);
		heir_take_way(s, HEIR_TO_CLIENT, &s->flow.to_client);
	}
	if (s->left->state.failed_for_good) {
		heir_give_up(s, "it had failed before the engine died");
		return;
	}
	if (s->waits != NULL)
		listen_start(s, "");
	if (relay_each(s))
		relay_inherit(s);
	heir_connection(s, lost);
}

/* --- all of it --- */

/* Our own ledger has at once what theirs had: we may be killed, too. */
static void
heir_tell(struct session *s)
{
	struct ledger_state now = ledger_get(s->row);
	size_t i;

	now.busy = s->left->state.busy;
	now.linked = s->left->state.linked;
	now.failed_for_good = s->left->state.failed_for_good;
	ledger_set(s->row, &now);
	if (s->pool != NULL)
		return;
	for (i = HEIR_TO_PEER; i <= HEIR_TO_CLIENT; i++) {
		s->row->number[i] = s->left->number[i];
		s->row->fd[HEIR_BYTES + i] = s->left->fd[HEIR_BYTES + i];
	}
	s->row->fd[LEDGER_PEER] = s->left->fd[LEDGER_PEER];
}

void
heir_begin(struct session *s)
{
	heir_tell(s);
	/* By the session's name, which a peer has not. */
	if (s->place->parent == NULL)
		private_inherit(s);
	if (s->pool == NULL)
		return;
	heir_dialogue(s->pool->own, s->left);
	join_inherit(s);
}

void
heir_go_on(struct session *s)
{
	struct dialogue *d, *next;

	pair_go_on(&s->channel);
	private_go_on(s);
	if (s->pool == NULL) {
		heir_link(s);
	} else {
		heir_wires(s);
		for (d = TAILQ_FIRST(&s->pool->dialogues); d != NULL;
		    d = next) {
			next = TAILQ_NEXT(d, entry);
			if (d->inherits)
				heir_dialogue_go_on(d);
		}
	}
	listen_go_on(s);
	names_inherit(s);
	s->left = NULL;
}
