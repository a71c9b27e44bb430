/*
 * The engine's own file is taken as it is, but for a few of its lines, and
 * replaced as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "keeper/failed.h"
#include "keeper/held.h"

#define FAILED_MAX 65536        /* of a status file */

/* The lines that say something else now, and what. */
struct failed_line {
	const char *key, *value;
};

static const char *
failed_value(const struct failed_line *lines, const char *line)
{
	size_t n = strcspn(line, "=");

	for (; lines->key != NULL; lines++)
		if (strlen(lines->key) == n &&
		    strncmp(lines->key, line, n) == 0)
			return lines->value;
	return NULL;
}

/* 0, or -1: not all of it is there. */
static int
failed_copy(FILE *in, FILE *out, const struct failed_line *lines)
{
	size_t size = 0, written = 0;
	char *line = NULL;
	const char *value;
	ssize_t n;

	while (written < FAILED_MAX && (n = getline(&line, &size, in)) > 0) {
		value = failed_value(lines, line);
		if (value == NULL)
			fputs(line, out);
		else
			fprintf(out, "%.*s=%s\n", (int)strcspn(line, "="),
			    line, value);
		written += (size_t)n;
	}
	free(line);
	return ferror(in) || ferror(out) || fflush(out) == EOF ? -1 : 0;
}

/* Until then it is what it was, and if that cannot be it stays so. */
static int
failed_write(int in_fd, int out_fd, const char *error)
{
	char now[40];
	const struct failed_line lines[] = { { "state", "failed" },
		{ "since", now }, { "connected", "0" }, { "error", error },
		{ "error-since", now }, { "error-status", "1" }, { 0 } };
	FILE *in = fdopen(in_fd, "r"), *out = fdopen(out_fd, "w");
	struct timespec when;
	size_t n;
	int rv = -1;

	clock_gettime(CLOCK_REALTIME, &when);
	n = strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S",
	    gmtime(&when.tv_sec));
	snprintf(now + n, sizeof(now) - n, ".%03dZ",
	    (int)(when.tv_nsec / 1000000));
	if (in != NULL && out != NULL)
		rv = failed_copy(in, out, lines);
	if (in != NULL)
		fclose(in);
	else
		close(in_fd);
	if (out != NULL)
		fclose(out);
	else
		close(out_fd);
	return rv;
}

static int
failed_replace(int dir_fd, const char *error)
{
	int in = openat(dir_fd, "status", O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC), out = -1, failure;
	struct stat st;

	if (in == -1)
		return -1;
	/* The engine's directory: what stands there may be anything. */
	unlinkat(dir_fd, FAILED_FRESH, 0);
	if (fstat(in, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= FAILED_MAX)
		out = openat(dir_fd, FAILED_FRESH, O_WRONLY | O_CREAT |
		    O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out == -1) {
		close(in);
		return -1;
	}
	(void)!fchown(out, (uid_t)-1, st.st_gid);
	fchmod(out, st.st_mode & 0777);
	if (failed_write(in, out, error) == 0 &&
	    renameat(dir_fd, FAILED_FRESH, dir_fd, "status") == 0)
		return 0;
	failure = errno;
	unlinkat(dir_fd, FAILED_FRESH, 0);
	errno = failure;
	return -1;
}

static void
failed_session(int rundir_fd, const char *name, const char *error)
{
	int fd = openat(rundir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return;
	if (failed_replace(fd, error) == -1)
		log_debug("%s: its status cannot be written: %s", name,
		    strerror(errno));
	close(fd);
}

void
failed_tell(int rundir_fd, const char *error)
{
	struct keeper_held what = { 0 };

	while (held_next(what.key, &what))
		if (what.key[0] != '.')
			failed_session(rundir_fd, what.key, error);
}
