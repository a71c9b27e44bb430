/*
 * shim: preloaded into fifod, it fails the calls that $FAULT_FILE, a file that
 * tests/fault/arm writes, says (fault.h).  Only those of the process itself
 * count, not those of its children.
 *
 * The headers that declare the calls with unions in place of pointers are not
 * included: prototypes below are the system's, spelled plainly.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

/* Allocations of dlsym(3) itself, before there is a way to any other. */
#define EARLY 16384

static struct fault_control *control;
static pid_t owner;
static _Thread_local bool inside;

static _Alignas(16) char early[EARLY];
static size_t early_used;

static void *
next_of(const char *name)
{
	bool was = inside;
	void *p;

	inside = true;
	p = dlsym(RTLD_NEXT, name);
	inside = was;
	return p;
}

/* --- which one --- */

/* The engine; with FAULT_KEEPER the keeper. */
static bool
is_wanted(int argc, char **argv)
{
	bool engine = argc > 1 && strcmp(argv[1], "--engine") == 0;

	return strcmp(program_invocation_short_name, "fifod") == 0 &&
	    engine == (getenv("FAULT_KEEPER") == NULL);
}

/*
 * The first backtrace(3) loads a library, which allocates.  Those who are
 * called before main(3) are given its arguments, too.
 */
__attribute__((constructor)) static void
shim_begin(int argc, char **argv)
{
	const char *path = getenv("FAULT_FILE");
	void *frames[2], *p;
	int fd;

	if (path == NULL || !is_wanted(argc, argv))
		return;
	inside = true;
	backtrace(frames, 2);
	fd = open(path, O_RDWR | O_CLOEXEC);
	p = fd == -1 ? MAP_FAILED : mmap(NULL, sizeof(*control),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd != -1)
		close(fd);
	owner = getpid();
	if (p != MAP_FAILED)
		control = p;
	inside = false;
}

/* Where were we called from?  The frames of the shim itself are left out. */
static uint64_t
site_note(void)
{
	void *frames[FAULT_FRAMES + 3];
	int n = backtrace(frames, FAULT_FRAMES + 3), i;
	uint64_t hash = 14695981039346656037U;
	uint32_t at = 0;
	Dl_info info;

	for (i = 3; i < n; i++) {
		if (dladdr(frames[i], &info) == 0)
			break;
		control->offset[at] = (uint64_t)((char *)frames[i] -
		    (char *)info.dli_fbase);
		snprintf(control->module[at], sizeof(control->module[at]),
		    "%s", info.dli_fname);
		hash = (hash ^ control->offset[at]) * 1099511628211U;
		at++;
	}
	control->nframes = at;
	hash ^= ((uint64_t)control->family << 32) + (uint64_t)control->error;
	return hash == 0 ? 1 : hash;
}

/* true: it is new, and known from now on. */
static bool
site_new(uint64_t hash)
{
	size_t at = hash % FAULT_SITES;

	while (control->sites[at] != 0) {
		if (control->sites[at] == hash)
			return false;
		at = (at + 1) % FAULT_SITES;
	}
	control->sites[at] = hash;
	return true;
}

static bool
fault_due(uint64_t n)
{
	switch (control->mode) {
	case FAULT_NTH:
		return n == control->n;
	case FAULT_FROM:
		return n >= control->n;
	case FAULT_EVERY:
		return n % control->n == 0;
	default:
		return control->fired == 0 && site_new(site_note());
	}
}

/*
 * What libevent's signal handler writes, to itself, cannot fail; nor what the
 * thread that syncs and the loop tell each other.
 */
static bool
is_waking(void *caller)
{
	Dl_info info;

	return gettid() != owner || (dladdr(caller, &info) != 0 &&
	    strstr(info.dli_fname, "libevent") != NULL);
}

