/*
 * confined: what can be done from within the sandbox of the engine.
 *
 *	confined [-n] [-r PATH]... RUNDIR ATTEMPT...
 *	confined -l MECHANISM[,MECHANISM] PROGRAM ARGUMENT...
 *
 * Each attempt is made by a process of its own that has entered the sandbox,
 * with -r PATH as what it may read, too; a line on standard output says how
 * it went: `ATTEMPT done', `ATTEMPT EPERM' or what else errno was, or
 * `ATTEMPT SIGSYS'.  `name' prints sandbox_name(), and `build' `strict', or
 * `tests' where it is confined less for their sake.
 *
 * With -n it has entered that of a child that looks up names.
 *
 * With -l the program runs on a kernel that lacks these mechanisms (landlock,
 * seccomp), as far as it can tell.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confined.h"
#include "keeper/sandbox.h"

#define READABLE 8

int rundir_fd, given_fd;
static bool looks_up;
pid_t parent_pid;

static void
attempt_in_child(const struct attempt *a, const struct sandbox *what)
{
	struct why why;

	if (looks_up)
		sandbox_look_up();
	else if (sandbox_enter(what, &why) == -1)
		fprintf(stderr, "%s\n", why.text);
	errno = 0;
	if (a->try() == -1)
		printf("%s %s\n", a->name, strerrorname_np(errno));
	else
		printf("%s done\n", a->name);
	fflush(stdout);
	_exit(0);
}

static void
attempt(const struct attempt *a, const struct sandbox *what)
{
	pid_t pid;
	int status;

	fflush(stdout);
	parent_pid = getpid();
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		attempt_in_child(a, what);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "wait");
	if (WIFSIGNALED(status))
		printf("%s SIG%s\n", a->name, sigabbrev_np(WTERMSIG(status)));
}

static void
attempt_by_name(const char *name, const struct sandbox *what)
{
	size_t i;

	for (i = 0; i < nattempts; i++)
		if (strcmp(attempts[i].name, name) == 0)
			break;
	if (i == nattempts)
		errx(2, "%s: no such attempt", name);
	attempt(&attempts[i], what);
}

/* What seccomp(2) and prctl(2) say where the kernel was built without. */
static void
lack(const char *which, char **argv)
{
	const struct scmp_arg_cmp mode = { 0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0 };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	if (strstr(which, "landlock") != NULL)
		seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
		    SCMP_SYS(landlock_create_ruleset), 0);
	if (strstr(which, "seccomp") != NULL) {
		seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp),
		    0);
		seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EINVAL),
		    SCMP_SYS(prctl), 1, &mode);
	}
	if (seccomp_load(f) != 0)
		err(1, "seccomp");
	seccomp_release(f);
	execvp(argv[0], argv);
	err(1, "%s", argv[0]);
}

int
main(int argc, char **argv)
{
	const char *readable[READABLE + 1] = { NULL };
	struct sandbox what = { .readable = readable };
	int c, n = 0;

	while ((c = getopt(argc, argv, "+l:nr:")) != -1) {
		if (c == 'l' && optind < argc)
			lack(optarg, argv + optind);
		else if (c == 'n')
			looks_up = true;
		else if (c == 'r' && n < READABLE)
			readable[n++] = optarg;
		else
			errx(2, "usage: confined [-n] [-r PATH] RUNDIR ATTEMPT...");
	}
	if (optind >= argc)
		errx(2, "usage: confined [-n] [-r PATH] RUNDIR ATTEMPT...");
	rundir_fd = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rundir_fd == -1)
		err(1, "%s", argv[optind]);
	what.rundir_fd = rundir_fd;
	given_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (given_fd == -1)
		err(1, "socket");
	for (optind++; optind < argc; optind++)
		attempt_by_name(argv[optind], &what);
	return 0;
}
