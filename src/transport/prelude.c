/*
 * What all preludes share: their answers are cut into units, and what they
 * say is gathered.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "transport/prelude.h"

enum prelude_next
prelude_fail(struct prelude *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return PRELUDE_FAILED;
}

enum prelude_next
prelude_said(struct prelude *p, const void *data, size_t n)
{
	const unsigned char *bytes = data;
	char text[100];
	size_t i;

	while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
		n--;
	if (n > sizeof(text) - 1)
		n = sizeof(text) - 1;
	for (i = 0; i < n; i++)
		text[i] = isprint(bytes[i]) ? (char)bytes[i] : '?';
	text[n] = '\0';
	return prelude_fail(p, "%s said: %s",
	    p->kind->flags & PRELUDE_TLS ? "the server" : "it", text);
}

void
prelude_say(struct prelude *p, const void *data, size_t n)
{
	if (n > sizeof(p->say) - p->nsay) {
		prelude_fail(p, "what is to be said is too long");
		return;
	}
	memcpy(p->say + p->nsay, data, n);
	p->nsay += n;
}

void
prelude_say_text(struct prelude *p, const char *text)
{
	prelude_say(p, text, strlen(text));
}

char *
prelude_target(const struct prelude *p, char *out, size_t size)
{
	snprintf(out, size, strchr(p->host, ':') != NULL ? "[%s]:%u" :
	    "%s:%u", p->host, p->port);
	return out;
}

/* A word that did not fit has failed it, whatever else was made of it. */
static enum prelude_next
prelude_next(const struct prelude *p, enum prelude_next next)
{
	return p->why[0] != '\0' ? PRELUDE_FAILED : next;
}

enum prelude_next
prelude_begin(struct prelude *p)
{
	return prelude_next(p, p->kind->begin(p));
}

/* Take up to `n' bytes into the unit; how many, and whether it is whole. */
static size_t
unit_take(struct prelude *p, const uint8_t *data, size_t n, bool *whole)
{
	const uint8_t *end;

	if (p->need > 0) {
		if (n > p->need - p->have)
			n = p->need - p->have;
		*whole = p->have + n == p->need;
	} else {
		end = memchr(data, p->until, n);
		if (end != NULL)
			n = (size_t)(end - data) + 1;
		*whole = end != NULL;
	}
	return n;
}

enum prelude_next
prelude_take(struct prelude *p, const uint8_t *data, size_t n, size_t *used)
{
	bool whole;

	*used = unit_take(p, data, n, &whole);
	if (*used > PRELUDE_UNIT - p->have)
		return prelude_fail(p, "its answer has a line of more than %d "
		    "bytes", PRELUDE_UNIT);
	memcpy(p->in + p->have, data, *used);
	p->have += *used;
	if (!whole)
		return PRELUDE_MORE;
	if (++p->units > PRELUDE_UNITS)
		return prelude_fail(p, "its answer has more than %d lines",
		    PRELUDE_UNITS);
	n = p->have;
	p->have = 0;
	p->in[n] = '\0';
	return prelude_next(p, p->kind->answer(p, p->in, n));
}
