/*
 * System calls: those that the engine makes, by rows, through libseccomp; it
 * was read from the source, glibc's, libevent's and OpenSSL's included, and
 * from traces of the tests.
 *
 * Everything else is refused with EPERM, so that a library that tries for
 * something better goes on without, and stands in the kernel's log as a
 * record of type SECCOMP.  What only an attacker would call ends the engine
 * (SIGSYS), which the keeper logs.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/sandbox_internal.h"

/* An argument is an int: what stands above it is not looked at by anybody. */
#define WORD ((uint64_t)0xffffffff)
#define HAS(n, mask, bits) \
	{ (n), SCMP_CMP_MASKED_EQ, (mask), (uint64_t)(bits) }
#define IS(n, value) HAS(n, WORD, (uint32_t)(value))

/* --- any arguments will do --- */

static const int seccomp_calls[] = {
	/* bytes */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(splice),
	SCMP_SYS(tee), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg), SCMP_SYS(recv), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(send),
	SCMP_SYS(lseek), SCMP_SYS(_llseek),
	/* waiting, and time */
	SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(_newselect), SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64),
	SCMP_SYS(eventfd2), SCMP_SYS(signalfd4), SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
	SCMP_SYS(pidfd_open), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_getres_time64), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
	/* descriptors */
	SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup),
	SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe2), SCMP_SYS(flock),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
	SCMP_SYS(ftruncate64), SCMP_SYS(fstat), SCMP_SYS(fstat64),
	SCMP_SYS(fstatfs), SCMP_SYS(memfd_create), SCMP_SYS(getdents),
	SCMP_SYS(getdents64),
	/* names: which, says Landlock */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(stat64),
	SCMP_SYS(lstat), SCMP_SYS(lstat64), SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
	SCMP_SYS(chdir), SCMP_SYS(fchdir), SCMP_SYS(getcwd),
	SCMP_SYS(umask),
	/* sockets: which, says the next table */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(mincore), SCMP_SYS(membarrier),
	/* ourselves */
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid),
	SCMP_SYS(getuid), SCMP_SYS(getuid32), SCMP_SYS(geteuid),
	SCMP_SYS(geteuid32), SCMP_SYS(getgid), SCMP_SYS(getgid32),
	SCMP_SYS(getegid), SCMP_SYS(getegid32), SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit), SCMP_SYS(ugetrlimit), SCMP_SYS(sysinfo),
	SCMP_SYS(uname), SCMP_SYS(getrandom), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu),
	/* threads and signals */
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
	-1
};

/* --- these arguments and no others --- */

#define TYPE(type) \
	HAS(1, WORD & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), type)
#define SOCKET(family, type) \
	{ SCMP_SYS(socket), { IS(0, family), TYPE(type), IS(2, 0) } }
#define IOCTL(request) { SCMP_SYS(ioctl), { IS(1, request) } }
#define FCNTL(command) { SCMP_SYS(fcntl), { IS(1, command) } }, \
	{ SCMP_SYS(fcntl64), { IS(1, command) } }
#define LEVEL(level) { SCMP_SYS(setsockopt), { IS(1, level) } }
#define FIFOS(call, n) { SCMP_SYS(call), { HAS(n, S_IFMT, S_IFIFO) } }
/* Landlock does not see these two: a group, but no user; and no set-ID bits. */
#define GROUP(call, n) { SCMP_SYS(call), { IS(n, -1) } }
#define MODE(call, n) \
	{ SCMP_SYS(call), { HAS(n, WORD & ~(uint64_t)0777, 0) } }
#define NO_CODE(call) { SCMP_SYS(call), { HAS(2, PROT_EXEC, 0) } }
/* A thread, in all that a process is: no namespace can be with it. */
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
	CLONE_THREAD)

struct seccomp_row {
	int call;
	struct scmp_arg_cmp args[3];    /* those behind the last are zero */
};

