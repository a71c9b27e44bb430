/*
 * fifod: the broker.  Arguments, the way to the background, and the keeper.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/why.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "channel/directory.h"
#include "command/conf.h"
#include "command/control.h"
#include "command/limit.h"
#include "command/probe.h"
#include "keeper/keep.h"
#include "keeper/ready.h"
#include "keeper/request.h"
#include "keeper/sandbox.h"
#include "keeper/spawn.h"
#include "keeper/user.h"
#include "main/fifod.h"

/* The first word of an engine, which the keeper alone says. */
#define ENGINE "--engine"
#define ENGINE_WORDS (24 + 2 * FIFOD_LIMITS)

/* Linux's default of fs.nr_open is this, or more. */
#define DESCRIPTORS (1024 * 1024)

static void
usage(void)
{
	fprintf(stderr, "usage: fifod [-FntvX] [-f CONFIG] [-l LIMIT=N] "
	    "[-r RUNDIR] [-u USER]\n"
	    "       fifod -V\n");
	exit(FAULT_USAGE);
}

static void
parse(struct fifod *f, int argc, char **argv)
{
	struct why why;
	int c;

	while ((c = getopt(argc, argv, "Ff:l:nr:tu:vVX")) != -1) {
		switch (c) {
		case 'F':
			f->foreground = true;
			break;
		case 'f':
			f->conf = optarg;
			break;
		case 'l':
			if (f->nlimits == FIFOD_LIMITS)
				errx(FAULT_USAGE, "-l: given too often");
			if (limits_give(optarg, &why) == -1)
				errx(FAULT_USAGE, "-l: %s", why.text);
			/* The title will stand where it is. */
			f->limits[f->nlimits++] = xstrdup(optarg);
			break;
		case 'n':
			f->check = true;
			break;
		case 'r':
			if (*optarg == '\0')
				errx(FAULT_USAGE, "-r: the path is empty");
			f->rundir = optarg;
			break;
		case 't':
			f->transient = true;
			break;
		case 'u':
			f->user = optarg;
			break;
		case 'v':
			f->verbose++;
			break;
		case 'V':
			printf("fifod %s\n", PACKAGE_VERSION);
			exit(0);
		case 'X':
			f->unconfined = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || (f->transient && f->conf != NULL))
		usage();
}

void
fifod_say(const char *line, void *arg)
{
	char safe[2048];

	(void)arg;
	fprintf(stderr, "fifod: %s\n",
	    words_vis(line, safe, sizeof(safe)));
}

/* What is wrong before there is a log. */
static void
give_up(const struct why *why)
{
	char safe[4 * sizeof(why->text)];

	fprintf(stderr, "fifod: %s\n",
	    words_vis(why->text, safe, sizeof(safe)));
	exit((int)why->fault);
}

/* -n: read the configuration, say what is wrong, do nothing. */
static int
check_configuration(const char *given)
{
	char *path = conf_path(given);
	int wrong = 0;

	if (path != NULL)
		wrong = conf_check(path, fifod_say, NULL);
	else
		fprintf(stderr, "fifod: there is no configuration file\n");
	free(path);
	return wrong ? FAULT_USAGE : 0;
}

/*
 * Thousands of sessions need thousands of descriptors: all we may have, and
 * as root what the kernel allows a process by default.
 */
static void
raise_descriptors(mode_t mask)
{
	struct rlimit limit, more;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	keeper_home_own(mask, &limit);
	limit.rlim_cur = limit.rlim_max;
	more = limit;
	if (more.rlim_max < DESCRIPTORS)
		more.rlim_cur = more.rlim_max = DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &more) == -1)
		setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * In a core file there would be keys, passwords and what passes.  A limit of 1
 * is none, and unlike 0 none through a pipe either (core(5)).  Whoever wants one
 * says so by prlimit(1).  The process stays one that its user can look into: he
 * may anyway stop the broker and take its place.
 */
