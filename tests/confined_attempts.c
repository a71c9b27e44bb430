/*
 * What is tried from within the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "confined.h"
#include "keeper/sandbox.h"
#include "keeper/sandbox_internal.h"

static int
try_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);
}

static int
try_read_outside(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int
try_list_outside(void)
{
	return try_open("/", O_RDONLY | O_DIRECTORY);
}

static int
try_write_outside(void)
{
	return try_open("/tmp/fifod-confined", O_WRONLY | O_CREAT);
}

static int
try_read_key(void)
{
	return try_open("/etc/ssl/private", O_RDONLY | O_DIRECTORY);
}

static int
try_read_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)parent_pid);
	return try_open(path, O_RDWR);
}

static int
try_escape(void)
{
	return openat(rundir_fd, "../outside", O_RDONLY | O_CLOEXEC);
}

/* The link is one that a test has made. */
static int
try_escape_link(void)
{
	return openat(rundir_fd, "link", O_RDONLY | O_CLOEXEC);
}

static int
try_move_out(void)
{
	return renameat(rundir_fd, "file", AT_FDCWD, "/tmp/fifod-confined");
}

static int
try_symlink(void)
{
	return symlinkat("/etc/passwd", rundir_fd, "symlink");
}

static int
try_link_out(void)
{
	return linkat(rundir_fd, "file", AT_FDCWD, "/tmp/fifod-confined", 0);
}

/* "outside" stands beside the run directory. */
static int
try_link_in(void)
{
	return linkat(rundir_fd, "../outside", rundir_fd, "again", 0);
}

static int
try_device(void)
{
	return mknodat(rundir_fd, "device", S_IFCHR | 0600, makedev(1, 3));
}

static int
try_set_id(void)
{
	return fchmodat(rundir_fd, "file", 04755, 0);
}

static int
try_chown(void)
{
	return fchownat(rundir_fd, "file", 1, (gid_t)-1, 0);
}

static int
try_exec(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return (int)pid;
}

static int
try_clone_namespace(void)
{
	return (int)syscall(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES |
	    CLONE_SIGHAND | CLONE_NEWUSER, NULL, NULL, NULL, NULL);
}

static int
try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
try_ptrace(void)
{
	return (int)ptrace(PTRACE_ATTACH, parent_pid, NULL, NULL);
}

static int
try_write_memory(void)
{
	return (int)syscall(SYS_process_vm_writev, parent_pid, NULL, 0, NULL,
	    0, 0);
}

static int
try_kill_keeper(void)
{
	return kill(parent_pid, SIGKILL);
}

static int
try_setuid(void)
{
	return setuid(1);
}

static int
try_mount(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static int
try_chroot(void)
{
	return chroot("/");
}

static int
try_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int
try_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int
try_key(void)
{
	return (int)syscall(SYS_keyctl, 0, 0, 0);
}

static int
try_unknown(void)
{
	return (int)syscall(5000);
}

static int
try_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int
try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static int
try_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
}

static int
try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
try_listen_tcp(void)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return bind(given_fd, (const struct sockaddr *)&sin, sizeof(sin));
}

/* It goes out: nobody listens there. */
static int
try_connect(void)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(given_fd, (const struct sockaddr *)&sin, sizeof(sin));
}

static int
try_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	return bind(fd, (struct sockaddr *)&sun, sizeof(sun));
}

static int
try_unix_outside(void)
{
	return try_unix("/tmp/fifod-confined.sock");
}

static int
try_unix_inside(void)
{
	return fchdir(rundir_fd) == -1 ? -1 : try_unix("socket");
}

static int
try_push_input(void)
{
	return ioctl(0, TIOCSTI, "x");
}

static int
try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int
try_code_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_EXEC);
}

static int
try_limit(void)
{
	const struct rlimit limit = { 64, 64 };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int
try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
try_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == -1)
		return -1;
	errno = EFBIG;
	return limit.rlim_cur <= 1 ? -1 : 0;
}

static int
try_fifo(void)
{
	int fd;

	if (mkfifoat(rundir_fd, "fifo", 0600) == -1 ||
	    (fd = openat(rundir_fd, "fifo", O_RDWR | O_CLOEXEC)) == -1 ||
	    fcntl(fd, F_SETPIPE_SZ, 8192) == -1 || fchmod(fd, 0620) == -1)
		return -1;
	return renameat(rundir_fd, "fifo", rundir_fd, "moved") == -1 ? -1 :
	    unlinkat(rundir_fd, "moved", 0);
}

static int
try_directory(void)
{
	int fd;

	if (mkdirat(rundir_fd, "d", 0700) == -1 ||
	    (fd = openat(rundir_fd, "d/log", O_WRONLY | O_CREAT | O_CLOEXEC,
	    0600)) == -1 || write(fd, "x", 1) != 1 ||
	    renameat(rundir_fd, "d/log", rundir_fd, ".log-d") == -1)
		return -1;
	return unlinkat(rundir_fd, "d", AT_REMOVEDIR);
}

static void *
thread_nothing(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, thread_nothing, NULL);
	return errno != 0 ? -1 : (errno = pthread_join(thread, NULL)) == 0 ?
	    0 : -1;
}

static int
try_null(void)
{
	return try_open("/dev/null", O_RDWR);
}

static int
try_time(void)
{
	const time_t now = 0;

	return localtime(&now) != NULL && access("/etc/localtime", F_OK) ==
	    0 ? try_open("/etc/localtime", O_RDONLY) : 0;
}

static int
try_name(void)
{
	printf("%s\n", sandbox_name());
	exit(0);
}

static int
try_build(void)
{
	puts(sandbox_build.cores ? "tests" : "strict");
	exit(0);
}

const struct attempt attempts[] = {
	{ "read-outside", try_read_outside },
	{ "list-outside", try_list_outside },
	{ "write-outside", try_write_outside },
	{ "read-key", try_read_key },
	{ "read-memory", try_read_memory },
	{ "escape", try_escape },
	{ "escape-link", try_escape_link },
	{ "move-out", try_move_out },
	{ "symlink", try_symlink },
	{ "link-out", try_link_out },
	{ "link-in", try_link_in },
	{ "device", try_device },
	{ "set-id", try_set_id },
	{ "chown", try_chown },
	{ "exec", try_exec },
	{ "fork", try_fork },
	{ "clone-namespace", try_clone_namespace },
	{ "unshare", try_unshare },
	{ "ptrace", try_ptrace },
	{ "write-memory", try_write_memory },
	{ "kill-keeper", try_kill_keeper },
	{ "setuid", try_setuid },
	{ "mount", try_mount },
	{ "chroot", try_chroot },
	{ "bpf", try_bpf },
	{ "io-uring", try_io_uring },
	{ "key", try_key },
	{ "unknown", try_unknown },
	{ "packet", try_packet },
	{ "netlink", try_netlink },
	{ "raw", try_raw },
	{ "inet", try_inet },
	{ "listen-tcp", try_listen_tcp },
	{ "connect", try_connect },
	{ "unix-outside", try_unix_outside },
	{ "unix-inside", try_unix_inside },
	{ "push-input", try_push_input },
	{ "code", try_code },
	{ "code-later", try_code_later },
	{ "limit", try_limit },
	{ "dumpable", try_dumpable },
	{ "core", try_core },
	{ "fifo", try_fifo },
	{ "directory", try_directory },
	{ "thread", try_thread },
	{ "null", try_null },
	{ "time", try_time },
	{ "name", try_name },
	{ "build", try_build },
};
const size_t nattempts = sizeof(attempts) / sizeof(attempts[0]);
