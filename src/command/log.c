/*
 * log: a session's log, or of the last one of that name.  Read from the run
 * directory, so that it can be asked for when the broker is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "command/client.h"
#include "session/session.h"

#define LOG_LOOK_MS 200         /* how often -f looks for more */

enum { LOG_FOLLOW = 'f' };

/* The files that may be there, the older one first. */
struct log {
	int rundir_fd;
	char *rotated, *current, *ended, *status;
	int fd;                 /* what was read up to here; -1: nothing */
	bool found;             /* any of them */
};

static int
log_file(const struct log *l, const char *path)
{
	return openat(l->rundir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK);
}

/* Are both the same file?  -1 is none. */
static bool
log_same(int a, int b)
{
	struct stat x, y;

	return a != -1 && b != -1 && fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* What is there, from where it was read up to. */
static void
log_copy(int fd)
{
	char data[16384];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		fwrite(data, 1, (size_t)n, stdout);
	fflush(stdout);
}

/* Print a whole file, unless it was read already or is `next` to be. */
static void
log_print(struct log *l, const char *path, int next)
{
	int fd = log_file(l, path);

	if (fd == -1)
		return;
	l->found = true;
	if (!log_same(fd, l->fd) && !log_same(fd, next))
		log_copy(fd);
	close(fd);
}

/* A log that somebody has deleted is there again with the next line. */
static bool
log_stands(const struct log *l)
{
	return faccessat(l->rundir_fd, l->status, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * Print what is new.  Since the last look the file may have been cut over,
 * more than once even, or be another session's of that name: what is left of
 * the one at hand comes first, then the one between, if there is any.  False:
 * the session has ended.
 */
static bool
log_advance(struct log *l)
{
	int next = log_file(l, l->current);

	if (l->fd != -1)
		log_copy(l->fd);
	if (log_same(l->fd, next)) {
		close(next);
		return true;
	}
	if (next == -1 && log_stands(l)) {
		l->found = true;
		return true;
	}
	log_print(l, next != -1 ? l->rotated : l->ended, next);
	if (next == -1)
		return false;
	if (l->fd != -1)
		close(l->fd);
	l->fd = next;
	l->found = true;
	log_copy(l->fd);
	return true;
}

static int
log_show(struct log *l, const char *name, bool follow)
{
	bool stands = log_advance(l);
	struct why why = { 0 };

	if (!l->found) {
		why_fail(&why, FAULT_NO_SESSION, errno == ENOENT ?
		    "no such session, nor was there one" : "%s",
		    strerror(errno));
		return client_fail(name, &why);
	}
	while (follow && stands && !ferror(stdout)) {
		if (!client_wait(-1, LOG_LOOK_MS))
			return FAULT_REFUSED;
		stands = log_advance(l);
	}
	return FAULT_NONE;
}

static int
log_local(struct client *client, const struct command_args *args)
{
	const char *name = args->operands[0];
	struct log l = { .fd = -1 };
	struct why why = { 0 };
	char *rundir;
	int status;

	if (session_name_check(name, &why) == -1)
		return client_fail(name, &why);
	l.rundir_fd = client_rundir(client, &rundir, &why);
	if (l.rundir_fd == -1)
		return client_fail(NULL, &why);
	l.rotated = xasprintf("%s/log.0", name);
	l.current = xasprintf("%s/log", name);
	l.ended = xasprintf(".log-%s", name);
	l.status = xasprintf("%s/status", name);
	status = log_show(&l, name, command_value(args, LOG_FOLLOW) != NULL);
	if (l.fd != -1)
		close(l.fd);
	close(l.rundir_fd);
	free(l.rotated);
	free(l.current);
	free(l.ended);
	free(l.status);
	free(rundir);
	return status;
}

static const struct command_option log_options[] = {
	{ LOG_FOLLOW, "follow", NULL,
	    "Go on with each new line, until the session has ended." },
	{ 0 }
};

const struct command command_log = {
	.name = "log",
	.usage = "NAME",
	.text = "Print the log of a session, or of the last one of that name.",
	.flags = COMMAND_SESSION,
	.min = 1,
	.max = 1,
	.options = log_options,
	.local = log_local,
};
