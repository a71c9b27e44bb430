/*
 * The history's file: $FIFOD_HISTORY, else ~/.fifod_history.  Each line is
 * appended when it is typed, so that none is lost by the way a talk ends, and
 * two talks at once keep the lines of both.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "command/talk_internal.h"

#define PAST_LINES 1000

static char *
past_path(void)
{
	const char *path = getenv("FIFOD_HISTORY"), *home = getenv("HOME");

	if (path != NULL)
		return *path != '\0' ? xstrdup(path) : NULL;
	if (home == NULL || *home == '\0')
		return NULL;
	return xasprintf("%s/.fifod_history", home);
}

/*
 * NULL where it is no file that may be written: libedit sets the mode of what
 * it writes to, which must not be /dev/null's.
 */
static FILE *
past_file(const struct past *p, int flags)
{
	FILE *file = NULL;
	struct stat st;
	int fd;

	fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK |
	    flags, 0600);
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		file = fdopen(fd, flags & O_APPEND ? "a" : "w");
	if (file == NULL) {
		close(fd);
		return NULL;
	}
	/* An empty one is given its heading by H_SAVE_FP. */
	fseek(file, 0, SEEK_END);
	return file;
}

/* Is there something at the path that is not a history? */
static bool
past_foreign(const struct past *p, int loaded)
{
	struct stat st;

	if (stat(p->path, &st) == -1)
		return false;
	return !S_ISREG(st.st_mode) || (loaded == -1 && st.st_size > 0);
}

/* Lines are appended for ever: now and then, only the last ones are kept. */
static void
past_trim(struct past *p, int loaded)
{
	HistEvent event;
	FILE *file;

	if (loaded <= 2 * PAST_LINES)
		return;
	file = past_file(p, O_TRUNC);
	if (file == NULL)
		return;
	history(p->history, &event, H_SAVE_FP, file);
	fclose(file);
}

static History *
past_new(int size)
{
	History *h = history_init();
	HistEvent event;

	if (h == NULL)
		return NULL;
	history(h, &event, H_SETSIZE, size);
	history(h, &event, H_SETUNIQUE, 1);
	return h;
}

void
past_open(struct past *p)
{
	int loaded = -1;
	HistEvent event;
	struct stat st;

	p->history = past_new(PAST_LINES);
	p->newest = past_new(1);
	if (p->history == NULL || p->newest == NULL)
		return;
	p->path = past_path();
	if (p->path == NULL)
		return;
	if (stat(p->path, &st) == 0 && S_ISREG(st.st_mode))
		loaded = history(p->history, &event, H_LOAD, p->path);
	if (past_foreign(p, loaded)) {
		free(p->path);
		p->path = NULL;
		return;
	}
	past_trim(p, loaded);
}

void
past_add(struct past *p, const char *line)
{
	HistEvent event;
	FILE *file;

	if (p->history == NULL || p->newest == NULL || *line == '\0' ||
	    *line == ' ' || history(p->history, &event, H_ENTER, line) != 1 ||
	    p->path == NULL)
		return;
	file = past_file(p, O_APPEND);
	if (file == NULL)
		return;
	history(p->newest, &event, H_ENTER, line);
	history(p->newest, &event, H_SAVE_FP, file);
	fclose(file);
}

void
past_close(struct past *p)
{
	if (p->history != NULL)
		history_end(p->history);
	if (p->newest != NULL)
		history_end(p->newest);
	free(p->path);
	memset(p, 0, sizeof(*p));
}
