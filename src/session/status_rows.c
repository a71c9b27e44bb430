/*
 * Every fact of a session: where it comes from, what is said of it, and which
 * metric it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper/anchor.h"
#include "keeper/keeper.h"
#include "keeper/sandbox.h"
#include "session/exchange.h"
#include "session/listen.h"
#include "session/private.h"
#include "session/relay.h"
#include "session/status.h"

static void
fact_name(struct session *s, char *out)
{
	strlcpy(out, s->name, STATUS_FACT);
}

static void
fact_endpoint(struct session *s, char *out)
{
	strlcpy(out, s->url.text, STATUS_FACT);
}

static void
fact_state(struct session *s, char *out)
{
	strlcpy(out, session_state_name(s->state), STATUS_FACT);
}

static void
fact_since(struct session *s, char *out)
{
	status_time(&s->since, out, STATUS_FACT);
}

void
status_link(struct session *s, enum link_fact fact, char *out, size_t size)
{
	const struct link *l = s->link;

	if (s->pool != NULL)
		l = pool_link(s);
	else if (l != NULL && l->told != LINK_UP)
		l = NULL;
	if (l != NULL)
		link_fact(l, fact, out, size);
}

static void
fact_local(struct session *s, char *out)
{
	status_link(s, LINK_LOCAL, out, STATUS_FACT);
}

static void
fact_peer(struct session *s, char *out)
{
	status_link(s, LINK_PEER, out, STATUS_FACT);
}

static void
fact_tls(struct session *s, char *out)
{
	status_link(s, LINK_TLS, out, STATUS_FACT);
}

static void
fact_verified(struct session *s, char *out)
{
	status_link(s, LINK_VERIFIED, out, STATUS_FACT);
}

static void
fact_certificate_until(struct session *s, char *out)
{
	status_link(s, LINK_ENDS, out, STATUS_FACT);
}

static void
fact_alpn(struct session *s, char *out)
{
	status_link(s, LINK_ALPN, out, STATUS_FACT);
}

static void
fact_resumed(struct session *s, char *out)
{
	status_link(s, LINK_RESUMED, out, STATUS_FACT);
}

static void
fact_up_in(struct session *s, char *out)
{
	if (s->up_in_us > 0)
		snprintf(out, STATUS_FACT, "%.1f", (double)s->up_in_us / 1000);
}

static void
fact_exit(struct session *s, char *out)
{
	strlcpy(out, s->dial.exit, STATUS_FACT);
}

static void
fact_number(uint64_t n, char *out)
{
	snprintf(out, STATUS_FACT, "%" PRIu64, n);
}

static void
fact_links(struct session *s, char *out)
{
	fact_number(s->nlinks, out);
}

uint64_t
status_links(const struct session *s)
{
	if (s->pool != NULL)
		return pool_links(s);
	if (s->waits != NULL)
		return listen_peers(s);
	return relay_count(s) +
	    (s->link != NULL && s->link->told == LINK_UP);
}

static void
fact_connected(struct session *s, char *out)
{
	fact_number(status_links(s), out);
}

static void
fact_bytes_in(struct session *s, char *out)
{
	fact_number(flow_sent(s), out);
}

static void
fact_bytes_out(struct session *s, char *out)
{
	fact_number(s->flow.to_client.bytes, out);
}

static void
fact_queued(struct session *s, char *out)
{
	fact_number(s->pool != NULL ? pool_queued(s) : flow_queued(s), out);
}

static void
fact_exchanges(struct session *s, char *out)
{
	fact_number(s->pool != NULL ? s->pool->nexchanges : 0, out);
}

/* A line for each way to end: "complete 12". */
static void
fact_outcomes(struct session *s, char *out)
{
	char line[48];
	int i;

	for (i = LAST_NONE + 1; s->pool != NULL && i < LAST_NLASTS; i++) {
		snprintf(line, sizeof(line), "%s%s %" PRIu64,
		    *out != '\0' ? "\n" : "",
		    exchange_last_name((enum exchange_last)i),
		    s->pool->nended[i]);
		strlcat(out, line, STATUS_FACT);
	}
}

static void
fact_last(struct session *s, char *out)
{
	const struct dialogue *own = s->pool != NULL ? s->pool->own : NULL;

	strlcpy(out, exchange_last_name(own != NULL ? own->last :
	    LAST_NONE), STATUS_FACT);
}

static void
fact_retried(struct session *s, char *out)
{
	fact_number(s->pool != NULL ? s->pool->nresent : 0, out);
}

