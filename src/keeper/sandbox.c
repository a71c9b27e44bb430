#include "keeper/sandbox_internal.h"

static const char *sandbox_in_force = "none";

const char *
sandbox_name(void)
{
	return sandbox_in_force;
}

void
sandbox_is(bool seccomp, bool landlock)
{
	sandbox_in_force = seccomp && landlock ? "seccomp+landlock" :
	    seccomp ? "seccomp" : landlock ? "landlock" : "none";
}
