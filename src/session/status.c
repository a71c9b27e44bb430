#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/seldom.h"
#include "base/words.h"
#include "channel/directory.h"
#include "keeper/keeper.h"
#include "keeper/sandbox.h"
#include "session/exchange.h"
#include "session/listen.h"
#include "session/names.h"
#include "session/private.h"
#include "session/relay.h"
#include "session/status.h"

#define STATUS_OPTION "option."
#define VALUE_SIZE 8192         /* the longest value of an option, a path */

char *
status_time(const struct timespec *when, char *out, size_t size)
{
	char seconds[32];
	struct tm tm;

	gmtime_r(&when->tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "%s.%03dZ", seconds,
	    (int)(when->tv_nsec / 1000000 % 1000));
	return out;
}

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
	{ "sandbox", fact_sandbox, "How the engine is confined: "
	    "seccomp+landlock, seccomp, landlock or none; see "
	    "fifod-security(7)." },
	{ "error", fact_error, "The newest failure, in words." },
	{ "error-status", fact_error_status, "Its number, as fifoctl's exit "
	    "status.", .metric = { METRIC_GAUGE, "error_status" } },
	{ "error-since", fact_error_since, "When that was." },
};
const size_t status_nrows = sizeof(status_rows) / sizeof(status_rows[0]);

static void
status_options(struct session *s,
    void (*emit)(const char *key, const char *value, void *arg), void *arg)
{
	const struct option_group *g;
	char key[64] = STATUS_OPTION, value[VALUE_SIZE];
	const size_t n = strlen(key);
	size_t i;

	for (g = option_groups; g->title != NULL; g++) {
		for (i = 0; i < g->nrows; i++) {
			strlcpy(key + n, g->rows[i].name, sizeof(key) - n);
			emit(key, option_text(g, &g->rows[i], &s->options,
			    value, sizeof(value)), arg);
		}
	}
}

