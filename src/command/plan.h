/*
 * A plan: what a session is to be like.  `open` on a command line and in a
 * configuration file say one; the broker keeps its options beside the session,
 * spelled out, so that the same `open` again is told from a different one.
 */
#ifndef COMMAND_PLAN_H
#define COMMAND_PLAN_H

#include <stdbool.h>

#include "base/option.h"
#include "base/url.h"
#include "base/why.h"
#include "command/command.h"
#include "keeper/spawn.h"
#include "session/session.h"

/* Codes of the options of `open` that a plan is made of. */
enum { PLAN_DIRECTORY = 'd', PLAN_OPTION = 'o' };

struct plan {
	char *name;
	struct url url;
	struct options options;
	char *alias;            /* -d, absolute; NULL: none */
	struct keeper_home *home;       /* where its programs run: no part of
					   what is compared; NULL: the broker's */
};

/*
 * Make a zeroed plan of `open`'s words: options start from `defaults` (NULL:
 * the table's), paths from cwd (NULL: relative ones are refused).  0, or -1 +
 * FAULT_USAGE or FAULT_REFUSED, the plan empty.
 */
int plan_parse(struct plan *p, const struct command_args *args,
    const struct options *defaults, const char *cwd, struct why *why);
/* Will it run programs, so that it wants to know where? */
bool plan_runs(const struct plan *p);
/* What else can be known without making anything: files, keys. */
int plan_check(const struct plan *p, struct why *why);
void plan_clear(struct plan *p);

/*
 * Options in few bytes: KEY=VALUE of each that is another than in `than` (NULL:
 * the table's), and an empty word, each of which ends with a NUL; in fresh
 * memory.  Those of the first kind are read again into zeroed options.
 */
char *plan_spell(const struct options *options, const struct options *than);
void plan_read(struct options *options, const char *words);

/* One difference; old and new are spelled as a user would. */
struct plan_difference {
	const char *key;        /* an option; "endpoint", "directory" */
	const char *old, *new;
	bool live;              /* session_set() can make it good */
};
typedef void plan_difference_cb(const struct plan_difference *d, void *arg);

/*
 * Call cb for each difference; how many there are.  A link that one of the
 * plans does not name is no difference: it can be made at any time, and who
 * does not ask for one may open from elsewhere.
 */
int plan_compare(const struct plan *old, const struct plan *new,
    plan_difference_cb *cb, void *arg);

/*
 * Make session s, which `plan` says, what `new` says, but for the link.  1 done,
 * or nothing to do; 0 that needs a new session, nothing was changed; -1 + why,
 * some changes may have been made.
 */
int plan_adapt(const struct plan *plan, const struct plan *new,
    struct session *s, struct why *why);

#endif
