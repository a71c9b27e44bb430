/*
 * A build for tests: the leak checker looks at its own threads as a debugger
 * does and the sanitizers read the program and the maps of its memory; what
 * was covered is written where the program was built.  Chosen by configure
 * (--enable-sanitizers, --enable-coverage), and by nothing at run time.
 */
#include <seccomp.h>
#include <stddef.h>

#include "keeper/sandbox_internal.h"

static const int calls[] = {
	SCMP_SYS(clone), SCMP_SYS(fork), SCMP_SYS(kill), SCMP_SYS(mkdir),
	SCMP_SYS(open), SCMP_SYS(personality), SCMP_SYS(prctl),
	SCMP_SYS(prlimit64), SCMP_SYS(process_vm_readv), SCMP_SYS(ptrace),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(sched_yield),
	SCMP_SYS(fcntl), SCMP_SYS(setrlimit), SCMP_SYS(sigaltstack),
	SCMP_SYS(tgkill), SCMP_SYS(tkill), SCMP_SYS(wait4), -1,
};
static const char *const readable[] = { "/", NULL };
static const char *const writable[] = { SANDBOX_BUILD_DIR, NULL };

const struct sandbox_build sandbox_build = {
	.calls = calls, .readable = readable, .writable = writable,
	.cores = true,
};
