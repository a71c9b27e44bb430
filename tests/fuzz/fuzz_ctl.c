/*
 * What may be written into the FIFO ctl: the first byte says in which pieces.
 * The same is done whatever they are, nothing is kept beyond a line, and each
 * line has an effect or a line in the log.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "fuzz.h"
#include "session/ctl.h"
#include "session/session.h"

#define LINE_AND_READ (4096 + 2048)

/* What was done to the session, a line each. */
static struct buf *done;

static void
note(const char *what)
{
	must(buf_append(done, what, strlen(what)) == 0);
	must(buf_append(done, "\n", 1) == 0);
}

/* The session's side, that ctl.c asks. */

void
session_log(struct session *s, bool loud, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	must(s != NULL && loud);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	note(line);
}

void
session_reconnect(struct session *s)
{
	(void)s;
	note("reconnect");
}

int
session_eof(struct session *s, struct why *why)
{
	(void)s;
	note("eof");
	return why_fail(why, FAULT_REFUSED, "no");
}

void
session_discard(struct session *s)
{
	(void)s;
	note("discard");
}

void
session_close(struct session *s, bool now)
{
	(void)s;
	must(!now);
	note("close");
}

int
session_set(struct session *s, const char *key, const char *value,
    const char *cwd, struct why *why)
{
	(void)s;
	must(cwd == NULL && key[0] != '\0' && strchr(key, '=') == NULL);
	note(key);
	note(value);
	return value[0] == '!' ? why_fail(why, FAULT_USAGE, "no") : 0;
}

/* All of it, so many bytes at once at the most. */
static void
play(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	static struct session s;
	size_t at, n;
	int fds[2];

	done = out;
	must(pipe(fds) == 0);
	s.ctl_fifo.fd = fds[0];
	ctl_init(&s);
	for (at = 0; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		must(write(fds[1], data + at, n) == (ssize_t)n);
		s.ctl_readable.cb(s.ctl_readable.arg);
		must(buf_length(&s.ctl) <= LINE_AND_READ);
	}
	ctl_clear(&s);
	must(s.ctl.data == NULL);
	s.ctl_skip = false;
	close(fds[0]);
	close(fds[1]);
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return buf_length(a) == buf_length(b) && (buf_length(a) == 0 ||
	    memcmp(buf_peek(a), buf_peek(b), buf_length(a)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct buf whole = { 0 }, pieces = { 0 };

	if (size < 1 || size > 20000)
		return 0;
	if (!begun)
		loop_init();
	begun = true;
	play(data + 1, size - 1, 2048, &whole);
	play(data + 1, size - 1, 1 + data[0], &pieces);
	must(same(&whole, &pieces));
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