/* The first of several, and what is left of them. */
static char *
status_rest(const struct status_row *row, char *value)
{
	char *end = row->lines ? strchr(value, '\n') : NULL;

	if (end == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

void
session_facts(struct session *s,
    void (*emit)(const char *key, const char *value, void *arg), void *arg)
{
	char values[STATUS_FACT], *value, *rest;
	size_t i;

	for (i = 0; i < status_nrows; i++) {
		values[0] = '\0';
		status_rows[i].fact(s, values);
		for (value = values; value != NULL; value = rest) {
			rest = status_rest(&status_rows[i], value);
			emit(status_rows[i].key, value, arg);
		}
	}
	status_options(s, emit, arg);
}

static void
status_line(const char *key, const char *value, void *arg)
{
	struct buf *text = arg;
	char safe[4 * VALUE_SIZE];

	words_vis(value, safe, sizeof(safe));
	buf_append(text, key, strlen(key));
	buf_append(text, "=", 1);
	buf_append(text, safe, strlen(safe));
	buf_append(text, "\n", 1);
}

/* 0, or -1 and errno: the former one, or none, stands. */
static int
status_write(struct session *s, int dir_fd, directory_writer *write_file)
{
	struct directory_access access = names_access(s);
	struct buf text;
	int written, error;

	buf_init(&text, 0);
	session_facts(s, status_line, &text);
	written = write_file(dir_fd, "status",
	    (const char *)buf_peek(&text), buf_length(&text), &access);
	error = errno;
	buf_clear(&text);
	errno = error;
	return written;
}

int
status_begin(struct session *s, int dir_fd)
{
	return status_write(s, dir_fd, s->left == NULL ? directory_begin :
	    directory_write);
}

/* The file is what it was: that is told once, and tried again. */
static void
status_unwritten(struct session *s)
{
	if (!s->status_failed)
		log_warn("%s: status cannot be written: %s", s->name,
		    strerror(errno));
	s->status_failed = s->status_stale = true;
	names_again(s);
}

void
status_flush(struct session *s)
{
	int dir_fd;

	if (!s->status_stale)
		return;
	s->status_stale = false;
	dir_fd = directory_open(s->place->rundir_fd, s->name);
	if (dir_fd == -1)
		return;
	if (status_write(s, dir_fd, directory_write) == -1) {
		status_unwritten(s);
	} else if (s->status_failed) {
		s->status_failed = false;
		log_info("%s: status is written again", s->name);
	}
	close(dir_fd);
}

static void
status_settle(void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_CLOSED) {
		s->owner.ended(s, s->owner.arg);
		return;
	}
	/* An address in numbers has been resolved by the end of this turn. */
	if (s->state == SESSION_RESOLVING && !s->status_waits) {
		s->status_waits = true;
		deferred_queue(&s->settle, status_settle, s);
		return;
	}
	s->status_waits = false;
	status_flush(s);
	s->owner.changed(s, s->owner.arg);
}

void
status_changed(struct session *s)
{
	s->status_stale = true;
	deferred_queue(&s->settle, status_settle, s);
}

/* Lines are lost, see errno: once a second, for syslog has its own disk. */
static void
log_trouble(const struct session *s)
{
	static struct seldom told;
	char more[48] = "";
	uint64_t untold;
	int error = errno;

	if (!seldom_may(&told, &untold))
		return;
	if (untold > 0)
		snprintf(more, sizeof(more), " (and %ju lines before it)",
		    (uintmax_t)untold);
	log_warn("%s: log cannot be written%s: %s", s->name, more,
	    strerror(error));
}

static int
log_open(struct session *s)
{
	struct directory_access access = names_access(s);
	int dir_fd, fd = directory_append_at(s->place->rundir_fd, s->name,
	    "log", s->options.session.log);

	if (fd != -1)
		return fd;
	dir_fd = directory_open(s->place->rundir_fd, s->name);
	if (dir_fd == -1) {
		if (errno != ENOENT)
			log_trouble(s);
		return -1;
	}
	fd = directory_append(dir_fd, "log", s->options.session.log, &access);
	if (fd == -1)
		log_trouble(s);
	close(dir_fd);
	return fd;
}

/* Half a line is taken back: the next one would be glued to it. */
static void
log_write(const struct session *s, int fd, const char *line, size_t size)
{
	ssize_t n = write(fd, line, size);

	if (n == (ssize_t)size)
		return;
	if (n > 0) {
		if (ftruncate(fd, lseek(fd, 0, SEEK_END) - n) == -1)
			log_debug("%s: half a line is left in the log",
			    s->name);
		errno = ENOSPC;
	}
	log_trouble(s);
}

#define LOG_TEXT 512
#define LOG_LINE 1100

/* Its length. */
static size_t
log_line(const char *text, char line[LOG_LINE])
{
	char safe[2 * LOG_TEXT], now[40];
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (size_t)snprintf(line, LOG_LINE, "%s %s\n",
	    status_time(&ts, now, sizeof(now)),
	    words_vis(text, safe, sizeof(safe)));
}

void
session_log_begin(struct session *s, int dir_fd)
{
	struct directory_access access = names_access(s);
	char text[LOG_TEXT], line[LOG_LINE];
	size_t n;

	snprintf(text, sizeof(text), "opened: %s", s->url.text);
	log_debug("%s: %s", s->name, text);
	n = log_line(text, line);
	if (directory_begin(dir_fd, "log", line, n, &access) == -1)
		log_trouble(s);
}

void
session_log(struct session *s, bool loud, const char *fmt, ...)
{
	char text[LOG_TEXT], line[LOG_LINE];
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->place->parent != NULL) {
		session_log(s->place->parent, loud, "peers/%s: %s", s->name,
		    text);
		return;
	}
	/* What is loud is trouble, but for the end. */
	if (!loud)
		log_debug("%s: %s", s->name, text);
	else if (s->state == SESSION_CLOSED)
		log_info("%s: %s", s->name, text);
	else
		log_warn("%s: %s", s->name, text);
	fd = log_open(s);
	if (fd == -1)
		return;
	log_write(s, fd, line, log_line(text, line));
	close(fd);
}
