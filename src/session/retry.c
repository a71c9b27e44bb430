#include <stdlib.h>

#include "session/dial.h"
#include "session/listen.h"
#include "session/retry.h"
#include "session/state.h"

/* A program that has said something and ends sooner has failed. */
#define RETRY_PROGRAM_MS 1000

bool
retry_on_demand(const struct session *s)
{
	if (s->state != SESSION_IDLE)
		return false;
	return !s->linked ||
	    s->options.session.reconnect != RECONNECT_NEVER;
}

/*
 * Twice as long after each failure, up to the longest, and of that between a
 * half and the whole by chance, so that many sessions of one peer do not come
 * back all at once.
 */
int
retry_delay_ms(const struct session *s)
{
	const int *backoff = s->options.session.backoff;
	int64_t ms = backoff[0];
	int i;

	for (i = 1; i < s->tries && ms < backoff[1]; i++)
		ms *= 2;
	if (ms > backoff[1])
		ms = backoff[1];
	return (int)(ms / 2 + arc4random_uniform((uint32_t)(ms / 2 + 1)));
}

/* Where the policy has it dial again whatever happens, it does; else a byte
 * that waits in `in` does. */
static void
retry_again(void *arg)
{
	struct session *s = arg;

	if (s->options.session.reconnect == RECONNECT_ALWAYS ||
	    s->waits != NULL)
		dial_start(s, "");
	else
		state_enter(s, SESSION_IDLE, "%s", "");
	flow_turn(s);
}

static void
retry_later(struct session *s, const char *reason)
{
	int ms = retry_delay_ms(s);

	state_enter(s, SESSION_BACKOFF, "%s (again in %d.%d s)", reason,
	    ms / 1000, ms / 100 % 10);
	timer_set(&s->deadline, ms, retry_again, s);
}

void
retry_reconsider(struct session *s)
{
	if (s->state == SESSION_IDLE && s->linked &&
	    s->options.session.reconnect == RECONNECT_ALWAYS)
		dial_start(s, "reconnect=always");
}

/* It will not get better by itself. */
static void
retry_give_up(struct session *s, const char *reason)
{
	state_enter(s, SESSION_FAILED, "%s", reason);
	listen_close(s);
	s->end_owed = true;
}

/*
 * Faults that another attempt would meet again: what the peer shows and what
 * we ask of it do not fit.
 */
bool
retry_is_final(const struct session *s)
{
	if (s->options.session.reconnect == RECONNECT_NEVER ||
	    s->why.fault == FAULT_CERTIFICATE)
		return true;
	/* A handshake that was good before may have met a peer that restarts. */
	return s->why.fault == FAULT_TLS &&
	    (!s->linked || s->state == SESSION_UP);
}

void
retry_attempt_failed(struct session *s)
{
	dial_failure(s);
	dial_drop(s);
	s->told = true;
	s->tries++;
	if (s->state == SESSION_CLOSING)
		session_close(s, true);
	else if (listen_stands(s))
		listen_again(s, s->why.text);
	else if (retry_is_final(s))
		retry_give_up(s, s->why.text);
	else
		retry_later(s, s->why.text);
	flow_turn(s);
}

/*
 * A link that has carried something or has lasted counts as a success: its
 * peer is asked again soon.  One that is closed as soon as it is made is not;
 * nor is a program that ends at once, whatever it has said by then.
 */
static bool
retry_was_useful(const struct session *s)
{
	int64_t lasted_ms = loop_now_ms() - s->up_ms;

	if (s->transport->flags & TRANSPORT_RUNS &&
	    lasted_ms < RETRY_PROGRAM_MS)
		return false;
	return s->flow.to_client.bytes > s->up_bytes ||
	    lasted_ms >= s->options.session.backoff[1];
}

/*
 * One who connects to us and leaves without a word, as one does who looks
 * whether we are there, is no peer that anything ends with.
 */
static bool
retry_was_probe(const struct session *s)
{
	return s->waits != NULL &&
	    s->flow.to_client.bytes == s->up_bytes &&
	    s->flow.to_peer.bytes == s->up_sent;
}

static void
retry_link_gone(struct session *s, const char *reason)
{
	const struct session_options *o = &s->options.session;
	bool useful = retry_was_useful(s);

	s->tries = useful ? 1 : s->tries + 1;
	s->end_owed = o->on_close == ON_CLOSE_EOF && !retry_was_probe(s);
	if (s->state == SESSION_CLOSING)
		session_close(s, true);
	else if (s->place->parent != NULL)
		session_depart(s, reason);
	else if (listen_stands(s) && (o->reconnect != RECONNECT_NEVER ||
	    retry_was_probe(s)))
		listen_again(s, reason);
	else if (retry_is_final(s))
		retry_give_up(s, reason);
	else if (o->reconnect == RECONNECT_ALWAYS || !useful)
		retry_later(s, reason);
	else
		state_enter(s, SESSION_IDLE, "%s", reason);
	flow_turn(s);
}

void
retry_link_broken(struct session *s)
{
	dial_failure(s);
	dial_drop(s);
	retry_link_gone(s, s->why.text);
}

void
retry_link_ended(struct session *s)
{
	char reason[80] = "peer closed the connection";

	link_fact(s->link, LINK_END, reason, sizeof(reason));
	dial_drop(s);
	if (s->options.session.reconnect == RECONNECT_NEVER &&
	    s->why.fault == FAULT_NONE) {
		why_fail(&s->why, FAULT_RECEIVE, "%s", reason);
		dial_failure(s);
	}
	retry_link_gone(s, reason);
}