static __attribute__((noinline)) bool
fault_now(enum fault_family family, const char *call)
{
	bool due;

	if (control == NULL || inside || !control->armed ||
	    control->family != family || getpid() != owner)
		return false;
	/* What allocates in a thread that starts is the system, or ASan. */
	if (family == FAULT_MEMORY && gettid() != owner)
		return false;
	inside = true;
	due = fault_due(++control->calls);
	if (due) {
		if (control->mode != FAULT_SITE && control->fired == 0)
			site_note();
		snprintf(control->call, sizeof(control->call), "%s", call);
		control->fired++;
	}
	inside = false;
	if (due)
		errno = control->error;
	return due;
}

/* --- the calls --- */

#define NEXT(name)							\
	do {								\
		if (next == NULL)					\
			*(void **)&next = next_of(#name);		\
	} while (0)

#define CALL(type, name, bad, family, params, args)			\
	type name params;						\
	type name params						\
	{								\
		static type (*next) params;				\
									\
		NEXT(name);						\
		if (fault_now(family, #name))				\
			return bad;					\
		return next args;					\
	}

/* What keeper and engine say to each other can end, but not fail. */
static bool is_between(int fd);
#define CALL_AT(type, name, bad, family, params, args)			\
	type name params;						\
	type name params						\
	{								\
		static type (*next) params;				\
									\
		NEXT(name);						\
		if (!is_between(fd) && fault_now(family, #name))	\
			return bad;					\
		return next args;					\
	}

/* One byte (or one part) where a short one is asked for. */
#define MOVE(name, family, params, args, size)				\
	ssize_t name params;						\
	ssize_t name params						\
	{								\
		static ssize_t (*next) params;				\
									\
		NEXT(name);						\
		if (size > 0 && !is_waking(__builtin_return_address(0)) && \
		    may_fail(fd) &&					\
		    fault_now(family, #name)) {				\
			if (control->error != 0)			\
				return -1;				\
			size = 1;					\
		}							\
		return next args;					\
	}

struct sockaddr;
struct msghdr;
struct iovec;
struct epoll_event;
struct termios;
int getsockopt(int, int, int, void *, unsigned *);

#define SOCKET_TYPE 1, 3        /* SOL_SOCKET, SO_TYPE */
#define PACKETS 5               /* SOCK_SEQPACKET */
#define KEEPER 3                /* the engine's end (keep.h) */

static bool
is_between(int fd)
{
	unsigned length = sizeof(int);
	int type = 0;

	if (getenv("FAULT_KEEPER") == NULL)
		return fd == KEEPER;
	return getsockopt(fd, SOCKET_TYPE, &type, &length) == 0 &&
	    type == PACKETS;
}

static bool
streams(int fd)
{
	unsigned length = sizeof(int);
	struct stat st;
	int type = 0;

	if (fstat(fd, &st) == -1)
		return false;
	if (S_ISSOCK(st.st_mode))
		return getsockopt(fd, SOCKET_TYPE, &type, &length) == 0 &&
		    type == 1;
	return S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode);
}

/* A short one is for streams; and a FIFO knows few errors (pipe(7)). */
static bool
may_fail(int fd)
{
	struct stat st;

	if (control == NULL || !control->armed)
		return true;
	if (control->error == 0)
		return streams(fd);
	return control->error == EINTR || control->error == EAGAIN ||
	    fstat(fd, &st) == -1 || !S_ISFIFO(st.st_mode);
}

static int
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, int) : 0;
}

#define OPEN(name)							\
	int name(const char *path, int flags, ...);			\
	int								\
	name(const char *path, int flags, ...)				\
	{								\
		static int (*next)(const char *, int, ...);		\
		va_list ap;						\
		int mode;						\
									\
		va_start(ap, flags);					\
		mode = mode_of(flags, ap);				\
		va_end(ap);						\
		NEXT(name);						\
		if (fault_now(FAULT_FILE, #name))			\
			return -1;					\
		return next(path, flags, mode);				\
	}

#define OPENAT(name)							\
	int name(int fd, const char *path, int flags, ...);		\
	int								\
	name(int fd, const char *path, int flags, ...)			\
	{								\
		static int (*next)(int, const char *, int, ...);	\
		va_list ap;						\
		int mode;						\
									\
		va_start(ap, flags);					\
		mode = mode_of(flags, ap);				\
		va_end(ap);						\
		NEXT(name);						\
		if (fault_now(FAULT_FILE, #name))			\
			return -1;					\
		return next(fd, path, flags, mode);			\
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
CALL(FILE *, fopen, NULL, FAULT_FILE, (const char *path, const char *mode),
    (path, mode))
CALL(FILE *, fopen64, NULL, FAULT_FILE, (const char *path, const char *mode),
    (path, mode))
CALL(void *, opendir, NULL, FAULT_FILE, (const char *path), (path))
CALL(void *, fdopendir, NULL, FAULT_FILE, (int fd), (fd))

CALL(int, socket, -1, FAULT_DESCRIPTOR, (int family, int type, int protocol),
    (family, type, protocol))
CALL(int, socketpair, -1, FAULT_DESCRIPTOR,
    (int family, int type, int protocol, int fds[2]),
    (family, type, protocol, fds))
CALL(int, accept4, -1, FAULT_DESCRIPTOR,
    (int fd, struct sockaddr *a, unsigned *length, int flags),
    (fd, a, length, flags))
CALL(int, pipe2, -1, FAULT_DESCRIPTOR, (int fds[2], int flags), (fds, flags))
CALL(int, dup, -1, FAULT_DESCRIPTOR, (int fd), (fd))
CALL(int, dup2, -1, FAULT_DESCRIPTOR, (int fd, int to), (fd, to))
CALL(int, inotify_init1, -1, FAULT_DESCRIPTOR, (int flags), (flags))
CALL(int, epoll_create1, -1, FAULT_DESCRIPTOR, (int flags), (flags))
CALL(int, posix_openpt, -1, FAULT_DESCRIPTOR, (int flags), (flags))
CALL(int, memfd_create, -1, FAULT_DESCRIPTOR,
    (const char *name, unsigned flags), (name, flags))

CALL(int, connect, -1, FAULT_NET,
    (int fd, const struct sockaddr *a, unsigned length), (fd, a, length))
CALL(int, bind, -1, FAULT_NET,
    (int fd, const struct sockaddr *a, unsigned length), (fd, a, length))
CALL(int, listen, -1, FAULT_NET, (int fd, int backlog), (fd, backlog))
CALL(int, getsockname, -1, FAULT_NET,
    (int fd, struct sockaddr *a, unsigned *length), (fd, a, length))
CALL(int, getpeername, -1, FAULT_NET,
    (int fd, struct sockaddr *a, unsigned *length), (fd, a, length))
CALL(int, setsockopt, -1, FAULT_NET,
    (int fd, int level, int name, const void *value, unsigned length),
    (fd, level, name, value, length))
CALL(int, getsockopt, -1, FAULT_NET,
    (int fd, int level, int name, void *value, unsigned *length),
    (fd, level, name, value, length))
CALL(int, shutdown, -1, FAULT_NET, (int fd, int how), (fd, how))

CALL(int, mkfifoat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, mode_t mode), (fd, path, mode))
CALL(int, mkdir, -1, FAULT_DIRECTORY, (const char *path, mode_t mode),
    (path, mode))
CALL(int, mkdirat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, mode_t mode), (fd, path, mode))
CALL(int, rename, -1, FAULT_DIRECTORY, (const char *from, const char *to),
    (from, to))
CALL(int, renameat, -1, FAULT_DIRECTORY,
    (int fd, const char *from, int fd2, const char *to), (fd, from, fd2, to))
CALL(int, renameat2, -1, FAULT_DIRECTORY,
    (int fd, const char *from, int fd2, const char *to, unsigned flags),
    (fd, from, fd2, to, flags))
CALL(int, linkat, -1, FAULT_DIRECTORY,
    (int fd, const char *from, int fd2, const char *to, int flags),
    (fd, from, fd2, to, flags))
CALL(int, symlink, -1, FAULT_DIRECTORY, (const char *to, const char *path),
    (to, path))
CALL(int, unlink, -1, FAULT_DIRECTORY, (const char *path), (path))
CALL(int, unlinkat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, int flags), (fd, path, flags))
CALL(int, chdir, -1, FAULT_DIRECTORY, (const char *path), (path))
CALL(int, fchdir, -1, FAULT_DIRECTORY, (int fd), (fd))
CALL(int, fchmod, -1, FAULT_DIRECTORY, (int fd, mode_t mode), (fd, mode))
CALL(int, fchmodat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, mode_t mode, int flags),
    (fd, path, mode, flags))
CALL(int, fchown, -1, FAULT_DIRECTORY, (int fd, uid_t uid, gid_t gid),
    (fd, uid, gid))
CALL(int, fchownat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, uid_t uid, gid_t gid, int flags),
    (fd, path, uid, gid, flags))
CALL(int, fstat, -1, FAULT_DIRECTORY, (int fd, struct stat *st), (fd, st))
CALL(int, fstatat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, struct stat *st, int flags),
    (fd, path, st, flags))
CALL(int, lstat, -1, FAULT_DIRECTORY, (const char *path, struct stat *st),
    (path, st))
CALL(int, stat, -1, FAULT_DIRECTORY, (const char *path, struct stat *st),
    (path, st))
CALL(ssize_t, readlink, -1, FAULT_DIRECTORY,
    (const char *path, char *to, size_t size), (path, to, size))
CALL(ssize_t, readlinkat, -1, FAULT_DIRECTORY,
    (int fd, const char *path, char *to, size_t size), (fd, path, to, size))
CALL(int, ftruncate, -1, FAULT_DIRECTORY, (int fd, off_t size), (fd, size))
CALL(int, fsync, -1, FAULT_DIRECTORY, (int fd), (fd))
CALL(int, fdatasync, -1, FAULT_DIRECTORY, (int fd), (fd))
CALL(int, flock, -1, FAULT_DIRECTORY, (int fd, int how), (fd, how))

CALL(pid_t, fork, -1, FAULT_PROCESS, (void), ())
CALL(int, pthread_create, EAGAIN, FAULT_PROCESS,
    (unsigned long *thread, const void *attr, void *(*run)(void *), void *arg),
    (thread, attr, run, arg))
CALL(int, grantpt, -1, FAULT_PROCESS, (int fd), (fd))
CALL(int, unlockpt, -1, FAULT_PROCESS, (int fd), (fd))

MOVE(read, FAULT_READ, (int fd, void *to, size_t n), (fd, to, n), n)
MOVE(recv, FAULT_READ, (int fd, void *to, size_t n, int flags),
    (fd, to, n, flags), n)
MOVE(__read_chk, FAULT_READ, (int fd, void *to, size_t n, size_t size),
    (fd, to, n, size), n)
MOVE(__recv_chk, FAULT_READ,
    (int fd, void *to, size_t n, size_t size, int flags),
    (fd, to, n, size, flags), n)
MOVE(write, FAULT_WRITE, (int fd, const void *from, size_t n),
    (fd, from, n), n)
MOVE(send, FAULT_WRITE, (int fd, const void *from, size_t n, int flags),
    (fd, from, n, flags), n)
MOVE(splice, FAULT_WRITE,
    (int fd, off_t *at, int to, off_t *at2, size_t n, unsigned flags),
    (fd, at, to, at2, n, flags), n)
CALL_AT(ssize_t, recvmsg, -1, FAULT_READ, (int fd, struct msghdr *m, int flags),
    (fd, m, flags))
CALL(ssize_t, recvfrom, -1, FAULT_READ,
    (int fd, void *to, size_t n, int flags, struct sockaddr *a, unsigned *l),
    (fd, to, n, flags, a, l))
CALL_AT(ssize_t, sendmsg, -1, FAULT_WRITE,
    (int fd, const struct msghdr *m, int flags), (fd, m, flags))
CALL(ssize_t, sendto, -1, FAULT_WRITE,
    (int fd, const void *from, size_t n, int flags, const struct sockaddr *a,
    unsigned l), (fd, from, n, flags, a, l))
MOVE(writev, FAULT_WRITE, (int fd, const struct iovec *v, int n), (fd, v, n),
    n)

CALL(ssize_t, pread, -1, FAULT_READ,
    (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
CALL(ssize_t, pwrite, -1, FAULT_WRITE,
    (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
CALL(int, tcsetattr, -1, FAULT_PIPE,
    (int fd, int when, const struct termios *t), (fd, when, t))

CALL(int, inotify_add_watch, -1, FAULT_WATCH,
    (int fd, const char *path, uint32_t mask), (fd, path, mask))
CALL(int, inotify_rm_watch, -1, FAULT_WATCH, (int fd, int id), (fd, id))
CALL(int, epoll_ctl, -1, FAULT_WATCH,
    (int fd, int what, int of, struct epoll_event *e), (fd, what, of, e))

int
fcntl(int fd, int what, ...)
{
	static int (*next)(int, int, ...);
	enum fault_family family = FAULT_NET;
	va_list ap;
	long value;

	va_start(ap, what);
	value = va_arg(ap, long);
	va_end(ap);
	NEXT(fcntl);
	if (what == F_DUPFD || what == F_DUPFD_CLOEXEC)
		family = FAULT_DESCRIPTOR;
	else if (what == F_SETPIPE_SZ || what == F_GETPIPE_SZ)
		family = FAULT_PIPE;
	if (fault_now(family, "fcntl"))
		return -1;
	return next(fd, what, value);
}

int
ioctl(int fd, unsigned long what, ...)
{
	static int (*next)(int, unsigned long, ...);
	va_list ap;
	void *value;

	va_start(ap, what);
	value = va_arg(ap, void *);
	va_end(ap);
	NEXT(ioctl);
	if (fault_now(FAULT_PIPE, "ioctl"))
		return -1;
	return next(fd, what, value);
}

/* Those that have no function of their own (anchor_linux.c). */
long
syscall(long number, ...)
{
	static long (*next)(long, ...);
	long a[6];
	va_list ap;
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	NEXT(syscall);
	if ((number == SYS_pidfd_open &&
	    fault_now(FAULT_DESCRIPTOR, "pidfd_open")) ||
	    (number == SYS_clone && fault_now(FAULT_PROCESS, "clone")))
		return -1;
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- memory --- */

CALL(void *, mmap, MAP_FAILED, FAULT_MEMORY,
    (void *at, size_t n, int what, int flags, int fd, off_t from),
    (at, n, what, flags, fd, from))

/* libseccomp makes a filter without what it could not add (README). */
static bool
memory_now(void *caller, const char *call)
{
	Dl_info info;

	if (control == NULL || !control->armed || (dladdr(caller, &info) != 0 &&
	    strstr(info.dli_fname, "libseccomp") != NULL))
		return false;
	return fault_now(FAULT_MEMORY, call);
}

static void *
early_take(size_t size)
{
	void *p = early + early_used;

	size = (size + 15) & ~(size_t)15;
	if (early_used + size > sizeof(early))
		_exit(111);
	early_used += size;
	return p;
}

static bool
is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early +
	    sizeof(early);
}

void *
malloc(size_t size)
{
	static void *(*next)(size_t);
	static bool asked;

	if (next == NULL && asked)
		return early_take(size);
	asked = true;
	NEXT(malloc);
	return memory_now(__builtin_return_address(0), "malloc") ?
	    NULL : next(size);
}

void *
calloc(size_t n, size_t size)
{
	static void *(*next)(size_t, size_t);
	static bool asked;

	if (next == NULL && asked)
		return early_take(n * size);
	asked = true;
	NEXT(calloc);
	return memory_now(__builtin_return_address(0), "calloc") ?
	    NULL : next(n, size);
}

void *
realloc(void *old, size_t size)
{
	static void *(*next)(void *, size_t);
	static bool asked;

	if (next == NULL && asked)
		return NULL;
	asked = true;
	NEXT(realloc);
	return memory_now(__builtin_return_address(0), "realloc") ?
	    NULL : next(old, size);
}

void
free(void *p)
{
	static void (*next)(void *);
	static bool asked;

	/* What dlsym(3) gives back while it looks for us is lost. */
	if (is_early(p) || (next == NULL && asked))
		return;
	asked = true;
	NEXT(free);
	next(p);
}