static const struct seccomp_row seccomp_rows[] = {
	/* Those of links are the keeper's gift; these are our own and syslog's. */
	SOCKET(AF_UNIX, SOCK_STREAM), SOCKET(AF_UNIX, SOCK_DGRAM),
	{ SCMP_SYS(socketpair), { IS(0, AF_UNIX) } },
	LEVEL(SOL_SOCKET), LEVEL(IPPROTO_IP), LEVEL(IPPROTO_IPV6),
	LEVEL(IPPROTO_TCP), LEVEL(IPPROTO_UDP), LEVEL(AF_VSOCK),
	IOCTL(FIONREAD), IOCTL(FIONBIO), IOCTL(SIOCOUTQ),
	/* Terminals; not TIOCSTI, TIOCLINUX, TIOCSCTTY. */
	IOCTL(TCGETS), IOCTL(TCGETS2), IOCTL(TCSETS), IOCTL(TCSETSW),
	IOCTL(TCSETSF), IOCTL(TCSETS2), IOCTL(TCSETSW2), IOCTL(TCSETSF2),
	IOCTL(TCFLSH), IOCTL(TCSBRK), IOCTL(TCXONC), IOCTL(TIOCMGET),
	IOCTL(TIOCMBIS), IOCTL(TIOCMBIC), IOCTL(TIOCEXCL),
	IOCTL(TIOCNXCL), IOCTL(TIOCGWINSZ), IOCTL(TIOCSWINSZ),
	IOCTL(TIOCGPTN),
	FCNTL(F_DUPFD), FCNTL(F_DUPFD_CLOEXEC), FCNTL(F_GETFD),
	FCNTL(F_SETFD), FCNTL(F_GETFL), FCNTL(F_SETFL),
	FCNTL(F_GETPIPE_SZ), FCNTL(F_SETPIPE_SZ), FCNTL(F_ADD_SEALS),
	FCNTL(F_GET_SEALS),
	FIFOS(mknod, 1), FIFOS(mknodat, 2),
	GROUP(fchown, 1), GROUP(fchown32, 1), GROUP(fchownat, 2),
	MODE(fchmod, 1), MODE(fchmodat, 2),
	/* A second name, for what has one. */
	{ SCMP_SYS(linkat), { IS(4, 0) } },
	NO_CODE(mmap), NO_CODE(mmap2), NO_CODE(mprotect),
	{ SCMP_SYS(clone), { HAS(0, THREAD, THREAD) } },
	{ SCMP_SYS(prctl), { IS(0, PR_SET_NAME) } },
	{ SCMP_SYS(prctl), { IS(0, PR_GET_NAME) } },
	/* Limits are looked at: there is no new one. */
	{ SCMP_SYS(prlimit64), { IS(0, 0), { 2, SCMP_CMP_EQ, 0, 0 } } },
};
#define NROWS (sizeof(seccomp_rows) / sizeof(seccomp_rows[0]))

/*
 * A library that finds these missing does it another way.  What arguments they
 * have cannot be seen; glibc begins each thread with the first.
 */
static const int seccomp_missing[] = {
	SCMP_SYS(clone3), SCMP_SYS(openat2), -1
};

/* --- an attack --- */

static const int seccomp_deadly[] = {
	/* programs, and other processes */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(fork),
	SCMP_SYS(vfork),
	/* another user */
	SCMP_SYS(setuid), SCMP_SYS(setuid32), SCMP_SYS(setgid),
	SCMP_SYS(setgid32), SCMP_SYS(setreuid), SCMP_SYS(setreuid32),
	SCMP_SYS(setregid), SCMP_SYS(setregid32), SCMP_SYS(setresuid),
	SCMP_SYS(setresuid32), SCMP_SYS(setresgid), SCMP_SYS(setresgid32),
	SCMP_SYS(setgroups), SCMP_SYS(setgroups32), SCMP_SYS(setfsuid),
	SCMP_SYS(setfsuid32), SCMP_SYS(setfsgid), SCMP_SYS(setfsgid32),
	SCMP_SYS(capset),
	/* another world */
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount),
	SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(open_tree),
	SCMP_SYS(move_mount), SCMP_SYS(mount_setattr),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
	/* the kernel's corners */
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
	SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(syslog), SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64),
	SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(lookup_dcookie),
	SCMP_SYS(nfsservctl), SCMP_SYS(vhangup), SCMP_SYS(uselib),
	-1
};

/* --- the filter --- */

static bool
seccomp_listed(int call, const int *calls)
{
	for (; *calls != -1; calls++)
		if (*calls == call)
			return true;
	return false;
}

/*
 * What the machine at hand does not have is left out by the library.  A call
 * of which some arguments are allowed is not added without.
 */
static int
seccomp_add(scmp_filter_ctx filter, uint32_t action, const int *calls)
{
	int rv = 0;

	for (; *calls != -1 && rv == 0; calls++)
		if (action == SCMP_ACT_ALLOW ||
		    !seccomp_listed(*calls, sandbox_build.calls))
			rv = seccomp_rule_add_array(filter, action, *calls, 0,
			    NULL);
	return rv;
}

