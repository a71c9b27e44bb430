/*
 * The sandbox on Linux: the mechanisms one after the other, each of them for
 * itself, the list of system calls last because the others need some that are
 * not on it.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "keeper/sandbox_internal.h"

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

	sandbox_engine_rights();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return sandbox_lacks("", strerror(errno), why);
	if (sandbox_landlock(what) == -1)
		landlock = strerror(errno);
	if (sandbox_seccomp() == -1)
		seccomp = strerror(errno);
	sandbox_is(seccomp == NULL, landlock == NULL);
	return sandbox_lacks(landlock, seccomp, why);
}

/* It has no log; what it does not need it does not try. */
void
sandbox_anchor(void)
{
	sandbox_engine_rights();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)sandbox_seccomp_anchor();
}
