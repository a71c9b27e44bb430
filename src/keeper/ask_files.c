/*
 * What is asked about files, directories and terminals.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/ask.h"
#include "keeper/terminal.h"

int
keeper_open(const char *path, bool append, const char *what, struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_open(path, append, what, why);
	m = ask_begin(REQUEST_OPEN);
	message_put_text(m, path);
	message_put_number(m, append);
	message_put_text(m, what);
	return ask_fd(why);
}

/* Whoever may not open a file may still see what it is: nobody is asked. */
int
keeper_stat(const char *path, struct stat *st, const char *what,
    struct why *why)
{
	if (stat(path, st) == -1)
		return why_fail(why, FAULT_REFUSED, "%s: %s: %s", what, path,
		    strerror(errno));
	if (!S_ISREG(st->st_mode))
		return why_fail(why, FAULT_REFUSED, "%s: %s: not a regular "
		    "file", what, path);
	return 0;
}

int
keeper_rotate(const char *path, int keep, const char *what, struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_rotate(path, keep, what, why);
	m = ask_begin(REQUEST_ROTATE);
	message_put_text(m, path);
	message_put_number(m, (uint64_t)keep);
	message_put_text(m, what);
	return ask_done(why);
}

int
keeper_directory(const char *path)
{
	if (!ask_may())
		return direct_directory(path);
	message_put_text(ask_begin(REQUEST_DIRECTORY), path);
	return ask_fd(NULL);
}

int
keeper_mkdir(int dir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why)
{
	struct message *m;

	/* In the run directory it needs no rights but to give it away. */
	if (!ask_may() || gid == (gid_t)-1)
		return direct_mkdir(dir_fd, name, mode, gid, why);
	m = ask_begin(REQUEST_MKDIR);
	message_lend(m, dir_fd);
	message_put_text(m, name);
	message_put_number(m, mode);
	message_put_number(m, gid);
	return ask_fd(why);
}

int
keeper_group(const char *name, gid_t *gid, struct why *why)
{
	struct message *m;

	if (!ask_may() || name == NULL)
		return direct_group(name, gid, why);
	*gid = (gid_t)-1;
	message_put_text(ask_begin(REQUEST_GROUP), name);
	m = ask_answer(why);
	if (m == NULL)
		return -1;
	*gid = (gid_t)message_number(m);
	return 0;
}

int
keeper_user(const char *name, uid_t *uid)
{
	struct message *m;

	if (!ask_may())
		return direct_user(name, uid);
	message_put_text(ask_begin(REQUEST_USER), name);
	m = ask_answer(NULL);
	if (m == NULL)
		return -1;
	*uid = (uid_t)message_number(m);
	return 0;
}

uint16_t
keeper_service(const char *name, const char *protocol)
{
	struct message *m;

	if (!ask_may())
		return direct_service(name, protocol);
	m = ask_begin(REQUEST_SERVICE);
	message_put_text(m, name);
	message_put_text(m, protocol);
	m = ask_answer(NULL);
	return m == NULL ? 0 : (uint16_t)message_number(m);
}

void
keeper_rundir_share(int rundir_fd, bool shared)
{
	if (!ask_may()) {
		fchmod(rundir_fd, shared ? 0711 : 0700);
		return;
	}
	message_put_number(ask_begin(REQUEST_SHARE), shared);
	ask_done(NULL);
}

int
keeper_symlink(const char *target, const char *path, const char *rundir,
    struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_symlink(target, path, rundir, why);
	m = ask_begin(REQUEST_SYMLINK);
	message_put_text(m, target);
	message_put_text(m, path);
	message_put_text(m, rundir);
	return ask_done(why);
}

int
keeper_symlink_remove(const char *target, const char *path)
{
	struct message *m;

	if (!ask_may())
		return direct_symlink_remove(target, path);
	m = ask_begin(REQUEST_SYMLINK_REMOVE);
	message_put_text(m, target);
	message_put_text(m, path);
	return ask_done(NULL);
}

/* --- terminals --- */

int
keeper_terminal_pair(int *ours, int *theirs, struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_terminal_pair(ours, theirs, why);
	ask_begin(REQUEST_TERMINAL_PAIR);
	m = ask_answer(why);
	if (m == NULL)
		return -1;
	*ours = message_fd(m);
	*theirs = message_fd(m);
	return 0;
}

int
keeper_terminal_open(const char *path, struct why *why)
{
	if (!ask_may())
		return direct_terminal_open(path, why);
	message_put_text(ask_begin(REQUEST_TERMINAL_OPEN), path);
	return ask_fd(why);
}
