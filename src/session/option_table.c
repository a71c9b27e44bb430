/*
 * All options of a session in one table: the session's own rows, and those
 * of the modules below.
 */
#include <stdlib.h>
#include <string.h>

#include "framing/framing.h"
#include "session/session.h"

/* More would be a load test, not a session. */
#define SESSION_CONNECTIONS_MAX 1000

#define SESSION_ROW(field) .offset = offsetof(struct session_options, field)

static int
connections_check(const char *value, struct why *why)
{
	const char *flaw = NULL;

	if (strcmp(value, "each") == 0)
		return 0;
	strtonum(value, 1, SESSION_CONNECTIONS_MAX, &flaw);
	if (flaw == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is neither a number "
	    "from 1 to %d nor each", value, SESSION_CONNECTIONS_MAX);
}

static const struct option_row session_option_rows[] = {
	{ .name = "connect",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(connect),
	    .choices = "now|on-demand",
	    .value = "now",
	    .text = "Connect when the session is opened, or only when the "
		    "first byte waits in in." },
	{ .name = "reconnect",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(reconnect),
	    .choices = "on-demand|always|never|auto",
	    .value = "auto",
	    .live = true,
	    .text = "After the connection has ended: connect again at once "
		    "(always), when a byte waits in in (on-demand), or not "
		    "(never: the session is failed then); auto is always in a "
		    "stream and with framing=datagram, else on-demand." },
	{ .name = "backoff",
	    .type = OPTION_RANGE,
	    SESSION_ROW(backoff),
	    .min = 10,
	    .max = 3600000,
	    .value = "0.1..30",
	    .live = true,
	    .text = "The first and the longest delay between attempts; it "
		    "doubles after each, and a random part of up to a half is "
		    "taken off." },
};

static const struct option_row message_option_rows[] = {
	{ .name = "framing",
	    .type = OPTION_STRING,
	    SESSION_ROW(framing),
	    .value = "",
	    .check = framing_check,
	    .text = "How the bytes are cut into messages, see "
		    "fifod-framing(7); empty is http for http:// and "
		    "https://, datagram where the endpoint has datagrams, "
		    "else stream: not at all." },
	{ .name = "delivery",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(delivery),
	    .choices = "message|stream|auto",
	    .value = "auto",
	    .text = "How replies reach readers of out: one reply, then an end "
		    "of file (message), or as they come, without an end of "
		    "file between (stream); auto is stream with "
		    "framing=stream, else message." },
	{ .name = "connections",
	    .type = OPTION_STRING,
	    SESSION_ROW(connections),
	    .value = "1",
	    .check = connections_check,
	    .never_empty = true,
	    .text = "The most connections that exchanges share, 1 to 1000, or "
		    "each: one of its own for each channel, in a stream for "
		    "each client of sock and listen." },
	{ .name = "pipeline",
	    .type = OPTION_INT,
	    SESSION_ROW(pipeline),
	    .min = 1,
	    .max = 1000,
	    .value = "1",
	    .text = "The most requests that wait for their replies on one "
		    "connection; http takes only one." },
	{ .name = "timeout",
	    .type = OPTION_TIME,
	    SESSION_ROW(timeout),
	    .min = 10,
	    .max = 86400000,
	    .value = "60",
	    .live = true,
	    .text = "An exchange fails when so long passes before the first "
		    "byte of its reply, or between two." },
	{ .name = "timeout-request",
	    .type = OPTION_TIME,
	    SESSION_ROW(timeout_request),
	    .min = 10,
	    .max = 86400000,
	    .value = "10",
	    .live = true,
	    .text = "An unfinished request is given up so long after its last "
		    "byte." },
	{ .name = "timeout-read",
	    .type = OPTION_TIME,
	    SESSION_ROW(timeout_read),
	    .min = 10,
	    .max = 86400000,
	    .value = "60",
	    .live = true,
	    .text = "A reply that nobody reads for so long is dropped, where "
		    "others wait for its connection." },
	{ .name = "max-message",
	    .type = OPTION_SIZE,
	    SESSION_ROW(max_message),
	    .min = 64,
	    .max = 1024 * 1024 * 1024,
	    .value = "1M",
	    .live = true,
	    .text = "The longest request of a framing that does not say in "
		    "advance how long it will be." },
	{ .name = "retry",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(retry),
	    .choices = "never|safe|idempotent",
	    .value = "idempotent",
	    .live = true,
	    .text = "Which requests are sent once more when a connection that "
		    "has served others ends before any byte of the reply: "
		    "none, GET and the like, or also PUT and DELETE." },
	{ .name = "leftover",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(leftover),
	    .choices = "discard|keep",
	    .value = "discard",
	    .live = true,
	    .text = "What becomes of a reply that a reader began and left, "
		    "when the next request begins." },
	{ .name = "max-requests",
	    .type = OPTION_INT,
	    SESSION_ROW(max_requests),
	    .min = 0,
	    .max = 1000000000,
	    .value = "0",
	    .live = true,
	    .text = "Close a connection after so many exchanges; 0: never." },
	{ .name = "max-age",
	    .type = OPTION_TIME,
	    SESSION_ROW(max_age),
	    .min = 0,
	    .max = 86400000,
	    .value = "0",
	    .live = true,
	    .text = "Use no connection again that is older; 0: any. In "
		    "exchange framings." },
	{ .name = "idle",
	    .type = OPTION_TIME,
	    SESSION_ROW(idle),
	    .min = 0,
	    .max = 86400000,
	    .value = "0",
	    .live = true,
	    .text = "Close a connection that has carried no exchange for so "
		    "long; 0: never." },
	{ .name = "slow",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(slow),
	    .choices = "block|drop",
	    .value = "block",
	    .live = true,
	    .text = "A private channel of a stream that does not read in "
		    "time, or any channel of datagrams: the peer waits for "
		    "it, or it misses bytes." },
	{ .name = "bare",
	    .type = OPTION_BOOL,
	    SESSION_ROW(bare),
	    .value = "no",
	    .live = true,
	    .text = "With framing=datagram:FRAMING: what ends a message, or "
		    "says its length, is not sent." },
	{ .name = "crlf",
	    .type = OPTION_BOOL,
	    SESSION_ROW(crlf),
	    .value = "no",
	    .live = true,
	    .text = "Send CR LF for each LF that is written without a CR." },
	{ .name = "on-close",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(on_close),
	    .choices = "hold|eof|auto",
	    .value = "auto",
	    .live = true,
	    .text = "When the connection ends, readers of out go on waiting "
		    "(hold) or meet an end of file after its last byte (eof); "
		    "auto is eof with exec: and pty:, and where peers "
		    "connect to us, unless accept=merge; else hold." },
};

