/*
 * The numbers that names stand for: groups, users and services.  What the
 * system asks for them may be on the network (nsswitch.conf(5)), and may hang:
 * so it is a child that asks, as look-ups do, and it has its time.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/direct.h"
#include "keeper/sandbox.h"
#include "keeper/user.h"

#define NAME_PATIENCE_MS 5000

/* What is asked; false: there is none. */
typedef bool name_find(const char *name, const char *protocol,
    uint32_t *number);

static bool
name_group(const char *name, const char *protocol, uint32_t *number)
{
	const struct group *group = getgrnam(name);

	(void)protocol;
	if (group != NULL)
		*number = group->gr_gid;
	return group != NULL;
}

static bool
name_user(const char *name, const char *protocol, uint32_t *number)
{
	const struct passwd *user = user_find(name);

	(void)protocol;
	if (user != NULL)
		*number = user->pw_uid;
	return user != NULL;
}

static bool
name_service(const char *name, const char *protocol, uint32_t *number)
{
	const struct servent *service = getservbyname(name, protocol);

	if (service != NULL)
		*number = ntohs((uint16_t)service->s_port);
	return service != NULL;
}

struct name_answer {
	uint32_t number;
	bool found;
};

/* It holds nothing of ours but the pipe. */
static void
name_child(int fd, name_find *find, const char *name, const char *protocol)
{
	struct name_answer answer = { 0 };

	dup2(fd, 3);
	closefrom(4);
	sandbox_look_up();
	answer.found = find(name, protocol, &answer.number);
	(void)!write(3, &answer, sizeof(answer));
	_exit(0);
}

/* 0, or -1: it has died, or time is up. */
static int
name_hear(int fd, struct name_answer *answer)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, NAME_PATIENCE_MS) > 0 && read(fd, answer,
	    sizeof(*answer)) == (ssize_t)sizeof(*answer) ? 0 : -1;
}

/*
 * 1, or 0: there is none of that name; or -1: that could not be found out.  All
 * signals wait: a handler of ours would be the child's, too.  Where there can
 * be no child we ask ourselves.
 */
static int
name_is(name_find *find, const char *name, const char *protocol,
    uint32_t *number)
{
	struct name_answer answer = { 0 };
	sigset_t all, before;
	int fds[2], rv = -1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return find(name, protocol, number);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		name_child(fds[1], find, name, protocol);
	close(fds[1]);
	if (pid != -1) {
		rv = name_hear(fds[0], &answer);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[0]);
	if (pid == -1)
		return find(name, protocol, number);
	*number = answer.number;
	return rv == -1 ? -1 : answer.found;
}

int
direct_group(const char *name, gid_t *gid, struct why *why)
{
	uint32_t number;
	int is;

	*gid = (gid_t)-1;
	if (name == NULL)
		return 0;
	is = name_is(name_group, name, NULL, &number);
	if (is == -1)
		return why_fail(why, FAULT_REFUSED, "group: %.60s was not "
		    "found out in %d s", name, NAME_PATIENCE_MS / 1000);
	if (is == 0)
		return why_fail(why, FAULT_USAGE, "group: no group is called "
		    "%.60s", name);
	*gid = number;
	return 0;
}

int
direct_user(const char *name, uid_t *uid)
{
	uint32_t number;

	if (name_is(name_user, name, NULL, &number) != 1)
		return -1;
	*uid = number;
	return 0;
}

uint16_t
direct_service(const char *name, const char *protocol)
{
	uint32_t number;

	return name_is(name_service, name, protocol, &number) == 1 ?
	    (uint16_t)number : 0;
}
