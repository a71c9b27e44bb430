/*
 * A program as the peer, with a terminal of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "keeper/terminal.h"
#include "transport/child.h"

/* What cooked is: lines are edited, and nothing is added to the bytes. */
static void
pty_mode(int fd, int terminal)
{
	struct termios t;

	if (tcgetattr(fd, &t) == -1)
		return;
	if (terminal == CHILD_TERMINAL_RAW)
		child_raw(&t);
	if (terminal == CHILD_TERMINAL_COOKED) {
		t.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
		t.c_oflag &= ~(tcflag_t)OPOST;
	}
	tcsetattr(fd, TCSANOW, &t);
}

static void
pty_tune(struct link *l)
{
	const char *window = l->dial->child->window;
	struct winsize size;

	if (child_window(window != NULL ? window : "80x24", &size, NULL) == 0)
		ioctl(l->fd, TIOCSWINSZ, &size);
}

static int
pty_open(struct link *l)
{
	struct why why;
	int theirs;

	if (keeper_terminal_pair(&l->fd, &theirs, &why) == -1)
		return link_fail(l, why.fault, "%s", why.text);
	pty_mode(theirs, l->dial->child->terminal);
	pty_tune(l);
	return child_start((struct child_link *)l, theirs, true);
}

/* EIO: nobody has the terminal open any more; Linux's end of file (pty(7)). */
static ssize_t
pty_read(struct link *l, void *data, size_t size)
{
	ssize_t n = read(l->fd, data, size);

	if (n > 0)
		return n;
	return child_read_end((struct child_link *)l,
	    n == 0 || (errno != EAGAIN && errno != EINTR));
}

static ssize_t
pty_write(struct link *l, const void *data, size_t size)
{
	struct child_link *c = (struct child_link *)l;
	ssize_t n;

	if (size == 0)
		return 0;
	n = write(l->fd, data, size);
	if (n <= 0)
		return child_write_end(c, n == -1 && errno != EAGAIN &&
		    errno != EINTR);
	c->in_line = ((const char *)data)[n - 1] != '\n';
	return n;
}

/*
 * The character that a terminal takes as the end of file: once to end a line
 * that is not whole, and once more at the beginning of the next.
 */
static int
pty_finish(struct link *l)
{
	const struct child_link *c = (const struct child_link *)l;
	struct termios t;
	cc_t ends[2];

	if (tcgetattr(l->fd, &t) == -1)
		return 0;
	if (!(t.c_lflag & ICANON)) {
		link_note(l, "the terminal is raw: it has no end of file");
		return 0;
	}
	ends[0] = ends[1] = t.c_cc[VEOF];
	if (write(l->fd, ends, c->in_line ? 2 : 1) == -1 && errno == EAGAIN)
		return -1;
	return 0;
}

static bool
pty_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	if (fact == LINK_LOCAL && l->fd != -1)
		return ptsname_r(l->fd, out, size) == 0;
	return child_fact(l, fact, out, size);
}

const struct transport transport_pty = {
	.name = "pty",
	.usage = "pty:COMMAND",
	.text = "The same with a terminal in place of the socket, for programs "
		"that want one; see terminal and window.",
	.flags = TRANSPORT_RUNS | TRANSPORT_ENDS,
	.size = sizeof(struct child_link),
	.check = child_check,
	.open = pty_open,
	.advance = child_advance,
	.read = pty_read,
	.write = pty_write,
	.tune = pty_tune,
	.finish = pty_finish,
	.close = child_close,
	.fact = pty_fact,
};