static void
forgo_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == -1)
		return;
	keeper_home_core(&limit);
	limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
	setrlimit(RLIMIT_CORE, &limit);
}

/* Descriptors 0 to 2 are always ours, whatever we were started with. */
static void
open_standard_descriptors(bool engine)
{
	int fd;

	if (engine)
		return;
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd != -1 && fd <= 2);
	if (fd > 2)
		close(fd);
}

void
fifod_to_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

/*
 * Go to the background.  The parent waits until the child says that its
 * control socket answers, and exits with what it says, or with 1 when it has
 * died.  Returns, in the child, the descriptor to say it on.
 */
static int
daemonise(void)
{
	unsigned char status = 1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		err(1, "pipe");
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		close(fds[0]);
		setsid();
		return fds[1];
	}
	close(fds[1]);
	while (read(fds[0], &status, 1) == -1 && errno == EINTR)
		;
	_exit(status);
}

/* RUNDIR/.pid; the lock is on the directory, this only says who holds it. */
static void
write_pid(int rundir_fd)
{
	static const struct directory_access access = { 0644, (gid_t)-1 };
	char pid[32];
	int n = snprintf(pid, sizeof(pid), "%jd\n", (intmax_t)getpid());

	if (directory_write(rundir_fd, "pid", pid, (size_t)n, &access) == -1 ||
	    renameat(rundir_fd, "pid", rundir_fd, ".pid") == -1)
		log_warn("pid file: %s", strerror(errno));
}

/* What the keeper's life needs to know of its beginning. */
struct begun {
	const char *rundir;
	int rundir_fd;
	int parent_fd;          /* who waits for the first engine; -1: nobody */
};

static int
control(void *arg)
{
	const struct begun *begun = arg;
	struct why why;
	int fd = control_make(begun->rundir_fd, begun->rundir, &why);

	if (fd == -1)
		log_warn("%s", why.text);
	return fd;
}

static void
swept(const char *name, int left)
{
	log_info("%s: left by the engine, removed%s", name, left == 0 ? "" :
	    " but for files that are not ours");
}

static void
sweep(void *arg)
{
	const struct begun *begun = arg;

	directory_sweep(begun->rundir_fd, NULL, swept);
}

/* The first engine is ready: let the parent go, and systemd know. */
static void
ready(void *arg)
{
	const unsigned char status = 0;
	int *parent_fd = &((struct begun *)arg)->parent_fd;
	char state[64];

	if (*parent_fd != -1) {
		snprintf(state, sizeof(state), "MAINPID=%jd",
		    (intmax_t)getpid());
		ready_tell(state);
		fifod_to_null();
		if (write(*parent_fd, &status, 1) == -1)
			log_debug("nobody waited for us");
		close(*parent_fd);
		*parent_fd = -1;
	}
	ready_tell("READY=1");
}

/* The engine's words: ours, in full. */
static void
engine_words(const struct fifod *f, char *argv[ENGINE_WORDS])
{
	int n = 0, i;

	argv[n++] = (char *)(uintptr_t)"fifod";
	argv[n++] = (char *)(uintptr_t)ENGINE;
	argv[n++] = (char *)(uintptr_t)"-r";
	argv[n++] = (char *)(uintptr_t)f->rundir;
	if (f->conf != NULL) {
		argv[n++] = (char *)(uintptr_t)"-f";
		argv[n++] = (char *)(uintptr_t)f->conf;
	}
	if (f->foreground)
		argv[n++] = (char *)(uintptr_t)"-F";
	if (f->transient)
		argv[n++] = (char *)(uintptr_t)"-t";
	if (f->unconfined)
		argv[n++] = (char *)(uintptr_t)"-X";
	for (i = 0; i < f->nlimits; i++) {
		argv[n++] = (char *)(uintptr_t)"-l";
		argv[n++] = (char *)(uintptr_t)f->limits[i];
	}
	for (i = 0; i < f->verbose && n < ENGINE_WORDS - 1; i++)
		argv[n++] = (char *)(uintptr_t)"-v";
	argv[n] = NULL;
}

