/*
 * What sandbox_linux.c asks of the mechanisms.
 */
#ifndef KEEPER_SANDBOX_INTERNAL_H
#define KEEPER_SANDBOX_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "keeper/sandbox.h"

/* Each: 0, or -1 + errno: ENOSYS and the like where the kernel lacks it. */
int sandbox_landlock(const struct sandbox *what);
/* Read, and no more: no file is written or made, no program run. */
int sandbox_landlock_writes(void);
int sandbox_seccomp(void);
int sandbox_seccomp_anchor(void);

/* The engine's capabilities, and no core of it. */
void sandbox_engine_rights(void);
/* What sandbox_name() says from now on. */
void sandbox_is(bool seccomp, bool landlock);

/*
 * What a build with sanitizers or for coverage needs beyond that
 * (sandbox_instrumented.c), and any other does not (sandbox_strict.c).
 */
struct sandbox_build {
	const int *calls;       /* system calls; -1 ends */
	const char *const *readable, *const *writable;  /* paths; NULL ends */
	bool cores;             /* may leave a core file */
};
extern const struct sandbox_build sandbox_build;

#endif
