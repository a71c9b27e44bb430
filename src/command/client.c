#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/client.h"
#include "command/control.h"
#include "command/frame.h"
#include "command/help.h"
#include "command/start.h"
#include "keeper/keeper.h"

#define CLIENT_TRY_MS 5000      /* for a broker that starts or ends */
#define CLIENT_STEP_MS 10       /* between two looks */
#define CLIENT_CONTENDED_MS 100 /* between two starts */
#define CLIENT_FAILURES 3       /* so many to start one are the answer */
#define CLIENT_READ 65536

/* No exit status: nobody answers, or the same is to be asked again. */
enum { ASK_NOBODY = -1, ASK_REPEAT = -2 };

/* One asking: what there is, and what is left to be closed. */
struct ask {
	struct client *client;
	const struct command_args *args;
	char *rundir;           /* absolute */
	int rundir_fd, fd;
	struct buf in;
	bool given;             /* it has the descriptors */
	bool answered;          /* it has said something, ... */
	bool sends;             /* ... and that a request is about to go */
	bool repeated;          /* asked again */
	int64_t until_ms;       /* to try again */
	int failures;           /* to start a broker */
};

/* Say a finished line on standard error. */
static void
client_warn(const char *line)
{
	fflush(stdout);
	fprintf(stderr, "fifoctl: %s\n", line);
}

int
client_fail(const char *name, const struct why *why)
{
	char line[512], safe[2048], who[COMMAND_WHO] = "";

	if (name != NULL)
		command_who(name, who);
	snprintf(line, sizeof(line), "%s%s%s", who, name != NULL ? ": " : "",
	    why->text);
	client_warn(words_vis(line, safe, sizeof(safe)));
	return why->fault;
}

/* Say why (errno) what was printed cannot be written.  The exit status. */
static int
client_output_fail(void)
{
	struct why why;

	why_fail(&why, FAULT_REFUSED, "%s", strerror(errno));
	return client_fail("standard output", &why);
}

bool
client_wait(int fd, int ms)
{
	struct pollfd fds[] = { { .fd = STDOUT_FILENO },
		{ .fd = fd, .events = POLLIN } };

	while (poll(fds, 2, ms) == -1 && errno == EINTR)
		;
	if (!(fds[0].revents & (POLLERR | POLLHUP)))
		return true;
	raise(SIGPIPE);
	errno = EPIPE;
	client_output_fail();
	return false;
}

char *
client_cwd(void)
{
	char cwd[PATH_MAX];

	if (getcwd(cwd, sizeof(cwd)) == NULL || cwd[0] != '/')
		return NULL;
	return xstrdup(cwd);
}

int
client_rundir(const struct client *client, char **path, struct why *why)
{
	int fd;

	*path = keeper_rundir_path(client->rundir);
	fd = keeper_rundir_open(*path, false, why);
	if (fd == -1) {
		free(*path);
		*path = NULL;
	}
	return fd;
}

/*
 * Connect to the socket by a name relative to the run directory, whose path
 * may be longer than a socket's (unix(7)).  Who asks has read the working
 * directory before.
 */
