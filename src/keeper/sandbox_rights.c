/*
 * Capabilities, by the system calls themselves (capget(2)): two calls are no
 * reason for a library.
 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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
	RIGHT(CAP_SYS_ADMIN))
/* Root's: its files, its children, and who holds a port that is in use. */
#define KEEPER_ROOT_RIGHTS (KEEPER_RIGHTS | ENGINE_RIGHTS | \
	RIGHT(CAP_DAC_READ_SEARCH) | RIGHT(CAP_KILL) | \
	RIGHT(CAP_SYS_PTRACE))

/*
 * Of the capabilities that are there those alone stay, and are in force, whose
 * bits are set; with `inherit' what programs inherit is left as it is.
 */
static void
rights_set(uint64_t keep, uint64_t in_force, bool inherit)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	size_t i;

	if (syscall(SYS_capget, &header, data) == -1)
		return;
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted &
		    (uint32_t)(in_force >> (32 * i));
		if (!inherit)
			data[i].inheritable = 0;
	}
	syscall(SYS_capset, &header, data);
}

/*
 * Keys are in our memory: no core of it.  A limit of 1 is no core file, and
 * unlike 0 none through a pipe either (core(5), fs/coredump.c).  From outside
 * prlimit(1) can give it back.
 */
static void
rights_no_core(void)
{
	struct rlimit limit;

	if (sandbox_build.cores || getrlimit(RLIMIT_CORE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
	setrlimit(RLIMIT_CORE, &limit);
}

/*
 * What it never takes.  Not RLIMIT_NPROC, which counts all processes and
 * threads of its user, and its own threads among them; that it has no children
 * is seccomp's.  Not RLIMIT_FSIZE, which would be for records, too, nor
 * RLIMIT_DATA: buffers are bounded one by one, and a refusal is told.
 */
static void
rights_no_resources(void)
{
	static const int kinds[] = { RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE,
		RLIMIT_NICE, RLIMIT_RTPRIO };
	const struct rlimit none = { 0, 0 };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		setrlimit(kinds[i], &none);
}

void
sandbox_engine_rights(void)
{
	rights_no_core();
	rights_no_resources();
	rights_set(geteuid() == 0 ? ENGINE_RIGHTS : 0, ENGINE_RIGHTS, false);
}

void
sandbox_keep_rights(void)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

void
sandbox_keeper(void)
{
	if (geteuid() == 0)
		rights_set(KEEPER_ROOT_RIGHTS, KEEPER_ROOT_RIGHTS, true);
	else
		rights_set(KEEPER_RIGHTS, 0, true);
}

void
sandbox_die_with(pid_t keeper)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	    getppid() != keeper)
		_exit(1);
}

void
sandbox_raise(void)
{
	if (geteuid() != 0)
		rights_set(KEEPER_RIGHTS, KEEPER_RIGHTS, true);
}

void
sandbox_lower(void)
{
	int error = errno;

	if (geteuid() != 0)
		rights_set(KEEPER_RIGHTS, 0, true);
	errno = error;
}

void
sandbox_look_up(void)
{
	rights_no_core();
	rights_set(0, 0, false);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		sandbox_landlock_writes();
}
