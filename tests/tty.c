/*
 * tty: a person at a terminal.  Runs a command on a terminal of its own, does
 * what the steps say, and prints all that the command has written to it.
 *
 *	tty [-T SECONDS] [-s ROWSxCOLUMNS] [-e STEP]... COMMAND [ARGUMENT]...
 *
 *	send TEXT	type it
 *	expect TEXT	wait until it was written, behind what was expected
 *			last
 *	size ROWS COLUMNS
 *			the window is of another size now
 *	eof		type ^D
 *	close		take the terminal away
 *	signal NUMBER	send that signal to the command alone
 *
 * \a \b \e \f \n \r \t \v \\ and \xHH are known in TEXT; Enter is \r.  After
 * the last step it waits for the command's end, whose exit status is its own
 * (128 + the signal's number); 124 when SECONDS (10) are over; 125 when the
 * terminal's modes are not what they were at first.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STEPS 64
#define EXIT_USAGE 2
#define EXIT_TIME 124
#define EXIT_MODES 125

static const char *steps[STEPS];
static size_t nsteps;
static const char *doing = "the command's end";
static int64_t seconds = 10;
static struct winsize size = { .ws_row = 24, .ws_col = 80 };

static int master = -1, slave = -1, ended[2];
static pid_t child;
static int64_t deadline_ms;

/* What was written and not yet expected. */
static char *seen;
static size_t nseen;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the terminal */

static void
child_ended(int sig)
{
	int saved_errno = errno;

	(void)sig;
	if (write(ended[1], "", 1) == -1)
		errno = saved_errno;
	errno = saved_errno;
}

static void
terminal_open(void)
{
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1)
		err(EXIT_USAGE, "no terminal");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave == -1)
		err(EXIT_USAGE, "%s", ptsname(master));
	ioctl(master, TIOCSWINSZ, &size);
	fcntl(master, F_SETFD, FD_CLOEXEC);
}

static void
command_start(char **argv)
{
	if (pipe(ended) == -1)
		err(EXIT_USAGE, "pipe");
	signal(SIGCHLD, child_ended);
	child = fork();
	if (child == -1)
		err(EXIT_USAGE, "fork");
	if (child > 0)
		return;
	signal(SIGCHLD, SIG_DFL);
	close(ended[0]);
	close(ended[1]);
	if (setsid() == -1 || ioctl(slave, TIOCSCTTY, 0) == -1)
		err(EXIT_USAGE, "no controlling terminal");
	for (int fd = 0; fd <= 2; fd++)
		dup2(slave, fd);
	if (slave > 2)
		close(slave);
	execvp(argv[0], argv);
	err(EXIT_USAGE, "%s", argv[0]);
}

static void
seen_add(const char *bytes, size_t n)
{
	fwrite(bytes, 1, n, stdout);
	fflush(stdout);
	seen = realloc(seen, nseen + n + 1);
	if (seen == NULL)
		err(EXIT_USAGE, "realloc");
	memcpy(seen + nseen, bytes, n);
	nseen += n;
}

/* Wait for output, or the end.  False: it has ended, and there is no more. */
static bool
output_wait(void)
{
	struct pollfd fds[] = { { .fd = master, .events = POLLIN },
		{ .fd = ended[0], .events = POLLIN } };
	int64_t left = deadline_ms - now_ms();
	char bytes[4096];
	ssize_t n;

	if (left <= 0 || poll(fds, 2, (int)left) == 0) {
		kill(child, SIGKILL);
		errx(EXIT_TIME, "no time left, waiting for: %s", doing);
	}
	if (master != -1 && fds[0].revents & POLLIN) {
		n = read(master, bytes, sizeof(bytes));
		if (n > 0)
			seen_add(bytes, (size_t)n);
		return true;
	}
	return !(fds[1].revents & POLLIN);
}

/* ---- the steps */