static int
ask_connect(struct ask *a, struct why *why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	a->rundir_fd = keeper_rundir_open(a->rundir, false, why);
	if (a->rundir_fd == -1)
		return -1;
	strlcpy(sun.sun_path, CONTROL_NAME, sizeof(sun.sun_path));
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (a->fd != -1 && fchdir(a->rundir_fd) == 0 &&
	    connect(a->fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return 0;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return why_fail(why, FAULT_NO_BROKER, "no broker runs in %s",
		    a->rundir);
	return why_fail(why, FAULT_REFUSED, "%s/%s: %s", a->rundir,
	    CONTROL_NAME, strerror(errno));
}

static void
ask_close(struct ask *a)
{
	if (a->fd != -1)
		close(a->fd);
	if (a->rundir_fd != -1)
		close(a->rundir_fd);
	a->fd = a->rundir_fd = -1;
	buf_clear(&a->in);
}

/* The command's descriptors go with the first bytes (unix(7)). */
static ssize_t
ask_send_some(struct ask *a, const struct buf *out)
{
	const struct client *client = a->client;
	size_t size = client->ndescriptors * sizeof(client->descriptors[0]);
	union {
		char space[CMSG_SPACE(sizeof(client->descriptors))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf_peek(out),
		.iov_len = buf_length(out) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *header;
	ssize_t n;

	if (size > 0 && !a->given) {
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(size);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(header), client->descriptors, size);
	}
	n = sendmsg(a->fd, &message, MSG_NOSIGNAL);
	a->given = a->given || n > 0;
	return n;
}

/* Errors are left to the answer: it may have come before all was sent. */
static int
ask_send(struct ask *a, const char *cwd, struct why *why)
{
	struct buf out;
	ssize_t n = 1;

	buf_init(&out, 0);
	if (a->client->home && frame_home(&out) == -1) {
		buf_clear(&out);
		return why_fail(why, FAULT_REFUSED, "the environment is too "
		    "long to be passed on: it has over %zu bytes", FRAME_MAX);
	}
	if (frame_request(&out, cwd != NULL ? cwd : "",
	    a->client->argv) == -1) {
		buf_clear(&out);
		return why_fail(why, FAULT_USAGE, "the command is too long");
	}
	while (buf_length(&out) > 0 && n > 0) {
		n = ask_send_some(a, &out);
		if (n > 0)
			buf_drain(&out, (size_t)n);
		else if (n == -1 && errno == EINTR)
			n = 1;
	}
	buf_clear(&out);
	return 0;
}

static int
ask_flush(void)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? -1 :
	    client_output_fail();
}

static int
ask_output(const struct frame *f)
{
	fwrite(f->data, 1, f->length, stdout);
	return ask_flush();
}

static int
ask_piece(const struct client *client, const struct frame *f)
{
	if (client->piece != NULL)
		client->piece(f, client->piece_arg);
	return ask_flush();
}

/* Relay one frame.  The exit status, -1 to go on. */
static int
ask_frame(const struct client *client, const struct frame *f)
{
	int status;

	switch (f->type) {
	case FRAME_OUTPUT:
		return ask_output(f);
	case FRAME_PIECE:
		return ask_piece(client, f);
	case FRAME_ERROR:
		fflush(stdout);
		fprintf(stderr, "fifoctl: %.*s\n", (int)f->length,
		    (const char *)f->data);
		return -1;
	case FRAME_EXIT:
		status = frame_exit(f);
		return status == -1 ? FAULT_NO_BROKER : status;
	}
	return -1;
}

/* Read the answer's next part.  False: the broker has hung up. */
static bool
ask_read(struct ask *a)
{
	uint8_t *p = buf_reserve(&a->in, CLIENT_READ);
	ssize_t n;

	if (p == NULL)
		return false;
	do
		n = recv(a->fd, p, CLIENT_READ, 0);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return false;
	buf_commit(&a->in, (size_t)n);
	return true;
}

/* Relay the frames that are whole.  The exit status, -1 to go on. */
static int
ask_frames(struct ask *a)
{
	int status = -1, rv = 0;
	struct frame f;

	while (status == -1 && (rv = frame_peek(&a->in, &f)) == 1) {
		a->answered = true;
		a->sends = a->sends || f.type == FRAME_SENDS;
		status = ask_frame(a->client, &f);
		frame_drain(&a->in, &f);
	}
	if (rv != -1)
		return status;
	client_warn("the broker's answer has no meaning");
	return FAULT_NO_BROKER;
}

/*
 * Does the broker stand although it has hung up?  A socket that still takes
 * connections is that of a keeper whose engine has died.
 */
static bool
ask_stands(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stands;

	strlcpy(sun.sun_path, CONTROL_NAME, sizeof(sun.sun_path));
	stands = fd != -1 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0;
	if (fd != -1)
		close(fd);
	return stands;
}

/* Whoever is asked again does not know how long was waited before. */
static bool
ask_is_late(const struct ask *a)
{
	int64_t left = a->client->until_ms - loop_now_ms();
	struct pollfd p = { .fd = a->fd, .events = POLLIN };

	if (!a->repeated || a->client->until_ms == 0)
		return false;
	return left <= 0 || poll(&p, 1, (int)left) == 0;
}

static int
ask_late(const struct ask *a)
{
	struct why why;

	why_fail(&why, FAULT_TIMEOUT, "not %s in time",
	    a->args->operands[1]);
	return client_fail(a->args->operands[0], &why);
}

/* Cut off by an engine's death: once more, or what is known of it. */
static int
ask_cut(struct ask *a)
{
	unsigned flags = a->args->command->flags;
	bool sends = flags & COMMAND_SENDS;
	struct why why;

	if ((flags & COMMAND_PATIENT) ||
	    ((flags & COMMAND_AGAIN) && !a->answered && !a->repeated)) {
		a->repeated = true;
		return ASK_REPEAT;
	}
	/* Or by a broker that drains, which leaves this to the next one. */
	if (flags & COMMAND_STARTS)
		return ASK_NOBODY;
	if (sends && !a->sends)
		why_fail(&why, FAULT_UNSENT, "the broker's engine died before "
		    "the request was sent");
	else
		why_fail(&why, sends ? FAULT_UNCERTAIN : FAULT_REFUSED,
		    "the broker's engine died before it answered: whether %s "
		    "is not known",
		    sends ? "the request was sent" : "that was done");
	return client_fail((flags & COMMAND_SESSION) &&
	    a->args->noperands > 0 ? a->args->operands[0] : NULL, &why);
}

/*
 * Relay the answer.  The exit status; ASK_NOBODY where the broker ended before
 * it said anything, so that another one may be asked the same.
 */
static int
ask_relay(struct ask *a)
{
	bool watches = a->args->command->flags & COMMAND_WATCHES;
	int status = -1;

	a->answered = false;
	buf_init(&a->in, FRAME_HEADER + FRAME_MAX + CLIENT_READ);
	while (status == -1) {
		if (watches && !client_wait(a->fd, -1))
			return FAULT_REFUSED;
		if (ask_is_late(a))
			return ask_late(a);
		if (!ask_read(a))
			break;
		status = ask_frames(a);
	}
	if (status == -1 && ask_stands())
		return ask_cut(a);
	if (status == -1 && a->answered) {
		client_warn("the broker has hung up");
		status = FAULT_NO_BROKER;
	}
	return status;
}

static void
client_rest(int ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000L }, NULL);
}

