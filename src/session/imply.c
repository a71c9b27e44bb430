/*
 * What an endpoint and a framing imply for the rest.
 */
#include <string.h>

#include "framing/framing.h"
#include "session/session.h"

/* Schemes that are others with a framing of their own. */
const struct imply_row imply_rows[] = {
	{ "http", "http://HOST[:PORT]", "tcp", "80", "http",
	    "HTTP over TCP, port 80 unless another is given: tcp:// with "
	    "framing=http." },
	{ "https", "https://HOST[:PORT]", "tls", "443", "http",
	    "HTTP over TLS, port 443 unless another is given: tls:// with "
	    "framing=http." },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct transport *
session_transport(const char *scheme, struct why *why)
{
	const struct transport *t = transport_find(scheme, why);
	const struct imply_row *row;

	if (t != NULL || why == NULL)
		return t;
	for (row = imply_rows; row->scheme != NULL; row++) {
		strlcat(why->text, ", ", sizeof(why->text));
		strlcat(why->text, row->scheme, sizeof(why->text));
	}
	return NULL;
}

static int
imply_scheme(struct url *url, const struct imply_row *row, struct why *why)
{
	if (url->host == NULL || (url->rest[0] != '\0' &&
	    strcmp(url->rest, "/") != 0))
		return why_fail(why, FAULT_USAGE, "\"%.80s\": write %s; a "
		    "path belongs into each request", url->text, row->usage);
	url_become(url, row->transport, row->port);
	return 0;
}

static int
imply_framing(struct options *o, const char *framing, struct why *why)
{
	if (o->session.framing != NULL)
		return 0;
	return option_set(option_groups, o, "framing", framing, NULL, why);
}

/* Does the framing go with the endpoint? */
static int
imply_datagrams(const struct url *url, const struct framing *framing,
    struct why *why)
{
	const struct transport *t = transport_find(url->scheme, NULL);
	bool datagrams = t != NULL && t->flags & TRANSPORT_DATAGRAM;

	if (datagrams && framing->flags & FRAMING_NO_MESSAGES)
		return why_fail(why, FAULT_USAGE, "framing=stream: %s carries "
		    "datagrams; framing=datagram with delivery=stream passes "
		    "on their bytes as they come", t->usage);
	if (datagrams && framing->flags & FRAMING_GREETS)
		return why_fail(why, FAULT_USAGE, "framing=%s: is not spoken "
		    "by datagrams, which %s carries", framing->name, t->usage);
	if (t != NULL && !datagrams && framing->flags & FRAMING_UNPAIRED)
		return why_fail(why, FAULT_USAGE, "framing=datagram: %s "
		    "carries a stream, which has none", t->usage);
	return 0;
}

/* Do they go together? */
static int
imply_check(const struct session_options *o,
    const struct framing_choice *choice, struct why *why)
{
	unsigned flags = choice->framing->flags;

	if (flags & FRAMING_UNPAIRED && strcmp(o->connections, "1") != 0)
		return why_fail(why, FAULT_USAGE, "connections=%.20s: "
		    "framing=datagram has one", o->connections);
	if (!(flags & FRAMING_NO_MESSAGES)) {
		if (flags & FRAMING_ONE_BY_ONE && o->pipeline > 1)
			return why_fail(why, FAULT_USAGE, "pipeline=%d: "
			    "framing=%s takes one request at a time",
			    o->pipeline, choice->framing->name);
		if (o->on_close == ON_CLOSE_EOF)
			return why_fail(why, FAULT_USAGE, "on-close=eof: with "
			    "framing=%s each reply has its own end of file",
			    choice->framing->name);
		return 0;
	}
	if (o->delivery == DELIVERY_MESSAGE)
		return why_fail(why, FAULT_USAGE, "delivery=message: "
		    "framing=stream has no messages; choose a framing");
	if (strcmp(o->connections, "1") != 0 &&
	    strcmp(o->connections, "each") != 0)
		return why_fail(why, FAULT_USAGE, "connections=%.20s: in a "
		    "stream there is one, or each client has its own (each); "
		    "or choose a framing", o->connections);
	return 0;
}

/* Who is the side that waits, and for whom? */
static int
imply_accept(const struct url *url, const struct session_options *o,
    bool stream, struct why *why)
{
	const struct transport *t = transport_find(url->scheme, NULL);
	bool waits = t != NULL && t->accepts != NULL;

	if (!waits && o->accept != ACCEPT_ONE)
		return why_fail(why, FAULT_USAGE, "accept=: there is nobody to "
		    "be accepted by %s, to which no connections are made",
		    url->scheme);
	if (stream && strcmp(o->connections, "each") == 0 && (waits ||
	    (t != NULL && t->flags & TRANSPORT_DATAGRAM)))
		return why_fail(why, FAULT_USAGE, "connections=each: a client "
		    "can have a connection of its own where we connect, and "
		    "to a stream; %s is neither", url->scheme);
	if (waits && !stream)
		return why_fail(why, FAULT_USAGE, "framing=%.40s: a framing is "
		    "for the side that asks, and here peers connect to us; "
		    "%s takes framing=stream alone", o->framing, url->scheme);
	return 0;
}

static void
imply_auto(struct session_options *o, const struct transport *t,
    unsigned flags)
{
	bool stream = flags & FRAMING_NO_MESSAGES;
	bool ends = t != NULL && (t->flags & TRANSPORT_ENDS ||
	    (t->accepts != NULL && o->accept != ACCEPT_MERGE));
	bool held = stream && strcmp(o->connections, "each") != 0;

	if (o->on_close == ON_CLOSE_AUTO)
		o->on_close = stream && ends ? ON_CLOSE_EOF : ON_CLOSE_HOLD;
	if (o->delivery == DELIVERY_AUTO)
		o->delivery = stream ? DELIVERY_STREAM : DELIVERY_MESSAGE;
	if (o->reconnect == RECONNECT_AUTO)
		o->reconnect = held || flags & FRAMING_UNPAIRED ?
		    RECONNECT_ALWAYS : RECONNECT_ON_DEMAND;
}

int
session_imply(struct url *url, struct options *options, struct why *why)
{
	struct session_options *o = &options->session;
	struct framing_choice choice = { 0 };
	const struct transport *t = transport_find(url->scheme, NULL);
	const char *framing = t != NULL && t->flags & TRANSPORT_DATAGRAM ?
	    "datagram" : "stream";
	const struct imply_row *row;
	bool stream;
	int fine;

	for (row = imply_rows; row->scheme != NULL; row++) {
		if (strcmp(url->scheme, row->scheme) != 0)
			continue;
		framing = row->framing;
		if (imply_scheme(url, row, why) == -1)
			return -1;
		break;
	}
	if (imply_framing(options, framing, why) == -1 ||
	    framing_choose(&choice, o->framing, why) == -1)
		return -1;
	stream = choice.framing->flags & FRAMING_NO_MESSAGES;
	fine = imply_datagrams(url, choice.framing, why);
	if (fine == 0)
		fine = imply_check(o, &choice, why);
	if (fine == 0)
		fine = imply_accept(url, o, stream, why);
	if (fine == 0)
		imply_auto(o, transport_find(url->scheme, NULL),
		    choice.framing->flags);
	framing_forget(&choice);
	return fine;
}