static void
fact_greeting(struct session *s, char *out)
{
	if (s->pool != NULL)
		strlcpy(out, s->pool->greeting, STATUS_FACT);
}

uint64_t
status_channels(const struct session *s)
{
	return private_count(s);
}

static void
fact_channels(struct session *s, char *out)
{
	fact_number(status_channels(s), out);
}

static void
fact_accepted(struct session *s, char *out)
{
	fact_number(door_accepted(s), out);
}

static void
fact_refused(struct session *s, char *out)
{
	fact_number(door_refused(s), out);
}

static void
fact_unserved(struct session *s, char *out)
{
	fact_number(relay_unserved(s), out);
}

static void
fact_reconnects(struct session *s, char *out)
{
	fact_number(s->nreconnects, out);
}

static void
fact_failures(struct session *s, char *out)
{
	fact_number(s->nfailures, out);
}

static void
fact_uncertain(struct session *s, char *out)
{
	fact_number(s->uncertain, out);
}

static void
fact_discarded(struct session *s, char *out)
{
	fact_number(s->discarded, out);
}

static void
fact_lost(struct session *s, char *out)
{
	const struct link *l = s->pool != NULL ? pool_link(s) : NULL;

	if (session_is_datagram(s))
		fact_number(s->lost + (l != NULL ? link_lost(l) : 0), out);
}

static void
fact_recorded(struct session *s, char *out)
{
	fact_number(record_done(s->record), out);
}

static void
fact_unrecorded(struct session *s, char *out)
{
	fact_number(record_missed(s->record), out);
}

static void
fact_record_error(struct session *s, char *out)
{
	strlcpy(out, record_trouble(s->record), STATUS_FACT);
}

static void
fact_keeper(struct session *s, char *out)
{
	(void)s;
	fact_number((uint64_t)keeper_pid(), out);
}

static void
fact_engine(struct session *s, char *out)
{
	(void)s;
	fact_number((uint64_t)getpid(), out);
}

static void
fact_anchor(struct session *s, char *out)
{
	(void)s;
	if (anchor_pid() > 0)
		fact_number((uint64_t)anchor_pid(), out);
}

static void
fact_sandbox(struct session *s, char *out)
{
	(void)s;
	strlcpy(out, sandbox_name(), STATUS_FACT);
}

static void
fact_listening(struct session *s, char *out)
{
	listen_text(s, out, STATUS_FACT);
	status_link(s, LINK_LISTENING, out, STATUS_FACT);
	door_listening(s, out, STATUS_FACT);
}

static void
fact_peers(struct session *s, char *out)
{
	fact_number(listen_peers(s), out);
}

static void
fact_error(struct session *s, char *out)
{
	strlcpy(out, s->why.text, STATUS_FACT);
}

static void
fact_error_status(struct session *s, char *out)
{
	fact_number((uint64_t)s->why.fault, out);
}

static void
fact_error_since(struct session *s, char *out)
{
	if (s->why.fault != FAULT_NONE)
		status_time(&s->why_since, out, STATUS_FACT);
}

static const char *
status_word(int i)
{
	return i < SESSION_CLOSED ?
	    session_state_name((enum session_state)i) : NULL;
}

