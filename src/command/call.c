#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/endian.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "command/frame.h"

#define CALL_REQUEST_MS 5000    /* to send a request in */
#define CALL_READ 16384         /* at once */
#define CALL_LOW 65536          /* with less than this to send, ask for more */

static TAILQ_HEAD(, call) calls = TAILQ_HEAD_INITIALIZER(calls);
static int ncalls;

/* No callback into the command any more; freed at the end of the turn. */
static void
call_end(struct call *c)
{
	broker_forget(&c->observer);
	timer_clear(&c->timer);
	timer_clear(&c->deadline);
	c->more = NULL;
}

static void
call_close_descriptors(struct call *c)
{
	size_t i;

	for (i = 0; i < c->ndescriptors; i++)
		if (c->descriptors[i] != -1)
			close(c->descriptors[i]);
	c->ndescriptors = 0;
}

static void
call_free(struct call *c)
{
	call_end(c);
	TAILQ_REMOVE(&calls, c, entry);
	ncalls--;
	deferred_clear(&c->reap);
	watch_clear(&c->readable);
	watch_clear(&c->writable);
	close(c->fd);
	call_close_descriptors(c);
	if (c->clear != NULL)
		c->clear(c);
	free(c->state);
	command_args_clear(&c->args);
	free(c->argv);
	free(c->words);
	free(c->strings);
	keeper_home_release(c->home);
	buf_clear(&c->in);
	buf_clear(&c->out);
	free(c);
	broker_release();
}

static void
call_reap(void *arg)
{
	call_free(arg);
}

/* Hang up, without an answer where there is none yet. */
static void
call_drop(struct call *c)
{
	call_end(c);
	c->dropped = true;
	watch_want(&c->readable, false);
	watch_want(&c->writable, false);
	deferred_queue(&c->reap, call_reap, c);
}

/* --- the answer --- */

