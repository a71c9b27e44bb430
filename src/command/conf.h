/*
 * The configuration file: a file of `open` commands, one a line, and `default
 * K=V` for the lines after it.  Nothing of it is applied while any line is
 * wrong.
 */
#ifndef COMMAND_CONF_H
#define COMMAND_CONF_H

#include "base/why.h"

/* One complaint, without the line's end; to the log where this is NULL. */
typedef void conf_say(const char *line, void *arg);

/*
 * The file to use: `given`, else the user's own where it exists (for root
 * SYSCONFDIR/fifod.conf, else $XDG_CONFIG_HOME/fifod/fifod.conf or
 * ~/.config/fifod/fifod.conf), else NULL.  Absolute; the caller frees.
 */
char *conf_path(const char *given);

/*
 * Read it, say all that is wrong, as `FILE:LINE: sentence`, make nothing.
 * 0, or -1.
 */
int conf_check(const char *path, conf_say *say, void *arg);
/*
 * Read it and open its sessions in the broker; `path` (absolute) is what
 * conf_reload() reads.  0, or -1 where the file is wrong: nothing was opened.
 * A session that cannot be opened is said, and the others are.
 */
int conf_load(const char *path, conf_say *say, void *arg);
/*
 * Read it again and apply the difference to the sessions that came from it.
 * Those opened by hand stay; a name taken by hand is said.  0, or -1: there
 * is no file, or it is wrong, and nothing has changed.
 */
int conf_reload(conf_say *say, void *arg);
/* conf_load() without the sessions, which are there: of a former engine. */
void conf_inherit(const char *path);
/* Forget the file, at exit. */
void conf_free(void);

#endif
