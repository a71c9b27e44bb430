/*
 * A serial line, or any other terminal that is there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "keeper/terminal.h"
#include "transport/child.h"
#include "transport/sock.h"

struct tty {
	struct link link;       /* first */
	struct termios before;  /* what it is given back as */
	bool changed;
};

void
child_raw(struct termios *t)
{
	cfmakeraw(t);
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

static int
tty_check(const struct url *url, struct why *why)
{
	if (url->host == NULL && url->rest[0] == '/')
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.80s\": write tty:/PATH, as "
	    "tty:/dev/ttyS0", url->text);
}

static tcflag_t
tty_bits(int bits)
{
	static const tcflag_t sizes[] = { CS5, CS6, CS7, CS8 };

	return sizes[bits - 5];
}

/* All of its settings by the options. */
static void
tty_settings(struct termios *t, const struct child_options *o)
{
	static const tcflag_t parities[] = { 0, PARENB, PARENB | PARODD };
	static const tcflag_t hardware[] = { 0, CRTSCTS, 0 };
	static const tcflag_t software[] = { 0, 0, IXON | IXOFF };

	child_raw(t);
	t->c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS |
	    CLOCAL | HUPCL);
	t->c_cflag |= CREAD | tty_bits(o->bits) | parities[o->parity] |
	    hardware[o->flow] | (o->stop == 2 ? CSTOPB : 0) |
	    (o->modem ? HUPCL : CLOCAL);
	t->c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
	t->c_iflag |= software[o->flow];
	cfsetspeed(t, (speed_t)o->speed);
}

static int
tty_set(struct link *l)
{
	struct termios t = ((struct tty *)l)->before;

	tty_settings(&t, l->dial->child);
	return tcsetattr(l->fd, TCSANOW, &t);
}

static void
tty_tune(struct link *l)
{
	if (tty_set(l) == -1)
		link_note(l, "the line keeps its settings: %s",
		    strerror(errno));
}

/* Is anybody at the other end, as far as the line can tell? */
static bool
tty_has_carrier(const struct link *l)
{
	int lines;

	return !l->dial->child->modem ||
	    ioctl(l->fd, TIOCMGET, &lines) == -1 || lines & TIOCM_CAR;
}

static int
tty_open(struct link *l)
{
	struct tty *t = (struct tty *)l;
	struct why why;

	link_enter(l, LINK_CONNECTING);
	l->fd = keeper_terminal_open(l->dial->url->rest, &why);
	if (l->fd == -1)
		return link_fail(l, why.fault, "%s", why.text);
	t->changed = tcgetattr(l->fd, &t->before) == 0;
	if (!t->changed || tty_set(l) == -1)
		return link_fail(l, FAULT_CONNECT, "%s: it does not take "
		    "these settings: %s", l->dial->url->rest,
		    strerror(errno));
	if (!tty_has_carrier(l))
		return link_fail(l, FAULT_CONNECT, "%s: no carrier",
		    l->dial->url->rest);
	return 0;
}

static int
tty_advance(struct link *l)
{
	(void)l;
	return 1;
}

/* A line that was hung up, or pulled out, says 0 or one of these. */
static int
tty_gone(struct link *l)
{
	if (errno == EAGAIN || errno == EINTR) {
		errno = EAGAIN;
		return -1;
	}
	return link_fail(l, FAULT_RECEIVE, "%s: %s", l->dial->url->rest,
	    errno == EIO ? "the line was hung up" : strerror(errno));
}

static ssize_t
tty_read(struct link *l, void *data, size_t size)
{
	ssize_t n = read(l->fd, data, size);

	if (n == 0)
		errno = EIO;
	return n > 0 ? n : tty_gone(l);
}

static ssize_t
tty_write(struct link *l, const void *data, size_t size)
{
	ssize_t n;

	if (size == 0)
		return 0;
	n = write(l->fd, data, size);
	if (n == 0)
		errno = EAGAIN;
	return n > 0 ? n : tty_gone(l);
}

static int
tty_finish(struct link *l)
{
	link_note(l, "a line has no end of file");
	return 0;
}

/*
 * What it has not sent is dropped: close(2) would wait for it.  An orderly end
 * has seen it go before (TIOCOUTQ).
 */
static void
tty_close(struct link *l)
{
	struct tty *t = (struct tty *)l;

	if (l->fd == -1)
		return;
	tcflush(l->fd, TCOFLUSH);
	if (t->changed)
		tcsetattr(l->fd, TCSANOW, &t->before);
	ioctl(l->fd, TIOCNXCL);
	sock_close(l);
}

static bool
tty_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	const struct child_options *o = l->dial->child;

	if (fact == LINK_LOCAL)
		strlcpy(out, l->dial->url->rest, size);
	else if (fact == LINK_PEER)
		snprintf(out, size, "%s %d %d%c%d", l->dial->url->rest,
		    o->speed, o->bits, "NEO"[o->parity], o->stop);
	return fact == LINK_LOCAL || fact == LINK_PEER;
}

const struct transport transport_tty = {
	.name = "tty",
	.usage = "tty:PATH",
	.text = "A serial line, tty:/dev/ttyS0, or another terminal: bytes as "
		"they are; see speed and those after it.",
	.size = sizeof(struct tty),
	.check = tty_check,
	.open = tty_open,
	.advance = tty_advance,
	.read = tty_read,
	.write = tty_write,
	.tune = tty_tune,
	.finish = tty_finish,
	.close = tty_close,
	.fact = tty_fact,
};