/* Send what goes; what is left is in c->out. */
static void
call_send(struct call *c)
{
	ssize_t n = 0;

	while (buf_length(&c->out) > 0 && n != -1) {
		n = send(c->fd, buf_peek(&c->out), buf_length(&c->out),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			buf_drain(&c->out, (size_t)n);
	}
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		call_drop(c);
	else if (c->finished && buf_length(&c->out) == 0)
		call_drop(c);
}

static void
call_writable(void *arg)
{
	struct call *c = arg;

	call_send(c);
	if (!c->dropped && c->more != NULL && buf_length(&c->out) < CALL_LOW)
		c->more(c);
	if (!c->dropped)
		watch_want(&c->writable,
		    c->more != NULL || buf_length(&c->out) > 0);
}

static void
call_append(struct call *c, enum frame_type type, const void *data, size_t n)
{
	int appended;

	if (c->dropped || c->finished)
		return;
	do
		appended = frame_append(&c->out, type, data, n);
	while (appended == -1 && errno == ENOMEM && xalloc_again());
	if (appended == -1) {
		log_warn("%s to `%s': dropped", errno == ENOMEM ?
		    "there is no memory for an answer" :
		    "a control client does not read its answer",
		    c->started ? c->args.command->name : "");
		call_drop(c);
		return;
	}
	watch_want(&c->writable, true);
}

void
call_print(struct call *c, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	do {
		va_start(ap, fmt);
		n = vasprintf(&text, fmt, ap);
		va_end(ap);
	} while (n == -1 && xalloc_again());
	if (n == -1) {
		call_drop(c);
		return;
	}
	if (n > 0)
		call_append(c, FRAME_OUTPUT, text, (size_t)n);
	free(text);
}

void
call_warn(struct call *c, const char *fmt, ...)
{
	char line[2048], safe[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	words_vis(line, safe, sizeof(safe));
	call_append(c, FRAME_ERROR, safe, strlen(safe));
}

void
call_send_frame(struct call *c, enum frame_type type, const void *data,
    size_t n)
{
	call_append(c, type, data, n);
}

void
call_flush(struct call *c)
{
	ssize_t n = send(c->fd, buf_peek(&c->out), buf_length(&c->out),
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	/* What is wrong with it is found out in its turn. */
	if (n > 0)
		buf_drain(&c->out, (size_t)n);
}

size_t
call_waiting(const struct call *c)
{
	return buf_length(&c->out);
}

void
call_finish(struct call *c, int status)
{
	uint8_t number[4];

	be32enc(number, (uint32_t)status);
	call_append(c, FRAME_EXIT, number, sizeof(number));
	call_end(c);
	c->finished = true;
}

void
call_fail(struct call *c, const struct why *why)
{
	const char *name = call_operand(c, 0);
	char who[COMMAND_WHO];

	if (name == NULL)
		name = c->args.command->name;
	call_warn(c, "%s: %s", command_who(name, who), why->text);
	call_finish(c, why->fault);
}

/* --- for commands --- */

const char *
call_operand(const struct call *c, int i)
{
	return i < c->args.noperands ? c->args.operands[i] : NULL;
}

int
call_take_descriptor(struct call *c, size_t i)
{
	int fd = i < c->ndescriptors ? c->descriptors[i] : -1;

	if (fd != -1)
		c->descriptors[i] = -1;
	return fd;
}

struct entry *
call_session(struct call *c)
{
	struct why why = { 0 };
	struct entry *e = broker_find(call_operand(c, 0), &why);

	if (e == NULL)
		call_fail(c, &why);
	return e;
}

void
call_observe(struct call *c, const char *name, broker_event *event)
{
	broker_observe(&c->observer, name, event, c);
}

void
call_observe_moves(struct call *c, broker_move *move)
{
	c->observer.move = move;
}

static void
call_expired(void *arg)
{
	struct call *c = arg;

	c->expired(c);
}

void
call_after(struct call *c, int ms, void (*expired)(struct call *c))
{
	c->expired = expired;
	timer_set(&c->timer, ms, call_expired, c);
}

void
call_stream(struct call *c, void (*more)(struct call *c))
{
	c->more = more;
	watch_want(&c->writable, true);
}

/* --- the request --- */

static void
call_refuse(struct call *c, const char *text)
{
	call_warn(c, "%s", text);
	call_finish(c, FAULT_USAGE);
}

static void
call_run(struct call *c)
{
	const struct command *command = c->args.command;

	/* Who wants a broker gets the next one: fifoctl asks again. */
	if (broker_stopping() && (command->flags & COMMAND_STARTS)) {
		call_drop(c);
		return;
	}
	c->started = true;
	if (command->run == NULL || c->args.help)
		call_refuse(c, "fifoctl does that itself");
	else
		command->run(c);
}

/* strings: protocol, working directory, words. */
static void
call_start(struct call *c, const struct frame *f)
{
	struct why why = { 0 };
	int n = frame_words(f, &c->words, &c->argv);

	timer_clear(&c->deadline);
	if (n < 3) {
		call_refuse(c, "the broker got a malformed request");
		return;
	}
	if (strcmp(c->argv[0], FRAME_PROTOCOL) != 0) {
		call_refuse(c, "the broker speaks another protocol: it is of "
		    "version " PACKAGE_VERSION ", fifoctl is not");
		return;
	}
	c->cwd = c->argv[1][0] == '/' ? c->argv[1] : NULL;
	if (c->strings != NULL && c->cwd != NULL)
		c->home = keeper_home_new(c->cwd, c->strings, c->nstrings,
		    &why);
	if (why.fault != FAULT_NONE ||
	    command_parse(&c->args, n - 2, c->argv + 2, &why) == -1) {
		call_refuse(c, why.text);
		return;
	}
	call_run(c);
}

/* Kept until the request comes, which says what it is for. */
static void
call_keep_home(struct call *c, const struct frame *f)
{
	if (f->length == 0 || f->data[f->length - 1] != '\0')
		return;
	c->strings = xcalloc(1, f->length);
	c->nstrings = f->length;
	memcpy(c->strings, f->data, f->length);
}

static void
call_parse(struct call *c)
{
	struct frame f;
	int whole = frame_peek(&c->in, &f);

	if (whole == 1 && f.type == FRAME_HOME && c->strings == NULL) {
		call_keep_home(c, &f);
		frame_drain(&c->in, &f);
		whole = frame_peek(&c->in, &f);
	}
	switch (whole) {
	case -1:
		log_warn("a control client sends what is no request: "
		    "dropped");
		call_drop(c);
		break;
	case 1:
		call_start(c, &f);
		buf_clear(&c->in);
		break;
	}
}

/* Keep what came with the bytes, as many as a command takes. */
static void
call_keep_descriptors(struct call *c, struct msghdr *message)
{
	struct cmsghdr *h;
	size_t n, i;
	int fd;

	for (h = CMSG_FIRSTHDR(message); h != NULL;
	     h = CMSG_NXTHDR(message, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd),
			    sizeof(fd));
			if (c->ndescriptors < COMMAND_NDESCRIPTORS &&
			    !c->started)
				c->descriptors[c->ndescriptors++] = fd;
			else
				close(fd);
		}
	}
}

static ssize_t
call_receive(struct call *c, void *data, size_t size)
{
	union {
		char space[CMSG_SPACE(sizeof(c->descriptors))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	ssize_t n = recvmsg(c->fd, &message,
	    MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n != -1)
		call_keep_descriptors(c, &message);
	return n;
}

static void
call_readable(void *arg)
{
	struct call *c = arg;
	uint8_t *p = buf_reserve(&c->in, CALL_READ);
	ssize_t n;

	if (p == NULL) {
		call_drop(c);
		return;
	}
	n = call_receive(c, p, CALL_READ);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	/* After the request only the end comes: it cancels. */
	if (n <= 0 || c->started || c->finished) {
		call_drop(c);
		return;
	}
	buf_commit(&c->in, (size_t)n);
	call_parse(c);
}

static void
call_late(void *arg)
{
	struct call *c = arg;

	call_refuse(c, "the broker waited too long for the request");
}

struct call *
call_new(int fd)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	buf_init(&c->in, FRAME_HEADER + FRAME_MAX + CALL_READ);
	buf_init(&c->out, CALL_OUTPUT_MAX);
	watch_init(&c->readable, fd, LOOP_READ, call_readable, c);
	watch_init(&c->writable, fd, LOOP_WRITE, call_writable, c);
	watch_want(&c->readable, true);
	timer_set(&c->deadline, CALL_REQUEST_MS, call_late, c);
	TAILQ_INSERT_TAIL(&calls, c, entry);
	ncalls++;
	broker_hold();
	return c;
}

int
call_count(void)
{
	return ncalls;
}

void
call_close_all(void)
{
	struct call *c;

	while ((c = TAILQ_FIRST(&calls)) != NULL) {
		if (c->started && (c->args.command->flags & COMMAND_WATCHES))
			call_finish(c, FAULT_NONE);
		call_send(c);
		call_free(c);
	}
}
