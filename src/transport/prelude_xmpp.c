/*
 * XMPP's STARTTLS (RFC 6120 5): a stream is opened, the server says what it
 * can do, and proceeds.  Its XML is looked at a tag at a time.
 */
#include <string.h>

#include "transport/prelude.h"

enum { XMPP_HEAD, XMPP_FEATURES, XMPP_OFFERED, XMPP_PROCEED, XMPP_END,
	XMPP_ERROR };

static enum prelude_next
xmpp_begin(struct prelude *p)
{
	if (strpbrk(p->host, "<>&'\"") != NULL)
		return prelude_fail(p, "the host's name is none of XMPP");
	prelude_say_text(p, "<?xml version='1.0'?><stream:stream"
	    " xmlns='jabber:client'"
	    " xmlns:stream='http://etherx.jabber.org/streams' to='");
	prelude_say_text(p, p->host);
	prelude_say_text(p, "' version='1.0'>");
	p->until = '>';
	p->step = XMPP_HEAD;
	return PRELUDE_MORE;
}

static enum prelude_next
xmpp_ask(struct prelude *p, bool offered)
{
	if (!offered)
		return prelude_fail(p, "the server does not offer STARTTLS");
	prelude_say_text(p,
	    "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	p->step = XMPP_PROCEED;
	return PRELUDE_MORE;
}

/* What a tag is in this step; others are passed over. */
static const struct xmpp_row {
	const char *tag;
	unsigned step, next;
} xmpp_rows[] = {
	{ "<?xml", XMPP_HEAD, XMPP_HEAD },
	{ "<stream:stream", XMPP_HEAD, XMPP_FEATURES },
	{ "<starttls", XMPP_FEATURES, XMPP_OFFERED },
};

static enum prelude_next
xmpp_move(struct prelude *p, const char *tag)
{
	const struct xmpp_row *row;
	size_t i;

	for (i = 0; i < sizeof(xmpp_rows) / sizeof(xmpp_rows[0]); i++) {
		row = &xmpp_rows[i];
		if (row->step == p->step &&
		    strncmp(tag, row->tag, strlen(row->tag)) == 0) {
			p->step = row->next;
			return PRELUDE_MORE;
		}
	}
	/* A server that speaks no XMPP begins with something else. */
	return p->step == XMPP_HEAD ? prelude_said(p, tag, strlen(tag)) :
	    PRELUDE_MORE;
}

/* "<proceed .../>", or "<proceed ...></proceed>". */
static enum prelude_next
xmpp_proceed(struct prelude *p, const char *tag)
{
	static const char first[] = "<proceed", last[] = "</proceed>";

	if (p->step == XMPP_END)
		return strcmp(tag, last) == 0 ? PRELUDE_DONE :
		    prelude_said(p, tag, strlen(tag));
	if (strncmp(tag, first, strlen(first)) != 0)
		return prelude_said(p, tag, strlen(tag));
	if (strcmp(tag + strlen(tag) - 2, "/>") == 0)
		return PRELUDE_DONE;
	p->step = XMPP_END;
	return PRELUDE_MORE;
}

static enum prelude_next
xmpp_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	const char *tag = memchr(unit, '<', n);

	if (tag == NULL || memchr(unit, '\0', n) != NULL ||
	    strcmp(tag, "</stream:stream>") == 0)
		return prelude_said(p, unit, n);
	/* Which one says the tag in it. */
	if (p->step == XMPP_ERROR)
		return prelude_said(p, tag, strlen(tag));
	if (strncmp(tag, "<stream:error", 13) == 0) {
		p->step = XMPP_ERROR;
		return PRELUDE_MORE;
	}
	if (p->step >= XMPP_PROCEED)
		return xmpp_proceed(p, tag);
	if (p->step != XMPP_HEAD && (strcmp(tag, "</stream:features>") == 0 ||
	    strcmp(tag, "<stream:features/>") == 0))
		return xmpp_ask(p, p->step == XMPP_OFFERED);
	return xmpp_move(p, tag);
}

const struct prelude_kind prelude_xmpp = {
	.name = "xmpp",
	.text = "starttls (RFC 6120), in a stream to verify-name or else to "
		"the endpoint's host.",
	.flags = PRELUDE_TLS,
	.begin = xmpp_begin,
	.answer = xmpp_answer,
};