static int
hex_digit(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* TEXT with its escapes, in fresh memory. */
static char *
text_of(const char *from, size_t *n)
{
	static const char names[] = "abefnrtv", values[] = "\a\b\033\f\n\r\t\v";
	char *text = malloc(strlen(from) + 1), *to = text;
	const char *at;

	if (text == NULL)
		err(EXIT_USAGE, "malloc");
	for (; *from != '\0'; from++) {
		if (*from != '\\' || from[1] == '\0') {
			*to++ = *from;
		} else if (*++from == 'x' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			*to++ = (char)(hex_digit((unsigned char)from[1]) * 16 +
			    hex_digit((unsigned char)from[2]));
			from += 2;
		} else {
			at = strchr(names, *from);
			*to++ = at != NULL ? values[at - names] : *from;
		}
	}
	*n = (size_t)(to - text);
	return text;
}

/* The terminal's other side may not read: what it writes is read meanwhile. */
static void
step_send(const char *operand)
{
	size_t n, sent = 0;
	char *text = text_of(operand, &n);
	struct pollfd fd = { .fd = master, .events = POLLOUT };
	ssize_t put;

	while (sent < n) {
		if (poll(&fd, 1, 0) != 1 || !(fd.revents & POLLOUT)) {
			if (!output_wait())
				errx(EXIT_USAGE, "it ended before: %s", doing);
			continue;
		}
		put = write(master, text + sent, n - sent < 64 ? n - sent : 64);
		if (put == -1 && errno != EINTR)
			err(EXIT_USAGE, "%s", doing);
		if (put > 0)
			sent += (size_t)put;
	}
	free(text);
}

static void
step_expect(const char *operand)
{
	size_t n;
	char *text = text_of(operand, &n), *at = NULL;

	while (seen == NULL || (at = memmem(seen, nseen, text, n)) == NULL)
		if (!output_wait())
			errx(EXIT_USAGE, "it ended before: %s", doing);
	nseen -= (size_t)(at + n - seen);
	memmove(seen, at + n, nseen);
	free(text);
}

static void
step_size(const char *operand)
{
	if (sscanf(operand, "%hu %hu", &size.ws_row, &size.ws_col) != 2)
		errx(EXIT_USAGE, "%s: not ROWS COLUMNS", doing);
	ioctl(master, TIOCSWINSZ, &size);
}

static void
step_eof(const char *operand)
{
	(void)operand;
	step_send("\\x04");
}

static void
step_close(const char *operand)
{
	(void)operand;
	close(master);
	master = -1;
}

static void
step_signal(const char *operand)
{
	kill(child, atoi(operand));
}

static const struct verb {
	const char *name;
	void (*run)(const char *operand);
} verbs[] = {
	{ "send", step_send },
	{ "expect", step_expect },
	{ "size", step_size },
	{ "eof", step_eof },
	{ "close", step_close },
	{ "signal", step_signal },
};

static void
step_run(const char *step)
{
	size_t n = strcspn(step, " ");

	doing = step;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strlen(verbs[i].name) == n &&
		    strncmp(verbs[i].name, step, n) == 0) {
			verbs[i].run(step + n + (step[n] != '\0'));
			return;
		}
	errx(EXIT_USAGE, "%s: no such step", step);
}

/* ---- the end */

static bool
modes_differ(const struct termios *then)
{
	struct termios now;

	if (master == -1 || tcgetattr(slave, &now) == -1)
		return false;
	return now.c_iflag != then->c_iflag || now.c_oflag != then->c_oflag ||
	    now.c_lflag != then->c_lflag || now.c_cflag != then->c_cflag ||
	    memcmp(now.c_cc, then->c_cc, sizeof(now.c_cc)) != 0;
}

static int
command_wait(void)
{
	int status;

	doing = "the command's end";
	while (output_wait())
		;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

static void
arguments(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+T:s:e:")) != -1) {
		if (c == 'T') {
			seconds = atoi(optarg);
		} else if (c == 's') {
			if (sscanf(optarg, "%hux%hu", &size.ws_row,
			    &size.ws_col) != 2)
				errx(EXIT_USAGE, "%s: not 24x80", optarg);
		} else if (c == 'e' && nsteps < STEPS) {
			steps[nsteps++] = optarg;
		} else {
			exit(EXIT_USAGE);
		}
	}
	if (optind == argc)
		errx(EXIT_USAGE, "usage: tty [-T SECONDS] [-s ROWSxCOLUMNS] "
		    "[-e STEP]... COMMAND [ARGUMENT]...");
}

int
main(int argc, char **argv)
{
	struct termios then;
	int status;

	arguments(argc, argv);
	terminal_open();
	if (tcgetattr(slave, &then) == -1)
		err(EXIT_USAGE, "tcgetattr");
	deadline_ms = now_ms() + seconds * 1000;
	command_start(argv + optind);
	for (size_t i = 0; i < nsteps; i++)
		step_run(steps[i]);
	status = command_wait();
	if (modes_differ(&then))
		errx(EXIT_MODES, "the terminal's modes are not restored");
	free(seen);
	return status;
}
