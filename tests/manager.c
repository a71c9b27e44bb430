/*
 * A service manager, as far as a broker needs one: it starts a program, keeps
 * the descriptors that this gives it (FDSTORE of sd_notify(3)), and starts it
 * again with these when it was killed.
 *
 *	manager SOCKET PROGRAM [WORD]...
 *
 * Prints what happens, a line each: "started PID", "stored NAME", "dropped
 * NAME", "ended STATUS", and what else it is told.  SIGTERM goes on to the
 * program, which is the end.  SIGUSR1: what the program holds of homes makes no
 * sense any more, and "homes are lost".
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORED_MAX 256

static struct {
	char name[256];
	int fd;
} stored[STORED_MAX];
static int nstored;
static volatile sig_atomic_t told_to_stop, child_ended, told_to_lose;
static pid_t pid;

static void
on_terminate(int signo)
{
	(void)signo;
	told_to_stop = 1;
	kill(pid, SIGTERM);
}

static void
on_child(int signo)
{
	(void)signo;
	child_ended = 1;
}

static void
on_lose(int signo)
{
	(void)signo;
	told_to_lose = 1;
}

/* All of them from descriptor 3 on, and what tells of them. */
static void
set_environment(void)
{
	static char names[STORED_MAX * 256];
	char number[32];
	int i;

	for (i = 0; i < nstored; i++) {
		if (i > 0)
			strcat(names, ":");
		strcat(names, stored[i].name);
		if (dup2(stored[i].fd, 3 + i) == -1)
			err(1, "dup2");
	}
	snprintf(number, sizeof(number), "%d", nstored);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof(number), "%ld", (long)getpid());
	setenv("LISTEN_PID", number, 1);
}

static void
start(char **argv)
{
	sigset_t none;

	fflush(stdout);
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (nstored > 0)
			set_environment();
		execv(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	printf("started %ld\n", (long)pid);
}

/* High, so that those of a child can be put in their places. */
static void
store(const char *name, int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 1000);

	if (high == -1 || nstored == STORED_MAX)
		errx(1, "%s: cannot be stored", name);
	snprintf(stored[nstored].name, sizeof(stored[nstored].name), "%s",
	    name);
	stored[nstored++].fd = high;
	printf("stored %s\n", name);
}

static void
drop(const char *name)
{
	int i, kept = 0;

	for (i = 0; i < nstored; i++) {
		if (strcmp(stored[i].name, name) == 0) {
			close(stored[i].fd);
			printf("dropped %s\n", name);
		} else {
			stored[kept++] = stored[i];
		}
	}
	nstored = kept;
}

static void
hear(int fd)
{
	char text[1024], *name;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec v = { text, sizeof(text) - 1 };
	struct msghdr message = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int with = -1;

	if (n == -1)
		return;
	text[n] = '\0';
	if (CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&with, CMSG_DATA(CMSG_FIRSTHDR(&message)),
		    sizeof(with));
	name = strstr(text, "FDNAME=");
	if (name != NULL && strncmp(text, "FDSTORE=1\n", 10) == 0)
		store(name + 7, with);
	else if (name != NULL && strncmp(text, "FDSTOREREMOVE=1\n", 16) == 0)
		drop(name + 7);
	else
		printf("told %.*s\n", (int)strcspn(text, "\n"), text);
	if (with != -1)
		close(with);
}

/* In the files that it holds, keys that it makes nothing of. */
static void
lose_homes(void)
{
	static char bytes[1024 * 1024];
	const char *at;
	ssize_t n;
	int i;

	told_to_lose = 0;
	for (i = 0; i < nstored; i++) {
		if (strncmp(stored[i].name, "held-", 5) != 0)
			continue;
		n = pread(stored[i].fd, bytes, sizeof(bytes), 0);
		for (at = bytes; n > 0 && (at = memmem(at, (size_t)(bytes + n -
		    at), "home/", 5)) != NULL; at++)
			(void)!pwrite(stored[i].fd, "lost/", 5, at - bytes);
	}
	printf("homes are lost\n");
}

static int
listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	return fd;
}

int
main(int argc, char **argv)
{
	struct pollfd p = { .events = POLLIN };
	sigset_t ours, none;
	int status;

	if (argc < 3)
		errx(2, "usage: manager SOCKET PROGRAM [WORD]...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&none);
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGUSR1);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	signal(SIGTERM, on_terminate);
	signal(SIGCHLD, on_child);
	signal(SIGUSR1, on_lose);
	p.fd = listen_at(argv[1]);
	setenv("NOTIFY_SOCKET", argv[1], 1);
	start(argv + 2);
	for (;;) {
		if (ppoll(&p, 1, NULL, &none) == 1)
			hear(p.fd);
		if (told_to_lose)
			lose_homes();
		if (!child_ended || waitpid(pid, &status, WNOHANG) != pid)
			continue;
		child_ended = 0;
		/* What it said last counts. */
		while (poll(&p, 1, 0) == 1)
			hear(p.fd);
		printf("ended %d\n", status);
		if (told_to_stop || WIFEXITED(status))
			return 0;
		start(argv + 2);
	}
}
