/*
 * All options of a session in one table: the session's own rows, and those
 * of the modules below.
 */
#include "session/session.h"

#define SESSION_ROW(field) .offset = offsetof(struct session_options, field)

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
	    .choices = "on-demand|always|never",
	    .value = "always",
	    .live = true,
	    .text = "After the connection has ended: connect again at once "
		    "(always), when a byte waits in in (on-demand), or not "
		    "(never: the session is failed then)." },
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
	    .type = OPTION_CHOICE,
	    SESSION_ROW(framing),
	    .choices = "stream",
	    .value = "stream",
	    .text = "How the bytes are cut into messages: not at all." },
	{ .name = "delivery",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(delivery),
	    .choices = "stream",
	    .value = "stream",
	    .text = "How bytes reach readers of out: as they come, without an "
		    "end of file between." },
	{ .name = "crlf",
	    .type = OPTION_BOOL,
	    SESSION_ROW(crlf),
	    .value = "no",
	    .live = true,
	    .text = "Send CR LF for each LF that is written without a CR." },
	{ .name = "on-close",
	    .type = OPTION_CHOICE,
	    SESSION_ROW(on_close),
	    .choices = "hold|eof",
	    .value = "hold",
	    .live = true,
	    .text = "When the connection ends, readers of out go on waiting "
		    "(hold) or meet an end of file after its last byte (eof)."
	},
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
	GROUP("messages", message_option_rows, session),
	GROUP("files", channel_option_rows, channel),
	GROUP("log", file_option_rows, session),
	{ .title = NULL },
};
