/*
 * The terminal's modes, and the signals that it sends.  libedit could take
 * them (EL_SIGNAL), but passes each on to the whole process group, kill(0),
 * and so would end the script that we stand in.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "command/talk_internal.h"

static void tty_noted(int sig);
static void tty_ended(int sig);

/* What is ignored already stays so, but for those that are always taken. */
static const struct row {
	int sig;
	unsigned mask;
	void (*handler)(int);
	bool always;
} rows[] = {
	{ SIGINT, TTY_INTERRUPT, tty_noted, true },
	{ SIGTSTP, TTY_STOP, tty_noted, false },
	{ SIGCONT, TTY_CONTINUE, tty_noted, true },
	{ SIGWINCH, TTY_SIZE, tty_noted, true },
	{ SIGHUP, 0, tty_ended, false },
	{ SIGQUIT, 0, tty_ended, false },
	{ SIGTERM, 0, tty_ended, false },
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(NROWS <= TTY_SIGNALS, "each has its place in struct tty");

/* The one that is open; handlers have no argument. */
static struct tty *volatile current;
static volatile sig_atomic_t came[NROWS];

static void
tty_noted(int sig)
{
	int saved_errno = errno;

	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].sig == sig)
			came[i] = 1;
	/* Full is as good: it will be looked at. */
	if (write(current->wake[1], "", 1) == -1)
		errno = saved_errno;
	errno = saved_errno;
}

/* tcsetattr(3) and all else here is allowed in a handler, signal-safety(7). */
static void
tty_ended(int sig)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	/* From the background it would stop us instead. */
	signal(SIGTTOU, SIG_IGN);
	tcsetattr(STDIN_FILENO, TCSANOW, &current->saved);
	sigaction(sig, &dfl, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
tty_take(struct tty *t, size_t i)
{
	struct sigaction sa = { .sa_handler = rows[i].handler,
		.sa_flags = SA_RESTART };

	sigemptyset(&sa.sa_mask);
	came[i] = 0;
	sigaction(rows[i].sig, NULL, &t->old[i]);
	if (rows[i].always || t->old[i].sa_handler != SIG_IGN)
		sigaction(rows[i].sig, &sa, NULL);
}

int
tty_open(struct tty *t)
{
	if (tcgetattr(STDIN_FILENO, &t->saved) == -1 ||
	    pipe2(t->wake, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	current = t;
	for (size_t i = 0; i < NROWS; i++)
		tty_take(t, i);
	return 0;
}

unsigned
tty_signals(struct tty *t)
{
	unsigned mask = 0;
	char bytes[64];

	while (read(t->wake[0], bytes, sizeof(bytes)) > 0)
		;
	for (size_t i = 0; i < NROWS; i++) {
		if (came[i])
			mask |= rows[i].mask;
		came[i] = 0;
	}
	return mask;
}

void
tty_stop(struct tty *t)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL }, ours;

	tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
	sigaction(SIGTSTP, &dfl, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}

void
tty_close(struct tty *t)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
	for (size_t i = 0; i < NROWS; i++)
		sigaction(rows[i].sig, &t->old[i], NULL);
	current = NULL;
	close(t->wake[0]);
	close(t->wake[1]);
}
