/*
 * What a test needs and a shell is too slow or too weak for: it looks without
 * a pause between, and it makes what stands still.
 *
 *	whole DIR END           is DIR ever seen half-made?
 *	torn FILE END           is FILE, a status, ever read half-written?
 *	after eof|byte OUT STATUS N
 *	                        what STATUS says right after OUT has ended, or
 *	                        has given a byte; N times
 *	lo up|down              the loopback device
 *	mute PORT               a UDP socket that never answers
 *	join PID                be in the process group of PID, which then is
 *	                        none that an end of its parent makes an orphan
 *	ask PID HEX             put the number HEX, and so no question that makes
 *	                        sense, to the keeper as its engine PID; 77
 *	                        where one process cannot be another here
 *
 * The first two look until the file END exists, and print what they saw.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <net/if.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT 65536

static bool
ended(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Is the directory behind fd what the path names, still? */
static bool
still_there(int fd, const char *path)
{
	struct stat ours, now;

	return fstat(fd, &ours) == 0 && stat(path, &now) == 0 &&
	    ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;
}

/* The first of what it must have that is not there; NULL: it is whole. */
static const char *
missing(int fd)
{
	static const char *const names[] = { "in", "out", "ctl", "status",
		"log" };
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == -1)
			return names[i];
	return NULL;
}

/*
 * One that has lost its name may be emptied; one that misses something and
 * has its name still, afterwards, had it then.
 */
static int
whole(char **args)
{
	unsigned long seen = 0, absent = 0, half = 0;
	const char *name;
	int fd;

	while (!ended(args[1])) {
		fd = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1) {
			absent++;
			continue;
		}
		name = missing(fd);
		if (name == NULL)
			seen++;
		else if (still_there(fd, args[0]) && half++ < 5)
			printf("no %s\n", name);
		close(fd);
	}
	printf("seen %lu absent %lu half %lu\n", seen, absent, half);
	return 0;
}

/* The whole file, as a string; -1 where there is none. */
static ssize_t
text_read(const char *path, char *text)
{
	ssize_t n, have = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	while ((n = read(fd, text + have, TEXT - 1 - have)) > 0)
		have += n;
	close(fd);
	text[have] = '\0';
	return have;
}

static unsigned int
lines(const char *text)
{
	unsigned int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Complete is: as many lines as at first, the first of them, and the last. */
static int
torn(char **args)
{
	static char text[TEXT], last[TEXT];
	unsigned long n = 0, bad = 0, versions = 0;
	unsigned int want = 0;
	ssize_t length;

	while (!ended(args[1])) {
		length = text_read(args[0], text);
		n++;
		if (want == 0)
			want = lines(text);
		if (length < 1 || strncmp(text, "name=", 5) != 0 ||
		    text[length - 1] != '\n' || lines(text) != want)
			bad++;
		versions += strcmp(text, last) != 0;
		strcpy(last, text);
	}
	printf("read %lu torn %lu versions %lu\n", n, bad, versions);
	return 0;
}

static void
print_state(const char *text)
{
	const char *state = strstr(text, "\nstate=");

	state = state == NULL ? "nothing" : state + strlen("\nstate=");
	printf("%.*s\n", (int)strcspn(state, "\n"), state);
}

static int
after(char **args)
{
	static char text[TEXT];
	bool eof = strcmp(args[0], "eof") == 0;
	int fd, times = atoi(args[3]);
	ssize_t n;

	while (times-- > 0) {
		fd = open(args[1], O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			err(1, "%s", args[1]);
		do {
			n = read(fd, text, eof ? sizeof text : 1);
		} while (eof && n > 0);
		if (n == -1)
			err(1, "%s", args[1]);
		if (text_read(args[2], text) == -1)
			err(1, "%s", args[2]);
		print_state(text);
		fflush(stdout);
		close(fd);
	}
	return 0;
}

static int
lo(char **args)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || ioctl(fd, SIOCGIFFLAGS, &request) == -1)
		err(1, "lo");
	request.ifr_flags &= ~IFF_UP;
	if (strcmp(args[0], "up") == 0)
		request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) == -1)
		err(1, "lo %s", args[0]);
	close(fd);
	return 0;
}

static int
mute(char **args)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(atoi(args[0])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) == -1)
		err(1, "port %s", args[0]);
	puts("mute");
	fflush(stdout);
	return sleep(600) != 0;
}

#ifdef SYS_pidfd_getfd
/* The engine's third descriptor is its way to the keeper. */
static int
ask(char **args)
{
	unsigned long long number = strtoull(args[1], NULL, 16);
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(args[0]), 0);
	int fd = pidfd == -1 ? -1 :
	    (int)syscall(SYS_pidfd_getfd, pidfd, 3, 0);

	if (fd == -1)
		return 77;
	return send(fd, &number, sizeof(number), 0) == -1;
}
#else
static int
ask(char **args)
{
	(void)args;
	return 77;
}
#endif

static int
join(char **args)
{
	if (setpgid(0, atoi(args[0])) == -1)
		err(1, "setpgid");
	puts("joined");
	fflush(stdout);
	pause();
	return 0;
}

static const struct {
	const char *name;
	int nargs;
	int (*run)(char **args);
} verbs[] = {
	{ "whole", 2, whole },
	{ "torn", 2, torn },
	{ "after", 4, after },
	{ "lo", 1, lo },
	{ "mute", 1, mute },
	{ "join", 1, join },
	{ "ask", 2, ask },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (argc == verbs[i].nargs + 2 &&
		    strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argv + 2);
	errx(2, "usage: aid whole|torn PATH END, aid after eof|byte OUT STATUS "
	    "N, aid lo up|down, aid mute PORT, aid join PID, aid ask PID HEX");
}