static int
seccomp_add_row(scmp_filter_ctx filter, const struct seccomp_row *row)
{
	unsigned n = 0;

	if (seccomp_listed(row->call, sandbox_build.calls))
		return 0;
	while (n < 3 && row->args[n].op != 0)
		n++;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, row->call, n,
	    row->args);
}

/* Signals to nobody but ourselves: abort(3). */
static int
seccomp_add_signals(scmp_filter_ctx filter)
{
	const struct seccomp_row rows[] = {
		{ SCMP_SYS(kill), { IS(0, getpid()) } },
		{ SCMP_SYS(tgkill), { IS(0, getpid()) } },
	};
	int rv = seccomp_add_row(filter, &rows[0]);

	return rv != 0 ? rv : seccomp_add_row(filter, &rows[1]);
}

static int
seccomp_fill(scmp_filter_ctx filter)
{
	size_t i;
	int rv = seccomp_add(filter, SCMP_ACT_ALLOW, seccomp_calls);

	if (rv == 0)
		rv = seccomp_add(filter, SCMP_ACT_ALLOW, sandbox_build.calls);
	for (i = 0; i < NROWS && rv == 0; i++)
		rv = seccomp_add_row(filter, &seccomp_rows[i]);
	if (rv == 0)
		rv = seccomp_add(filter, SCMP_ACT_ALLOW, seccomp_missing);
	if (rv == 0)
		rv = seccomp_add_signals(filter);
	return rv != 0 ? rv : seccomp_add(filter, SCMP_ACT_KILL_PROCESS,
	    seccomp_deadly);
}

/*
 * What is refused is logged; a search in few steps; and, as the engine runs no
 * code of others, not slower for the sake of such (PR_SPEC_STORE_BYPASS).
 */
static int
seccomp_attributes(scmp_filter_ctx filter, bool log)
{
	const struct {
		enum scmp_filter_attr attribute;
		uint32_t value;
	} rows[] = {
		{ SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS },
		{ SCMP_FLTATR_CTL_NNP, 1 },
		{ SCMP_FLTATR_CTL_LOG, log },
		{ SCMP_FLTATR_CTL_SSB, 1 },
		{ SCMP_FLTATR_CTL_OPTIMIZE, 2 },
	};
	size_t i;
	int rv = 0;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && rv == 0; i++)
		rv = seccomp_attr_set(filter, rows[i].attribute,
		    rows[i].value);
	return rv;
}

/* Of its own, so that what is nothing to wonder at is not logged. */
static int
seccomp_fill_missing(scmp_filter_ctx filter)
{
	return seccomp_add(filter, SCMP_ACT_ERRNO(ENOSYS), seccomp_missing);
}

static int
seccomp_make(uint32_t otherwise, bool log, int (*fill)(scmp_filter_ctx))
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int rv = -ENOMEM;

	if (filter != NULL && (rv = seccomp_attributes(filter, log)) == 0 &&
	    (rv = fill(filter)) == 0)
		rv = seccomp_load(filter);
	seccomp_release(filter);
	return rv;
}

int
sandbox_seccomp(void)
{
	int rv = seccomp_make(SCMP_ACT_ALLOW, false, seccomp_fill_missing);

	if (rv == 0)
		rv = seccomp_make(SCMP_ACT_ERRNO(EPERM), true, seccomp_fill);
	errno = -rv;
	return rv == 0 ? 0 : -1;
}

static int
seccomp_fill_anchor(scmp_filter_ctx filter)
{
	static const int calls[] = {
		SCMP_SYS(recv), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg),
		SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),
		SCMP_SYS(exit), SCMP_SYS(exit_group),
		SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigreturn), -1
	};
	const struct seccomp_row rows[] = { FCNTL(F_GETFD) };
	int rv = seccomp_add(filter, SCMP_ACT_ALLOW, calls);
	size_t i;

	if (rv == 0)
		rv = seccomp_add(filter, SCMP_ACT_ALLOW, sandbox_build.calls);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && rv == 0; i++)
		rv = seccomp_add_row(filter, &rows[i]);
	return rv;
}

int
sandbox_seccomp_anchor(void)
{
	int rv = seccomp_make(SCMP_ACT_ERRNO(EPERM), true,
	    seccomp_fill_anchor);

	errno = -rv;
	return rv == 0 ? 0 : -1;
}
