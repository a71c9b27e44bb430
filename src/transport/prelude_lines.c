/*
 * Preludes in lines of text: a list of what is said and of how the answer
 * must begin.  What else a server says has a shape of its own in each
 * protocol, and is skipped.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "transport/prelude.h"

/* In what is said: our own address, as RFC 5321 4.1.3 has it. */
#define LINES_SELF '%'

static void
lines_self(struct prelude *p)
{
	char host[INET6_ADDRSTRLEN], text[sizeof(host) + 8];

	if (prelude_address(&p->ends->from, host) == NULL)
		snprintf(text, sizeof(text), "localhost");
	else
		snprintf(text, sizeof(text), "[%s%s]",
		    strchr(host, ':') != NULL ? "IPv6:" : "", host);
	prelude_say_text(p, text);
}

static enum prelude_next
lines_say(struct prelude *p)
{
	const char *say = p->kind->lines[p->step].say, *self;

	if (say == NULL)
		return PRELUDE_MORE;
	self = strchr(say, LINES_SELF);
	if (self != NULL) {
		prelude_say(p, say, (size_t)(self - say));
		lines_self(p);
		say = self + 1;
	}
	prelude_say_text(p, say);
	return PRELUDE_MORE;
}

enum prelude_next
prelude_lines_begin(struct prelude *p)
{
	p->until = '\n';
	return lines_say(p);
}

/* Does it begin with that word, or with one of several (between bars)? */
static bool
lines_begins(const char *line, const char *words)
{
	size_t n;

	for (;; words += n + 1) {
		n = strcspn(words, "|");
		if (strncasecmp(line, words, n) == 0 &&
		    !isalnum((unsigned char)line[n]))
			return true;
		if (words[n] == '\0')
			return false;
	}
}

enum prelude_next
prelude_lines_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	char line[PRELUDE_UNIT + 1];
	const char *verdict;

	if (memchr(unit, '\0', n) != NULL)
		return prelude_said(p, unit, n);
	while (n > 0 && (unit[n - 1] == '\n' || unit[n - 1] == '\r'))
		n--;
	memcpy(line, unit, n);
	line[n] = '\0';
	verdict = p->kind->verdict(p, line);
	if (verdict == NULL)
		return PRELUDE_MORE;
	if (!lines_begins(verdict, p->kind->lines[p->step].expect))
		return prelude_said(p, line, n);
	p->step++;
	p->code = 0;
	if (p->kind->lines[p->step].expect == NULL)
		return PRELUDE_DONE;
	return lines_say(p);
}

/*
 * Three digits, and a `-' where lines follow up to the same digits without
 * it: SMTP (RFC 5321 4.2.1), FTP (RFC 959 4.2), NNTP (RFC 3977 3.2).
 */
const char *
prelude_lines_code(struct prelude *p, const char *line)
{
	unsigned code = 0;

	if (isdigit((unsigned char)line[0]) &&
	    isdigit((unsigned char)line[1]) && isdigit((unsigned char)line[2]))
		code = (unsigned)((line[0] - '0') * 100 +
		    (line[1] - '0') * 10 + line[2] - '0');
	if (p->code != 0)
		return code == p->code && line[3] != '-' ? line : NULL;
	if (code == 0 || line[3] != '-')
		return line;
	p->code = code;
	return NULL;
}

/* Every line is an answer: POP3 (RFC 1939 3). */
const char *
prelude_lines_plain(struct prelude *p, const char *line)
{
	(void)p;
	return line;
}

/* IMAP (RFC 3501 7): a greeting, then lines with our tag, others between. */
const char *
prelude_lines_tagged(struct prelude *p, const char *line)
{
	if (p->step > 0 && strncmp(line, "* ", 2) == 0 &&
	    !lines_begins(line, "* BYE"))
		return NULL;
	return line;
}

/* ManageSieve (RFC 5804 1.2): what a server can do, then OK, NO or BYE. */
const char *
prelude_lines_sieve(struct prelude *p, const char *line)
{
	(void)p;
	return lines_begins(line, "OK|NO|BYE") ? line : NULL;
}

/*
 * IRC (RFC 2812 2.3.1) says much to a newcomer; the numbers are those of
 * IRCv3's STARTTLS, and of a server that knows none.
 */
const char *
prelude_lines_irc(struct prelude *p, const char *line)
{
	(void)p;
	if (line[0] == ':')
		line += strcspn(line, " ");
	line += strspn(line, " ");
	return lines_begins(line, "670|691|421|451|ERROR") ? line : NULL;
}
