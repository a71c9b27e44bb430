/*
 * Files: what stands beneath the run directory, and a few others to read
 * (landlock(7)).  The kernel is asked which of its rights it knows, and those
 * it does not are left out; what was opened by the keeper, or before, stays
 * as it is.
 *
 * Not restrained: connections, which are what the engine is for; and unix
 * sockets that stand in the file system, which Landlock does not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/sandbox_internal.h"

/* Newer than the headers that we may be built with. */
#define FS_TRUNCATE ((uint64_t)1 << 14)         /* 3 */
#define FS_IOCTL_DEV ((uint64_t)1 << 15)        /* 5 */
#define NET_BIND_TCP ((uint64_t)1 << 0)         /* 4 */
#define SCOPE_SIGNAL ((uint64_t)1 << 1)         /* 6 */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_OURS (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
	LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
#define FS_ALL (FS_OURS | LANDLOCK_ACCESS_FS_EXECUTE | \
	LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL_DEV)
/* What may be asked about a file that is no directory. */
#define FS_OF_FILE (LANDLOCK_ACCESS_FS_EXECUTE | \
	LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	FS_TRUNCATE | FS_IOCTL_DEV)

/* struct landlock_ruleset_attr of ABI 6; an older kernel gets its beginning. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/*
 * What each version of the kernel's side brought.  The first one knows no
 * renaming between directories, which we need.
 */
static const struct {
	int abi;
	uint64_t fs, net, scoped;
	size_t size;
} versions[] = {
	{ 6, FS_ALL, NET_BIND_TCP, SCOPE_SIGNAL, sizeof(struct ruleset) },
	{ 5, FS_ALL, NET_BIND_TCP, 0, offsetof(struct ruleset, scoped) },
	{ 4, FS_ALL & ~FS_IOCTL_DEV, NET_BIND_TCP, 0,
	    offsetof(struct ruleset, scoped) },
	{ 3, FS_ALL & ~FS_IOCTL_DEV, 0, 0, offsetof(struct ruleset, net) },
	{ 2, FS_ALL & ~FS_IOCTL_DEV & ~FS_TRUNCATE, 0, 0,
	    offsetof(struct ruleset, net) },
};
#define NVERSIONS (sizeof(versions) / sizeof(versions[0]))

/* What every engine may read, where it is there. */
static const char *const landlock_readable[] = {
	"/etc/localtime", "/usr/share/zoneinfo",
	/* Certificates, and what links to them; no keys: /etc/ssl/private. */
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf",
	"/etc/pki/tls/certs", "/etc/pki/tls/cert.pem",
	"/etc/pki/ca-trust/extracted", "/etc/ca-certificates/extracted",
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	NULL
};
static const char *const landlock_devices[] = { "/dev/null", NULL };

static int
landlock_allow_fd(int ruleset_fd, int fd, uint64_t access)
{
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = access, .parent_fd = fd };

	return (int)syscall(SYS_landlock_add_rule, ruleset_fd,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* One that is not there needs no leave. */
static void
landlock_allow(int ruleset_fd, const char *path, uint64_t access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0)
		landlock_allow_fd(ruleset_fd, fd, S_ISDIR(st.st_mode) ?
		    access : access & FS_OF_FILE);
	close(fd);
}

static void
landlock_allow_all(int ruleset_fd, const char *const *paths, uint64_t access)
{
	for (; *paths != NULL; paths++)
		landlock_allow(ruleset_fd, *paths, access);
}

static int
landlock_rules(int ruleset_fd, const struct sandbox *what, uint64_t known)
{
	landlock_allow_all(ruleset_fd, landlock_readable, FS_READ);
	landlock_allow_all(ruleset_fd, landlock_devices,
	    FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	landlock_allow_all(ruleset_fd, what->readable, FS_READ);
	landlock_allow_all(ruleset_fd, sandbox_build.readable, FS_READ);
	landlock_allow_all(ruleset_fd, sandbox_build.writable,
	    FS_OURS & known);
	return landlock_allow_fd(ruleset_fd, what->rundir_fd,
	    FS_OURS & known);
}

/* Of these rights those that the kernel knows; what they are is told. */
static int
landlock_ruleset(uint64_t fs, uint64_t *known)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset set;
	size_t i;

	if (abi == -1)
		return -1;
	for (i = 0; i < NVERSIONS && versions[i].abi > abi; i++)
		;
	if (i == NVERSIONS) {
		errno = EOPNOTSUPP;
		return -1;
	}
	*known = versions[i].fs & fs;
	set = (struct ruleset){ .fs = *known, .net = versions[i].net,
		.scoped = versions[i].scoped };
	return (int)syscall(SYS_landlock_create_ruleset, &set,
	    versions[i].size, 0);
}

/* From now on; the ruleset is closed.  0, or -1 + errno. */
static int
landlock_restrict(int ruleset_fd)
{
	int rv = (int)syscall(SYS_landlock_restrict_self, ruleset_fd, 0);
	int error = errno;

	close(ruleset_fd);
	errno = error;
	return rv;
}

int
sandbox_landlock(const struct sandbox *what)
{
	uint64_t known;
	int fd = landlock_ruleset(FS_ALL, &known), error;

	if (fd == -1)
		return -1;
	if (landlock_rules(fd, what, known) == 0)
		return landlock_restrict(fd);
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
sandbox_landlock_writes(void)
{
	uint64_t known;
	int fd = landlock_ruleset(FS_ALL & ~FS_READ, &known);

	if (fd == -1)
		return -1;
	landlock_allow_all(fd, landlock_devices,
	    LANDLOCK_ACCESS_FS_WRITE_FILE);
	landlock_allow_all(fd, sandbox_build.writable, FS_OURS & known);
	return landlock_restrict(fd);
}
