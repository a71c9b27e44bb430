#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/sandbox.h"
#include "keeper/user.h"

static void
user_environment(const struct passwd *user)
{
	setenv("HOME", user->pw_dir, 1);
	setenv("USER", user->pw_name, 1);
	setenv("LOGNAME", user->pw_name, 1);
	setenv("SHELL", user->pw_shell[0] != '\0' ? user->pw_shell :
	    "/bin/sh", 1);
}

/* What is not empty stays whose it is, and is looked at later. */
static int
user_make_rundir(const char *path, const struct passwd *user)
{
	int fd, rv;

	if (mkdir(path, 0700) == -1 && (errno != EEXIST ||
	    rmdir(path) == -1 || mkdir(path, 0700) == -1))
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rv = fchown(fd, user->pw_uid, user->pw_gid);
	close(fd);
	return rv;
}

const struct passwd *
user_find(const char *name)
{
	const struct passwd *user = getpwnam(name);
	const char *error;
	uid_t uid;

	if (user != NULL)
		return user;
	uid = (uid_t)strtonum(name, 0, UINT32_MAX - 1, &error);
	return error == NULL ? getpwuid(uid) : NULL;
}

int
user_become(const char *name, const char *rundir, struct why *why)
{
	const struct passwd *user = user_find(name);

	if (user == NULL)
		return why_fail(why, FAULT_REFUSED, "user %.60s: there is no "
		    "such user", name);
	if (user->pw_uid == geteuid())
		return 0;
	if (geteuid() != 0)
		return why_fail(why, FAULT_REFUSED, "user %.60s: only root "
		    "can start a broker as another user", name);
	sandbox_keep_rights();
	if (user_make_rundir(rundir, user) == -1 ||
	    initgroups(user->pw_name, user->pw_gid) == -1 ||
	    setgid(user->pw_gid) == -1 || setuid(user->pw_uid) == -1)
		return why_fail(why, FAULT_REFUSED, "user %.60s: %s", name,
		    strerror(errno));
	user_environment(user);
	return 0;
}
