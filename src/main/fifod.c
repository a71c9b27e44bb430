/*
 * fifod: the broker.  Arguments, the way to the background, the loop.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/chunk.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/why.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "channel/directory.h"
#include "command/broker.h"
#include "command/conf.h"
#include "command/control.h"
#include "command/limit.h"
#include "command/probe.h"
#include "keeper/keeper.h"
#include "keeper/ready.h"
#include "keeper/spawn.h"
#include "session/relay_pipe.h"

/* Linux's default of fs.nr_open is this, or more. */
#define DESCRIPTORS (1024 * 1024)

struct fifod {
	bool foreground, check, transient;
	int verbose;
	const char *conf, *rundir;
};

static void
usage(void)
{
	fprintf(stderr, "usage: fifod [-Fntv] [-f CONFIG] [-l LIMIT=N] "
	    "[-r RUNDIR]\n"
	    "       fifod -V\n");
	exit(FAULT_USAGE);
}

static void
parse(struct fifod *f, int argc, char **argv)
{
	struct why why;
	int c;

	while ((c = getopt(argc, argv, "Ff:l:nr:tvV")) != -1) {
		switch (c) {
		case 'F':
			f->foreground = true;
			break;
		case 'f':
			f->conf = optarg;
			break;
		case 'l':
			if (limits_give(optarg, &why) == -1)
				errx(FAULT_USAGE, "-l: %s", why.text);
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
		case 'v':
			f->verbose++;
			break;
		case 'V':
			printf("fifod %s\n", PACKAGE_VERSION);
			exit(0);
		default:
			usage();
		}
	}
	if (optind != argc || (f->transient && f->conf != NULL))
		usage();
}

static void
say(const char *line, void *arg)
{
	char safe[2048];

	(void)arg;
	fprintf(stderr, "fifod: %s\n",
	    words_vis(line, safe, sizeof(safe)));
}

/* -n: read the configuration, say what is wrong, do nothing. */
static int
check_configuration(const char *given)
{
	char *path = conf_path(given);
	int wrong = 0;

	if (path != NULL)
		wrong = conf_check(path, say, NULL);
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

/* Descriptors 0 to 2 are always ours, whatever we were started with. */
static void
open_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd != -1 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static void
to_null(void)
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

static void
swept(const char *name, int left)
{
	if (left == 0)
		log_debug("%s: left by an earlier broker, removed", name);
	else
		log_warn("%s: left by an earlier broker, cannot be removed "
		    "whole: it holds files that are not ours", name);
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

static void
on_terminate(void *arg)
{
	(void)arg;
	if (broker_stopping()) {
		broker_stop_now();
		return;
	}
	log_info("stopping");
	ready_tell("STOPPING=1");
	broker_drain();
}

static void
on_hangup(void *arg)
{
	(void)arg;
	ready_tell_reloading();
	conf_reload(NULL, NULL);
	ready_tell("READY=1");
}

static void
take_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow further is a write(2) that fails. */
	signal(SIGXFSZ, SIG_IGN);
	loop_signal(SIGTERM, on_terminate, NULL);
	loop_signal(SIGINT, on_terminate, NULL);
	loop_signal(SIGHUP, on_hangup, NULL);
}

/* The control socket answers: let the parent go, and systemd know. */
static void
tell_ready(int *parent_fd)
{
	const unsigned char status = 0;

	if (*parent_fd != -1) {
		to_null();
		if (write(*parent_fd, &status, 1) == -1)
			log_debug("nobody waited for us");
		close(*parent_fd);
		*parent_fd = -1;
	}
	ready_tell("READY=1");
}

/* OpenSSL's own allocation, with our reserve behind it. */
static void *
crypto_take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xalloc_try(NULL, size);
}

static void *
crypto_resize(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return xalloc_try(old, size);
	free(old);
	return NULL;
}

static void
crypto_give(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

/* What it has once failed to set up it does not try again, or worse. */
static void
keep_reserve(void)
{
	CRYPTO_set_mem_functions(crypto_take, crypto_resize, crypto_give);
	xalloc_keep();
}

static int
run(const struct fifod *f, const struct session_place *place, char *conf)
{
	int parent_fd = f->foreground ? -1 : daemonise();
	unsigned char status = 0;
	struct limits defaults;
	struct why why;

	log_init(f->foreground, f->verbose);
	keep_reserve();
	loop_init();
	take_signals();
	write_pid(place->rundir_fd);
	directory_sweep(place->rundir_fd, swept);
	limits_init(&defaults);
	limits_apply(&defaults);
	broker_init(place, f->transient);
	if (control_listen(&why) == -1)
		errx((int)why.fault, "%s", why.text);
	if (conf != NULL && conf_load(conf, say, NULL) == -1) {
		status = FAULT_USAGE;
	} else {
		log_info("%s, run directory %s", PACKAGE_STRING,
		    place->rundir);
		tell_ready(&parent_fd);
		loop_run();
	}
	control_close();
	broker_free();
	conf_free();
	keeper_children_end();
	unlinkat(place->rundir_fd, ".pid", 0);
	log_info("stopped");
	if (parent_fd != -1 && write(parent_fd, &status, 1) == -1)
		log_debug("nobody waited for us");
	return status;
}

int
main(int argc, char **argv)
{
	struct fifod f = { 0 };
	struct session_place place = { .rundir_fd = -1 };
	struct why why;
	char *rundir, *conf = NULL;
	mode_t mask = umask(077);
	int status;

	open_standard_descriptors();
	/* For fifoctl probe, which has no TLS: nothing of a broker is begun. */
	if (argc > 1 && strcmp(argv[1], "--probe") == 0)
		return probing_run(argc - 2, argv + 2);
	setprogname("fifod");
	parse(&f, argc, argv);
	if (f.check)
		return check_configuration(f.conf);
	/* In the background nothing of whoever started us is kept. */
	if (!f.foreground)
		closefrom(3);
	if (!f.transient)
		conf = conf_path(f.conf);
	rundir = keeper_rundir_path(f.rundir);
	place.rundir = rundir;
	place.rundir_fd = keeper_rundir_open(rundir, true, &why);
	if (place.rundir_fd == -1 ||
	    keeper_rundir_lock(place.rundir_fd, rundir, &why) == -1)
		errx((int)why.fault, "%s", why.text);
	raise_descriptors(mask);
	setproctitle_init(argc, argv, environ);
	setproctitle("-fifod: engine");
	status = run(&f, &place, conf);
	keeper_recall_end();
	loop_free();
	chunk_free_all();
	relay_pipe_close_all();
	OPENSSL_cleanup();
	close(place.rundir_fd);
	free(conf);
	free(rundir);
	return status;
}
