/*
 * The configuration file, read: what it asks for, or all that is wrong.
 */
#ifndef COMMAND_CONF_FILE_H
#define COMMAND_CONF_FILE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include "command/conf.h"
#include "command/limit.h"
#include "command/plan.h"

/* One `open` of the file. */
struct conf_open {
	TAILQ_ENTRY(conf_open) entry;
	RB_ENTRY(conf_open) name;
	struct plan plan;
	int line;
	bool owed;              /* when the session of this name has ended */
};
/* In the file's order, and by their names. */
struct conf_opens {
	TAILQ_HEAD(, conf_open) list;
	RB_HEAD(conf_names, conf_open) names;
};

struct conf_file {
	const char *path;
	conf_say *say;
	void *arg;
	bool refused;           /* what it asks for could not all be done */
	struct conf_opens opens;
	struct limits limits;

	char *user;             /* `user=', or NULL; the caller frees */

	/* While it is read. */
	bool user_alone;        /* that line is looked for, and no other */
	int line;               /* where the words at hand begin */
	bool wrong;
	struct options defaults;        /* for the lines to come */
};

/*
 * Read f->path into f->opens (initialised here).  0, or -1 where it cannot be
 * read or any line is wrong: all that is wrong has been said, opens is empty
 * and user NULL.
 */
int conf_file_read(struct conf_file *f);

/* Say a sentence about a line of it; 0: about the file. */
void conf_file_say(const struct conf_file *f, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

struct conf_open *conf_opens_find(struct conf_opens *opens, const char *name);
void conf_opens_remove(struct conf_opens *opens, struct conf_open *o);
void conf_opens_clear(struct conf_opens *opens);

#endif
