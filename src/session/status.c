/*
 * How a session's facts are told: one by one to whoever asks, and as the file
 * `status', which is replaced at the end of a turn.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/words.h"
#include "channel/directory.h"
#include "session/names.h"
#include "session/state.h"
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
	return status_write(s, dir_fd, directory_begin);
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
	/*
	 * An address in numbers has been resolved by the end of this turn, and
	 * a link that a former engine had is up.
	 */
	if (state_is_dialling(s->state) && !s->status_waits) {
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