static const struct option_row front_option_rows[] = {
	{ .name = "accept",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(accept),
	    .choices = "one|each|merge",
	    .value = "one",
	    .text = "Of the peers that connect to a -listen endpoint, one at a "
		    "time is served and the next ones wait; or each has a "
		    "directory peers/N; or the lines of all are merged in "
		    "out, and in goes to all." },
	{ .name = "max-peers",
	    .type = OPTION_INT,
	    SESSION_ROW(max_peers),
	    .min = 1,
	    .max = 100000,
	    .value = "256",
	    .live = true,
	    .text = "With accept=each or merge: so many peers at a time, "
		    "others wait to be accepted." },
};

static const struct option_row private_option_rows[] = {
	{ .name = "max-channels",
	    .type = OPTION_INT,
	    SESSION_ROW(max_channels),
	    .min = 0,
	    .max = 1000000,
	    .value = "1000",
	    .live = true,
	    .text = "The most private channels, clients of sock and requests "
		    "of fifoctl at a time: further ones are refused, clients "
		    "of sock wait.  Clients of listen have max-clients." },
};

static const struct option_row file_option_rows[] = {
	{ .name = "log",
	    .type = OPTION_SIZE,
	    SESSION_ROW(log),
	    .min = 4096,
	    .max = 1024 * 1024 * 1024,
	    .value = "64K",
	    .live = true,
	    .text = "Beyond this size log is renamed to log.0 and begun anew."
	},
};

#define GROUP(name, table, member)                                             \
	{                                                                      \
		.title = name, .rows = table,                                  \
		.nrows = sizeof(table) / sizeof((table)[0]),                   \
		.offset = offsetof(struct options, member)                     \
	}

const struct option_group option_groups[] = {
	GROUP("session", session_option_rows, session),
	GROUP("link", link_option_rows, link),
	GROUP("tls", tls_option_rows, tls),
	GROUP("programs", child_option_rows, child),
	GROUP("serial lines", line_option_rows, child),
	GROUP("messages", message_option_rows, session),
	GROUP("peers that connect", front_option_rows, session),
	GROUP("files", channel_option_rows, channel),
	GROUP("channels", private_option_rows, session),
	GROUP("log", file_option_rows, session),
	GROUP("record", record_option_rows, record),
	GROUP("front doors", door_option_rows, door),
	{ .title = NULL },
};
