#include <string.h>
#include <unistd.h>

#include "session/ctl.h"

/* The longest line; a longer one is refused whole. */
#define CTL_LINE 4096
#define CTL_READ 2048

static int
ctl_reconnect(struct session *s, const char *rest, struct why *why)
{
	(void)rest;
	(void)why;
	session_reconnect(s);
	return 0;
}

static int
ctl_eof(struct session *s, const char *rest, struct why *why)
{
	(void)rest;
	return session_eof(s, why);
}

static int
ctl_discard(struct session *s, const char *rest, struct why *why)
{
	(void)rest;
	(void)why;
	session_discard(s);
	return 0;
}

static int
ctl_close(struct session *s, const char *rest, struct why *why)
{
	(void)rest;
	(void)why;
	session_close(s, false);
	return 0;
}

/* Paths are absolute here: whoever wrote the line has told no directory. */
static int
ctl_set(struct session *s, const char *rest, struct why *why)
{
	char key[64];
	size_t length = strcspn(rest, "=");

	if (rest[length] == '\0' || length == 0 || length >= sizeof(key))
		return why_fail(why, FAULT_USAGE, "write set KEY=VALUE");
	memcpy(key, rest, length);
	key[length] = '\0';
	return session_set(s, key, rest + length + 1, NULL, why);
}

const struct ctl_row ctl_rows[] = {
	{ "reconnect", "reconnect", "Drop the connection and make a new one.",
	    false, ctl_reconnect },
	{ "eof", "eof", "Half-close: once what waits in in is sent, tell the "
	    "peer that no more will come.", false, ctl_eof },
	{ "discard", "discard", "Drop what waits in in and out.",
	    false, ctl_discard },
	{ "close", "close", "End the session, as fifoctl close does.",
	    false, ctl_close },
	{ "set", "set KEY=VALUE", "Change an option.", true,
	    ctl_set },
	{ NULL, NULL, NULL, false, NULL },
};

static void
ctl_line(struct session *s, char *line)
{
	const struct ctl_row *row;
	struct why why;
	char *rest;

	line += strspn(line, " \t");
	rest = line + strcspn(line, " \t");
	if (*rest != '\0')
		*rest++ = '\0';
	rest += strspn(rest, " \t");
	if (*line == '\0')
		return;
	for (row = ctl_rows; row->name != NULL; row++) {
		if (strcmp(row->name, line) != 0)
			continue;
		if (*rest != '\0' && !row->takes)
			session_log(s, true, "ctl: %s: takes nothing more, "
			    "but \"%.60s\" was given", line, rest);
		else if (row->run(s, rest, &why) == -1)
			session_log(s, true, "ctl: %s: %s", line, why.text);
		return;
	}
	session_log(s, true, "ctl: \"%.60s\" is not a command; there are "
	    "reconnect, eof, discard, close and set KEY=VALUE", line);
}

/* A line as it came: what cannot be one is refused whole. */
static void
ctl_text(struct session *s, char *line, size_t length)
{
	if (length > 0 && line[length - 1] == '\r')
		line[--length] = '\0';
	if (strlen(line) == length && strchr(line, '\r') == NULL)
		ctl_line(s, line);
	else
		session_log(s, true, "ctl: a line with a NUL or CR byte in it "
		    "was refused");
}

static void
ctl_refuse_long(struct session *s)
{
	session_log(s, true, "ctl: a line of more than %d bytes was refused",
	    CTL_LINE);
}

/* The whole lines that are there; a command may have closed the session. */
static void
ctl_lines(struct session *s)
{
	const uint8_t *data, *end;
	char line[CTL_LINE + 1];
	size_t length;

	while ((data = buf_peek(&s->ctl)) != NULL &&
	    (end = memchr(data, '\n', buf_length(&s->ctl))) != NULL) {
		length = (size_t)(end - data);
		if (length <= CTL_LINE) {
			memcpy(line, data, length);
			line[length] = '\0';
		}
		buf_drain(&s->ctl, length + 1);
		if (s->ctl_skip)
			s->ctl_skip = false;
		else if (length > CTL_LINE)
			ctl_refuse_long(s);
		else
			ctl_text(s, line, length);
	}
}

/* An unfinished line that is too long already is dropped as it comes. */
static void
ctl_bound(struct session *s)
{
	if (!s->ctl_skip && buf_length(&s->ctl) <= CTL_LINE)
		return;
	if (!s->ctl_skip)
		ctl_refuse_long(s);
	s->ctl_skip = true;
	buf_clear(&s->ctl);
}

static void
ctl_ready(void *arg)
{
	struct session *s = arg;
	char data[CTL_READ];
	ssize_t n = read(s->ctl_fifo.fd, data, sizeof(data));

	if (n <= 0)
		return;
	buf_append(&s->ctl, data, (size_t)n);
	ctl_lines(s);
	ctl_bound(s);
}

void
ctl_init(struct session *s)
{
	buf_init(&s->ctl, CTL_LINE + CTL_READ);
	watch_init(&s->ctl_readable, s->ctl_fifo.fd, LOOP_READ, ctl_ready,
	    s);
	watch_want(&s->ctl_readable, true);
}

void
ctl_clear(struct session *s)
{
	watch_clear(&s->ctl_readable);
	buf_clear(&s->ctl);
}