static int
keeper_run(const struct fifod *f, int rundir_fd, const char *path)
{
	struct begun begun = { f->rundir, rundir_fd,
		f->foreground ? -1 : daemonise() };
	char *argv[ENGINE_WORDS];
	struct keep keep = { .path = path, .argv = argv,
		.rundir_fd = rundir_fd, .control = control, .sweep = sweep,
		.ready = ready, .arg = &begun };
	unsigned char status;
	struct why why;

	log_init(f->foreground, f->verbose);
	engine_words(f, argv);
	write_pid(rundir_fd);
	keep.control_fd = control_make(rundir_fd, f->rundir, &why);
	if (keep.control_fd == -1)
		give_up(&why);
	loop_init();
	status = (unsigned char)keep_run(&keep);
	loop_free();
	unlinkat(rundir_fd, CONTROL_NAME, 0);
	unlinkat(rundir_fd, ".pid", 0);
	log_info("stopped");
	if (begun.parent_fd != -1 && write(begun.parent_fd, &status, 1) == -1)
		log_debug("nobody waited for us");
	return status;
}

/* Whom -u or the configuration file names, and with no more rights than it
   takes. */
static void
become(const struct fifod *f, const char *conf, const char *rundir)
{
	char *named = f->user == NULL && conf != NULL ? conf_user(conf) : NULL;
	const char *user = named != NULL ? named : f->user;
	struct why why;

	if (user != NULL && user_become(user, rundir, &why) == -1)
		give_up(&why);
	sandbox_keeper();
	free(named);
}

/* Who we are is settled first, and that the run directory is ours. */
static int
keeper_main(struct fifod *f, mode_t mask, int argc, char **argv)
{
	char *rundir = keeper_rundir_path(f->rundir), *conf = NULL, *path;
	struct why why;
	int fd, status;

	if (!f->transient)
		conf = conf_path(f->conf);
	path = keep_path(argv[0]);
	if (path == NULL)
		errx(FAULT_REFUSED, "cannot find out where this program is");
	raise_descriptors(mask);
	become(f, conf, rundir);
	fd = keeper_rundir_open(rundir, true, &why);
	if (fd == -1 || keeper_rundir_lock(fd, rundir, &why) == -1)
		give_up(&why);
	forgo_core();
	f->rundir = rundir;
	f->conf = conf;
	setproctitle_init(argc, argv, environ);
	setproctitle("-fifod: keeper");
	status = keeper_run(f, fd, path);
	keeper_rundir_unlock(fd);
	close(fd);
	free(path);
	free(conf);
	free(rundir);
	return status;
}

int
main(int argc, char **argv)
{
	bool engine = argc > 1 && strcmp(argv[1], ENGINE) == 0;
	struct fifod f = { 0 };
	mode_t mask = umask(077);

	/* For fifoctl probe, which has no TLS: nothing of a broker is begun. */
	open_standard_descriptors(engine);
	if (argc > 1 && strcmp(argv[1], "--probe") == 0)
		return probing_run(argc - 2, argv + 2);
	/* For a keeper that would have us take over. */
	if (argc == 3 && strcmp(argv[1], "--protocol") == 0)
		return atoi(argv[2]) == REQUEST_PROTOCOL ? REQUEST_FITS : 1;
	setprogname("fifod");
	/* It moves the words away from where the title will stand. */
	if (engine)
		setproctitle_init(argc, argv, environ);
	parse(&f, argc - engine, argv + engine);
	if (f.check)
		return check_configuration(f.conf);
	if (engine) {
		setproctitle("-fifod: engine");
		return engine_run(&f);
	}
	/* In the background nothing of whoever started us is kept. */
	if (!f.foreground)
		closefrom(3);
	return keeper_main(&f, mask, argc, argv);
}
