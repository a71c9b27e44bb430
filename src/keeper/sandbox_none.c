/*
 * No confinement: systems for which there is none here, and builds without.
 */
#include "keeper/sandbox.h"

int
sandbox_enter(const struct sandbox *what, struct why *why)
{
	(void)what;
	(void)why;
	return 0;
}

void
sandbox_anchor(void)
{
}

void
sandbox_keep_rights(void)
{
}

void
sandbox_keeper(void)
{
}

void
sandbox_die_with(pid_t keeper)
{
	(void)keeper;
}

void
sandbox_raise(void)
{
}

void
sandbox_lower(void)
{
}

void
sandbox_look_up(void)
{
}