/* A broker that ends holds its lock a little longer than its socket. */
static void
ask_wait_end(struct ask *a)
{
	int64_t until = loop_now_ms() + CLIENT_TRY_MS;

	while (flock(a->rundir_fd, LOCK_SH | LOCK_NB) == -1 &&
	    errno == EWOULDBLOCK && loop_now_ms() < until)
		client_rest(CLIENT_STEP_MS);
}

/* One try.  The exit status, ASK_REPEAT, or ASK_NOBODY + why. */
static int
ask_once(struct ask *a, const char *cwd, struct why *why)
{
	int status;

	if (ask_connect(a, why) == -1)
		return why->fault == FAULT_NO_BROKER ? -1 :
		    client_fail(NULL, why);
	if (ask_send(a, cwd, why) == -1)
		return client_fail(NULL, why);
	status = ask_relay(a);
	if ((a->args->command->flags & COMMAND_STOPS) && status != ASK_REPEAT)
		ask_wait_end(a);
	if (status == ASK_NOBODY)
		why_fail(why, FAULT_NO_BROKER,
		    "the broker in %s ended before it answered", a->rundir);
	return status;
}

/*
 * No broker answers: shall it be tried again?  Yes where one was started, or
 * another fifoctl starts one, or one is about to end.  A start may fail for no
 * reason but that such another has just looked at the lock.
 */
static bool
ask_again(struct ask *a, struct why *why)
{
	if (!(a->args->command->flags & COMMAND_STARTS))
		return false;
	if (loop_now_ms() > a->until_ms) {
		why_prefix(why, "gave up after %d s", CLIENT_TRY_MS / 1000);
		return false;
	}
	switch (start_broker(a->rundir, why)) {
	case 0:
		return true;
	case 1:
		client_rest(CLIENT_CONTENDED_MS);
		return true;
	}
	client_rest(CLIENT_STEP_MS);
	return ++a->failures < CLIENT_FAILURES;
}

int
client_ask(struct client *client, const struct command_args *args)
{
	struct ask a = { .client = client, .args = args, .rundir_fd = -1,
		.fd = -1, .until_ms = loop_now_ms() + CLIENT_TRY_MS,
		.rundir = keeper_rundir_path(client->rundir) };
	char *cwd = client_cwd();
	struct why why = { 0 };
	int status;

	do {
		status = ask_once(&a, cwd, &why);
		ask_close(&a);
		a.given = false;
	} while (status == ASK_REPEAT ||
	    (status == ASK_NOBODY && ask_again(&a, &why)));
	free(cwd);
	free(a.rundir);
	if (status == -1 && args->command->alone != NULL &&
	    args->command->alone(args))
		return FAULT_NONE;
	return status != -1 ? status : client_fail(NULL, &why);
}

static int
client_command(struct client *client, const struct command_args *args)
{
	const struct command *command = args->command;
	int status = -1;

	if (args->help)
		return help_command(command);
	if (command->flags & COMMAND_DESCRIPTORS) {
		client->descriptors[0] = STDIN_FILENO;
		client->descriptors[1] = STDOUT_FILENO;
		client->ndescriptors = 2;
	}
	if (command->local != NULL)
		status = command->local(client, args);
	return status != -1 ? status : client_ask(client, args);
}

int
client_run(struct client *client)
{
	struct command_args args = { 0 };
	struct why why = { 0 };
	int status;

	if (command_parse(&args, client->argc, client->argv, &why) == -1)
		return client_fail(NULL, &why);
	status = client_command(client, &args);
	/* What failed before the last flush is known by ferror(3) alone. */
	if ((fflush(stdout) == EOF || ferror(stdout)) && status == FAULT_NONE)
		status = client_output_fail();
	command_args_clear(&args);
	return status;
}