const struct status_row status_rows[] = {
	{ "name", fact_name, "The session's name." },
	{ "endpoint", fact_endpoint, "What it connects to, as given." },
	{ "state", fact_state, "One of the states below.",
	    .metric = { METRIC_STATESET, "state", .word = status_word } },
	{ "since", fact_since, "When it entered this state, in UTC." },
	{ "local", fact_local, "Our address of the connection." },
	{ "peer", fact_peer, "The peer's address; with via, the first "
	    "proxy's." },
	{ "tls", fact_tls, "TLS version and cipher; empty without TLS." },
	{ "verified", fact_verified, "Was the peer's certificate verified?" },
	{ "certificate-until", fact_certificate_until, "The last day on which "
	    "the peer's certificate is valid." },
	{ "alpn-chosen", fact_alpn, "The protocol the peer chose by ALPN." },
	{ "resumed", fact_resumed, "Was an earlier TLS session resumed?" },
	{ "up-in", fact_up_in, "How long it took to make the newest "
	    "connection, in milliseconds." },
	{ "exit", fact_exit, "How the newest program of exec: or pty: ended: "
	    "its exit status, or the signal that killed it." },
	{ "links", fact_links, "Connections made so far.",
	    .metric = { METRIC_COUNTER, "connections" } },
	{ "connected", fact_connected, "Connections that are up now.",
	    .metric = { METRIC_GAUGE, "links" } },
	{ "exchanges", fact_exchanges, "Exchanges ended so far, of all "
	    "channels." },
	{ "outcomes", fact_outcomes, "Exchanges that have ended so: complete, "
	    "truncated, error, uncertain and cancelled, a line each.", true,
	    { METRIC_COUNTER, "exchanges", .label = "outcome" } },
	{ "last", fact_last, "How the newest exchange of in and out ended: "
	    "none, complete, truncated, error, uncertain, cancelled." },
	{ "retried", fact_retried, "Requests sent once more on another "
	    "connection.", .metric = { METRIC_COUNTER, "retried" } },
	{ "channels", fact_channels, "Further channels: of ch/, sock and "
	    "fifoctl.", .metric = { METRIC_GAUGE, "channels" } },
	{ "greeting", fact_greeting, "What the peer said first, where its "
	    "framing has it speak first." },
	{ "accepted", fact_accepted, "Clients that came in by listen.",
	    .metric = { METRIC_COUNTER, "accepted" } },
	{ "refused", fact_refused, "Clients that allow and deny turned away.",
	    .metric = { METRIC_COUNTER, "refused" } },
	{ "unserved", fact_unserved, "Clients that were closed because the "
	    "peer could not be reached, with connections=each in a stream.",
	    .metric = { METRIC_COUNTER, "unserved" } },
	{ "bytes-in", fact_bytes_in, "Bytes passed from in to the peer.",
	    .metric = { METRIC_COUNTER, "in_bytes", "bytes" } },
	{ "bytes-out", fact_bytes_out, "Bytes passed from the peer to out.",
	    .metric = { METRIC_COUNTER, "out_bytes", "bytes" } },
	{ "queued", fact_queued, "Bytes waiting in in, out and between.",
	    .metric = { METRIC_GAUGE, "queued_bytes", "bytes" } },
	{ "reconnects", fact_reconnects, "Connections made again.",
	    .metric = { METRIC_COUNTER, "reconnects" } },
	{ "failures", fact_failures, "Connections that could not be made, and "
	    "those that broke.", .metric = { METRIC_COUNTER, "failures" } },
	{ "uncertain", fact_uncertain, "Bytes sent on connections that broke "
	    "before the peer acknowledged them; in an exchange framing, "
	    "requests that may have been carried out without a reply.",
	    .metric = { METRIC_COUNTER, "uncertain" } },
	{ "discarded", fact_discarded, "Bytes taken and not passed on.",
	    .metric = { METRIC_COUNTER, "discarded_bytes", "bytes" } },
	{ "lost", fact_lost, "Datagrams that came and that the kernel dropped, "
	    "because they were not read in time.",
	    .metric = { METRIC_COUNTER, "lost_datagrams" } },
	{ "recorded", fact_recorded, "Bytes written to the record.",
	    .metric = { METRIC_COUNTER, "recorded_bytes", "bytes" } },
	{ "unrecorded", fact_unrecorded, "Bytes that passed and could not be "
	    "written to it.",
	    .metric = { METRIC_COUNTER, "unrecorded_bytes", "bytes" } },
	{ "record-error", fact_record_error, "Why nothing is recorded at this "
	    "moment; empty: all is well, or nothing is to be." },
	{ "listening", fact_listening, "The addresses at which peers can "
	    "connect, a line each.", true },
	{ "peers", fact_peers, "Peers that are connected now.",
	    .metric = { METRIC_GAUGE, "peers" } },
	{ "keeper", fact_keeper, "Process id of the keeper." },
	{ "engine", fact_engine, "Process id of the engine." },
	{ "anchor", fact_anchor, "Process id of the anchor; empty: there is "
	    "none, and nothing outlives the engine." },
	{ "sandbox", fact_sandbox, "How the engine is confined: "
	    "seccomp+landlock, seccomp, landlock or none; see "
	    "fifod-security(7)." },
	{ "error", fact_error, "The newest failure, in words." },
	{ "error-status", fact_error_status, "Its number, as fifoctl's exit "
	    "status.", .metric = { METRIC_GAUGE, "error_status" } },
	{ "error-since", fact_error_since, "When that was." },
};
const size_t status_nrows = sizeof(status_rows) / sizeof(status_rows[0]);
