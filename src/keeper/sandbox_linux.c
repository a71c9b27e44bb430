/*
 * The sandbox on Linux: the mechanisms one after the other, each of them for
 * itself, the list of system calls last because the others need some that are
 * not on it.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keeper/sandbox_internal.h"

#define RIGHT(cap) ((uint64_t)1 << (cap))

/*
 * Root's engine: sessions that are shared with others, whose directories and
 * groups they are, and pipes as large and as many as root may have (pipe(7)).
 */
#define ENGINE_RIGHTS (RIGHT(CAP_CHOWN) | RIGHT(CAP_DAC_OVERRIDE) | \
	RIGHT(CAP_FOWNER) | RIGHT(CAP_SYS_RESOURCE))

/*
 * The keeper: ports below 1024, device=, the namespaces of netns= (setns(2)),
 * and the system's files for its programs there (unshare(2)).
 */
#define KEEPER_RIGHTS (RIGHT(CAP_NET_BIND_SERVICE) | RIGHT(CAP_NET_RAW) | \
	RIGHT(CAP_SYS_ADMIN) | RIGHT(CAP_SYS_CHROOT))
/* Root's: its files, its children, and who holds a port that is in use. */
#define KEEPER_ROOT_RIGHTS (KEEPER_RIGHTS | ENGINE_RIGHTS | \
	RIGHT(CAP_DAC_READ_SEARCH) | RIGHT(CAP_KILL) | \
	RIGHT(CAP_SYS_PTRACE))

static struct {
	bool landlock, seccomp;
} in_force;

const char *
sandbox_name(void)
{
	if (in_force.landlock && in_force.seccomp)
		return "seccomp+landlock";
	return in_force.seccomp ? "seccomp" :
	    in_force.landlock ? "landlock" : "none";
}

/*
 * Keys are in our memory: no core of it.  A limit of 1 is no core file, and
 * unlike 0 none through a pipe either (core(5), fs/coredump.c).
 */
static void
sandbox_no_core(void)
{
	struct rlimit limit;

	if (sandbox_build.cores || getrlimit(RLIMIT_CORE, &limit) == -1)
		return;
	limit.rlim_max = limit.rlim_max < 1 ? limit.rlim_max : 1;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
}

/* In a sentence, what each mechanism said; NULL: it is in force. */
static int
sandbox_lacks(const char *landlock, const char *seccomp, struct why *why)
{
	if (landlock != NULL && seccomp != NULL)
		return why_fail(why, FAULT_REFUSED, "the engine is not "
		    "confined: seccomp: %s; landlock: %s", seccomp, landlock);
	if (landlock == NULL && seccomp == NULL)
		return 0;
	return why_fail(why, FAULT_REFUSED, "the engine is confined by %s "
	    "alone: %s: %s", sandbox_name(),
	    landlock != NULL ? "landlock" : "seccomp",
	    landlock != NULL ? landlock : seccomp);
}

int
sandbox_enter(const struct sandbox *what, struct why *why)
{
	const char *landlock = NULL, *seccomp = NULL;

	sandbox_no_core();
	sandbox_rights(geteuid() == 0 ? ENGINE_RIGHTS : 0, false);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return sandbox_lacks("", strerror(errno), why);
	in_force.landlock = sandbox_landlock(what) == 0;
	if (!in_force.landlock)
		landlock = strerror(errno);
	in_force.seccomp = sandbox_seccomp() == 0;
	if (!in_force.seccomp)
		seccomp = strerror(errno);
	return sandbox_lacks(landlock, seccomp, why);
}

void
sandbox_keep_rights(void)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

void
sandbox_keeper(void)
{
	sandbox_rights(geteuid() == 0 ? KEEPER_ROOT_RIGHTS : KEEPER_RIGHTS,
	    true);
}

void
sandbox_look_up(void)
{
	sandbox_no_core();
	sandbox_rights(0, false);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
