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
int sandbox_seccomp(void);

/*
 * Of the capabilities that are there those alone stay, in force, whose bit is
 * set; with `inherit' what programs inherit is left as it is.
 */
void sandbox_rights(uint64_t keep, bool inherit);

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
