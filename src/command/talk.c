/*
 * Talking: the socket, and standard input and output as bytes.
 *
 * No descriptor is made non-blocking, since others may share what is behind
 * standard input and output.  So each call is one that poll(2) allows and that
 * is small enough not to wait: what reads our standard output may be what
 * writes our standard input, and must never wait for us while we wait for it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/why.h"
#include "command/talk_internal.h"

/* ---- the socket */

int
talk_fail(struct talk *t, const char *what)
{
	t->end.how = TALK_ERROR;
	t->end.error = errno;
	t->end.what = what;
	return -1;
}

/* The other end takes nothing more; what it has said is still to be read. */
static void
talk_break(struct talk *t)
{
	if (!t->broken)
		t->end.error = errno;
	t->broken = true;
}

int
talk_send(struct talk *t)
{
	ssize_t n;

	while (!t->broken && buf_length(&t->up) > 0) {
		n = send(t->fd, buf_peek(&t->up), buf_length(&t->up),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			buf_drain(&t->up, (size_t)n);
		else if (errno == EPIPE || errno == ECONNRESET)
			talk_break(t);
		else if (errno == EAGAIN || errno == EINTR)
			return 0;
		else
			return talk_fail(t, "the connection");
	}
	t->end.unsent += buf_length(&t->up);
	buf_clear(&t->up);
	return 0;
}

ssize_t
talk_receive(struct talk *t, void *data, size_t n)
{
	ssize_t got = recv(t->fd, data, n, MSG_DONTWAIT);

	if (got > 0)
		return got;
	if (got == 0) {
		t->over = true;
	} else if (errno == ECONNRESET) {
		talk_break(t);
		t->over = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		return talk_fail(t, "the connection");
	}
	return 0;
}

/* ---- bytes */

#define PUMP_READ 16384

struct pump {
	struct talk *talk;
	struct buf down;        /* received, to be shown */
	struct spell spell;
	bool person;            /* the end of standard input is theirs */
	bool terminal;          /* standard output is one */
	bool ended;             /* so has standard input */
	bool told;              /* and the other end knows */
	bool gone;              /* the other end takes nothing either */
	bool closed;            /* standard output: its reader knows that */
};

/* spell_put: to standard output. */
static void
pump_put(void *arg, wchar_t c)
{
	spell_append(arg, c);
}

static int
pump_receive(struct pump *p)
{
	uint8_t bytes[PUMP_READ];
	ssize_t n = talk_receive(p->talk, bytes, sizeof(bytes));

	if (n == -1)
		return -1;
	if (p->terminal)
		spell_bytes(&p->spell, bytes, (size_t)n, pump_put, &p->down);
	else if (buf_append(&p->down, bytes, (size_t)n) == -1)
		return talk_fail(p->talk, "memory");
	if (p->talk->over)
		spell_end(&p->spell, pump_put, &p->down);
	return 0;
}

static int
pump_read(struct pump *p)
{
	uint8_t bytes[PUMP_READ];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	/* A terminal that has gone. */
	if (n == -1 && errno == EIO && p->person)
		n = 0;
	if (n == -1)
		return talk_fail(p->talk, "standard input");
	p->ended = n == 0;
	if (buf_append(&p->talk->up, bytes, (size_t)n) == -1)
		return talk_fail(p->talk, "memory");
	return 0;
}

/* A pipe that poll(2) calls writable takes PIPE_BUF at once, pipe(7). */
static int
pump_write(struct pump *p)
{
	size_t length = buf_length(&p->down);
	ssize_t n;

	n = write(STDOUT_FILENO, buf_peek(&p->down),
	    length < PIPE_BUF ? length : PIPE_BUF);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		return talk_fail(p->talk, "standard output");
	if (n > 0)
		buf_drain(&p->down, (size_t)n);
	return 0;
}

/* Whoever read our standard output has gone: end as the next write would. */
static int
pump_broken(struct pump *p)
{
	raise(SIGPIPE);
	errno = EPIPE;
	return talk_fail(p->talk, "standard output");
}

/* After the last byte of standard input, its end. */
static void
pump_tell_end(struct pump *p)
{
	if (!p->ended || p->told || p->person || buf_length(&p->talk->up) > 0)
		return;
	shutdown(p->talk->fd, SHUT_WR);
	p->told = true;
}

/*
 * After the last byte of the other end, the end of standard output, which who
 * writes our standard input may wait for.
 */
static void
pump_close(struct pump *p)
{
	int null;

	if (!p->talk->over || p->closed || buf_length(&p->down) > 0)
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null != -1) {
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	p->closed = true;
}

/* What a turn waits for is derived from what waits in the buffers. */
enum { PUMP_IN, PUMP_OUT, PUMP_SOCKET, PUMP_NFDS };

static void
pump_want(const struct pump *p, struct pollfd fds[PUMP_NFDS])
{
	const struct talk *t = p->talk;
	size_t up = buf_length(&t->up), down = buf_length(&p->down);
	short events = 0;
	bool hears = t->over && !p->gone;

	if (!t->over && down < TALK_HELD)
		events |= POLLIN;
	if (up > 0)
		events |= POLLOUT;
	/* Behind its last byte there may be a POLLHUP still, or not. */
	fds[PUMP_SOCKET] = (struct pollfd){ .events = events,
		.fd = events || hears ? t->fd : -1 };
	fds[PUMP_IN] = (struct pollfd){ .events = POLLIN,
		.fd = p->ended || t->broken || p->gone || up >= TALK_HELD ?
		    -1 : STDIN_FILENO };
	/* Without bytes for it, to be told that it is broken. */
	fds[PUMP_OUT] = (struct pollfd){ .fd = STDOUT_FILENO,
		.events = down > 0 ? POLLOUT : 0 };
}

static int
pump_turn(struct pump *p)
{
	struct pollfd fds[PUMP_NFDS];

	pump_want(p, fds);
	if (poll(fds, PUMP_NFDS, -1) == -1)
		return errno == EINTR ? 0 : talk_fail(p->talk, "poll");
	if (fds[PUMP_OUT].revents & (POLLERR | POLLHUP))
		return pump_broken(p);
	if (fds[PUMP_OUT].revents && pump_write(p) == -1)
		return -1;
	if (fds[PUMP_SOCKET].revents & ~POLLOUT && !p->talk->over &&
	    pump_receive(p) == -1)
		return -1;
	if (fds[PUMP_SOCKET].revents & (POLLHUP | POLLERR) && p->talk->over)
		p->gone = true;
	if (fds[PUMP_IN].revents && pump_read(p) == -1)
		return -1;
	if (talk_send(p->talk) == -1)
		return -1;
	pump_tell_end(p);
	return 0;
}

/*
 * Who has said all may still listen: to its end then, as nc(1), but a person
 * has nothing to wait for.
 */
static bool
pump_done(const struct pump *p)
{
	const struct talk *t = p->talk;
	bool sent = p->ended && buf_length(&t->up) == 0;

	if (buf_length(&p->down) > 0)
		return false;
	if (t->over)
		return p->person || p->gone || t->broken || sent;
	return p->person && sent;
}

static void
pump_run(struct talk *t)
{
	struct pump p = { .talk = t, .person = isatty(STDIN_FILENO),
		.terminal = isatty(STDOUT_FILENO) };
	int rv = 0;

	if (p.terminal)
		spell_locale();
	while (rv == 0 && !pump_done(&p)) {
		pump_close(&p);
		rv = pump_turn(&p);
	}
	if (rv == 0 && !t->over)
		t->end.how = TALK_CLIENT_LEFT;
	buf_clear(&p.down);
}

/* ---- both */

/* Lines can be edited where a person types at what shows them. */
static bool
talk_by_lines(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL &&
	    *term != '\0' && strcmp(term, "dumb") != 0;
}

static int
talk_status(const struct talk_end *end)
{
	switch (end->how) {
	case TALK_ERROR:
		return FAULT_REFUSED;
	case TALK_CLOSED:
		return end->error != 0 ? FAULT_RECEIVE : FAULT_NONE;
	default:
		return FAULT_NONE;
	}
}

int
talk_run(int fd, const struct talk_options *o)
{
	struct talk t = { .fd = fd, .prompt = o->prompt,
		.end = { .how = TALK_CLOSED } };
	int status = -1;

	if (!talk_by_lines() || !edit_run(&t, &status))
		pump_run(&t);
	t.end.unsent += buf_length(&t.up);
	buf_clear(&t.up);
	if (t.end.unsent > 0 && t.end.error == 0)
		t.end.error = EPIPE;
	if (o->end != NULL)
		*o->end = t.end;
	return status != -1 ? status : talk_status(&t.end);
}
