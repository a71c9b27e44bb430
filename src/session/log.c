/*
 * The log of a session: a line for each incident, in its file and in the
 * broker's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seldom.h"
#include "base/words.h"
#include "channel/directory.h"
#include "session/names.h"
#include "session/status.h"

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
	ssize_t n = write(fd, line, size), more = 0;
	int error = errno;

	/* What keeps the rest from being written says so only then. */
	if (n > 0 && n < (ssize_t)size) {
		more = write(fd, line + n, size - (size_t)n);
		error = more == -1 ? errno : ENOSPC;
		n += more > 0 ? more : 0;
	}
	if (n == (ssize_t)size)
		return;
	if (n > 0 && ftruncate(fd, lseek(fd, 0, SEEK_END) - n) == -1)
		log_debug("%s: half a line is left in the log", s->name);
	errno = error;
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
