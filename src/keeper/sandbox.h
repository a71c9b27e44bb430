/*
 * The sandbox: what is given up, for good, by the two processes of a broker.
 * One file a mechanism (sandbox_seccomp.c, sandbox_landlock.c,
 * sandbox_rights.c), and sandbox_none.c where there is none.
 */
#ifndef KEEPER_SANDBOX_H
#define KEEPER_SANDBOX_H

#include <sys/types.h>

#include "base/why.h"

struct sandbox {
	int rundir_fd;          /* beneath it, files may be made and removed */
	const char *const *readable;    /* these, too, may be read; NULL ends */
};

/*
 * For the engine, before the first byte of anybody's and while it has one
 * thread.  From here on it runs no program, reaches no file but those, and
 * makes only the system calls that its work needs.  What this system lacks is
 * done without: 0, or -1 and a sentence that says what is missing; the rest is
 * in force.  A build without a sandbox does nothing.
 */
int sandbox_enter(const struct sandbox *what, struct why *why);

/* For the anchor (anchor.h): no more than passing descriptors on. */
void sandbox_anchor(void);
/*
 * For the keeper: only the capabilities that it uses stay, of those there are.
 * Programs that it starts are not bound by it: root's have what root has.
 */
void sandbox_keeper(void);
/* Before setuid(2): they are not to be lost by it. */
void sandbox_keep_rights(void);
/*
 * For an engine beside which another would be started when its keeper has died:
 * it dies with it.
 */
void sandbox_die_with(pid_t keeper);
/*
 * The capabilities of a keeper that is not root's are in force only between
 * these two: what it opens for the engine is opened without.  errno stays.
 */
void sandbox_raise(void);
void sandbox_lower(void);
/*
 * For the child that looks up a name, which parses what servers send: no
 * capability, nothing written, no program.
 */
void sandbox_look_up(void);

/* What is in force, "seccomp+landlock", "seccomp", "landlock" or "none". */
const char *sandbox_name(void);

#endif
