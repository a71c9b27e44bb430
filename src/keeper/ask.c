/*
 * Asking: one message there, one back.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "keeper/ask.h"
#include "keeper/hold.h"

/* A question whose answer is not read yet. */
struct owed {
	char key[KEEPER_HELD_KEY];
	keeper_refused_cb *refused;
};

static struct {
	int fd;                 /* -1: no keeper, or not any more */
	bool engine;            /* there is one, or was */
	pid_t pid;
	unsigned generation, faults;
	bool service;           /* the keeper's manager wants to know */
	int64_t watchdog_ms;
	struct watch readable;
	struct message out, in;
	struct owed owed[ASK_OWED];     /* from the oldest, in a circle */
	size_t oldest, nowed;
	void (*gone)(void *arg);
	void *arg;
} ask = { .fd = -1 };

bool
ask_may(void)
{
	return ask.engine;
}

struct message *
ask_begin(enum request kind)
{
	message_begin(&ask.out, kind);
	return &ask.out;
}

/* The loop will see its end, too, and tell. */
static struct message *
ask_gone(struct why *why)
{
	errno = EPIPE;
	why_fail(why, FAULT_REFUSED, "the keeper is gone");
	return NULL;
}

static struct message *
ask_unsent(struct why *why)
{
	int error = errno;

	if (ask.fd == -1 || error == EPIPE || error == ECONNRESET)
		return ask_gone(why);
	why_fail(why, FAULT_REFUSED, "%s", error == EMSGSIZE ?
	    "it is too long for the keeper to be asked" : strerror(error));
	errno = error;
	return NULL;
}

/* An answer begins with errno, a fault and a sentence; without those all is
   well, and it goes on with what was asked for. */
static struct message *
ask_read(struct why *why)
{
	struct message *in = &ask.in;
	int error = (int)message_number(in);
	enum fault fault = (enum fault)message_number(in);
	const char *text = message_text(in);

	if (in->bad)
		return ask_gone(why);
	if (error == 0 && in->cut) {
		error = EMFILE;
		fault = FAULT_REFUSED;
		text = strerror(error);
	}
	if (error == 0)
		return in;
	message_clear(in);
	why_fail(why, fault, "%s", text != NULL ? text : strerror(error));
	errno = error;
	return NULL;
}

/* --- answers that are owed --- */

static void
owed_tell(const struct owed *o, const struct why *why)
{
	if (o->refused != NULL)
		o->refused(o->key, why);
}

/* The oldest, which has come. */
static void
owed_read(void)
{
	const struct owed *o = &ask.owed[ask.oldest];
	struct why why;

	ask.oldest = (ask.oldest + 1) % ASK_OWED;
	ask.nowed--;
	if (ask_read(&why) == NULL)
		owed_tell(o, &why);
	else
		message_clear(&ask.in);
}

/* Until no more than `left' are owed.  -1: the keeper is gone. */
static int
owed_collect(size_t left)
{
	while (ask.nowed > left) {
		if (message_receive(&ask.in, ask.fd) != 1)
			return -1;
		owed_read();
	}
	return 0;
}

void
ask_soon(const char *key, keeper_refused_cb *refused)
{
	struct owed *o;
	struct why why;

	if (owed_collect(ASK_OWED - 1) == -1)
		ask.nowed = 0;
	o = &ask.owed[(ask.oldest + ask.nowed) % ASK_OWED];
	strlcpy(o->key, key, sizeof(o->key));
	o->refused = refused;
	if (ask.fd == -1)
		errno = EPIPE;
	if (message_send(&ask.out, ask.fd, true) == 0) {
		ask.nowed++;
		return;
	}
	ask_unsent(&why);
	owed_tell(o, &why);
}

struct message *
ask_answer(struct why *why)
{
	if (ask.fd == -1)
		errno = EPIPE;
	if (message_send(&ask.out, ask.fd, true) == -1)
		return ask_unsent(why);
	if (owed_collect(0) == -1 || message_receive(&ask.in, ask.fd) != 1)
		return ask_gone(why);
	return ask_read(why);
}

int
ask_done(struct why *why)
{
	return ask_answer(why) == NULL ? -1 : 0;
}

int
ask_fd(struct why *why)
{
	struct message *in = ask_answer(why);

	return in == NULL ? -1 : message_fd(in);
}

/* --- the keeper itself --- */

/*
 * What it owes us; it says nothing by itself, so any other thing is its end.
 * Another question may have had the answer first.
 */
static void
ask_readable(void *arg)
{
	int rv = message_receive_now(&ask.in, ask.fd);

	(void)arg;
	for (; rv == 1 && ask.nowed > 0;
	    rv = message_receive_now(&ask.in, ask.fd))
		owed_read();
	if (rv == -1 && errno == EAGAIN)
		return;
	if (rv == 1)
		message_clear(&ask.in);
	ask.nowed = 0;
	watch_clear(&ask.readable);
	close(ask.fd);
	ask.fd = -1;
	ask.gone(ask.arg);
}

static void
ask_hello(void)
{
	struct message *m = ask_begin(REQUEST_HELLO);
	struct why why;

	message_put_number(m, REQUEST_PROTOCOL);
	m = ask_answer(&why);
	if (m == NULL)
		errx(1, "the keeper cannot be asked: %s", why.text);
	ask.generation = (unsigned)message_number(m);
	ask.faults = (unsigned)message_number(m);
	ask.service = message_number(m) != 0;
	ask.watchdog_ms = (int64_t)message_number(m);
}

void
keeper_begin(int fd, void (*gone)(void *arg), void *arg)
{
	ask.fd = fd;
	ask.engine = true;
	ask.pid = getppid();
	ask.gone = gone;
	ask.arg = arg;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	ask_hello();
	watch_init(&ask.readable, fd, LOOP_READ, ask_readable, NULL);
	watch_want(&ask.readable, true);
}

void
keeper_end(void)
{
	watch_clear(&ask.readable);
	if (ask.fd != -1)
		close(ask.fd);
	ask.fd = -1;
}

unsigned
keeper_generation(void)
{
	return ask.generation;
}

unsigned
keeper_faults(void)
{
	return ask.faults;
}

pid_t
keeper_pid(void)
{
	return ask.engine ? ask.pid : getpid();
}

void
keeper_ready(void)
{
	if (!ask_may())
		return;
	ask_begin(REQUEST_READY);
	ask_done(NULL);
}

int
keeper_hand_over(struct why *why)
{
	if (!ask_may())
		return why_fail(why, FAULT_REFUSED, "there is no keeper");
	ask_begin(REQUEST_HAND_OVER);
	return ask_done(why);
}

void
keeper_tell(enum keeper_state state)
{
	if (!ask_may())
		return;
	message_put_number(ask_begin(REQUEST_TELL), state);
	ask_done(NULL);
}

void
keeper_tell_status(const char *words)
{
	struct message *m;

	if (!ask_may())
		return;
	m = ask_begin(REQUEST_TELL);
	message_put_number(m, KEEPER_STATUS);
	message_put_text(m, words);
	ask_done(NULL);
}

bool
keeper_is_service(void)
{
	return ask.service;
}

int64_t
keeper_watchdog_ms(void)
{
	return ask.watchdog_ms;
}
