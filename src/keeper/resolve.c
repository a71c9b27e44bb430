/*
 * Names: one short-lived child a look-up.  The child holds nothing of ours
 * but the pipe it answers on, so that it can never keep a client from its end
 * of file, and it is killed when the answer is no longer wanted.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "keeper/netns.h"

/*
 * An answer: as many addresses as there are (thousands of sessions may wait
 * for theirs at once), or why there are none.  The child writes it as it is.
 */
struct answer {
	struct why why;
	struct keeper_addresses addresses;
};

#define ANSWER_SIZE(n) \
	(sizeof(struct answer) + (n) * sizeof(struct keeper_address))

struct keeper_resolve {
	keeper_resolve_cb *cb;
	void *arg;
	pid_t pid;              /* 0: no child, the answer is here already */
	int fd;                 /* -1 likewise */
	struct buf got;         /* of the child's answer */
	struct watch readable;
	struct deferred now;
	struct answer *answer;
};

static int
resolve_fail(struct why *why, const char *host, const char *port, int code)
{
	if (code == EAI_SERVICE)
		return why_fail(why, FAULT_RESOLVE,
		    "port %s is not a number and no known service", port);
	if (code == EAI_ADDRFAMILY || code == EAI_FAMILY || code == EAI_NODATA)
		return why_fail(why, FAULT_RESOLVE,
		    "%s has no address of this family", host);
	return why_fail(why, FAULT_RESOLVE, "%s: %s", host,
	    code == EAI_SYSTEM ? strerror(errno) :
	    code == EAI_AGAIN ? "the name server does not answer" :
	    code == EAI_NONAME ? "no such host name" : gai_strerror(code));
}

static struct answer *
answer_new(const struct addrinfo *found)
{
	const struct addrinfo *a;
	struct answer *answer;
	size_t n = 0;

	for (a = found; a != NULL && n < KEEPER_ADDRESSES; a = a->ai_next)
		n++;
	answer = xcalloc(1, ANSWER_SIZE(n));
	for (a = found; answer->addresses.n < n; a = a->ai_next) {
		struct keeper_address *at =
		    &answer->addresses.at[answer->addresses.n++];

		memcpy(&at->address, a->ai_addr, a->ai_addrlen);
		at->length = a->ai_addrlen;
	}
	return answer;
}

/* getaddrinfo(3); NULL: only a look-up that is not `numeric` can tell. */
static struct answer *
resolve_look_up(const struct keeper_look_up *what, bool numeric)
{
	/*
	 * No AI_ADDRCONFIG: it does not count loopback, and a family without a
	 * route is passed over by connect(2) at once.
	 */
	struct addrinfo hints = { .ai_family = what->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = numeric ? AI_NUMERICHOST : 0 };
	struct addrinfo *found = NULL;
	struct answer *answer;
	int code;

	code = getaddrinfo(what->host, what->port, &hints, &found);
	if (numeric && code == EAI_NONAME)
		return NULL;
	answer = answer_new(found);
	if (found != NULL)
		freeaddrinfo(found);
	if (code != 0)
		resolve_fail(&answer->why, what->host, what->port, code);
	return answer;
}

static void
resolve_free(struct keeper_resolve *r)
{
	watch_clear(&r->readable);
	deferred_clear(&r->now);
	if (r->fd != -1)
		close(r->fd);
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	buf_clear(&r->got);
	free(r->answer);
	free(r);
}

void
keeper_resolve_cancel(struct keeper_resolve *r)
{
	if (r != NULL)
		resolve_free(r);
}

/* Forget the handle first: the callback may free what holds it. */
static void
resolve_answer(void *arg)
{
	struct keeper_resolve *r = arg;
	struct answer *answer = r->answer;
	keeper_resolve_cb *cb = r->cb;
	void *cb_arg = r->arg;

	r->answer = NULL;
	resolve_free(r);
	cb(answer->addresses.n > 0 ? &answer->addresses : NULL, &answer->why,
	    cb_arg);
	free(answer);
}

/* Is it of the form that a child gives it?  Anything may have become of one. */
static bool
answer_is_whole(const struct answer *answer, size_t size)
{
	const struct keeper_addresses *found = &answer->addresses;
	size_t i;

	if (size < sizeof(*answer) || found->n > KEEPER_ADDRESSES ||
	    size != ANSWER_SIZE(found->n) || memchr(answer->why.text, '\0',
	    sizeof(answer->why.text)) == NULL)
		return false;
	for (i = 0; i < found->n; i++)
		if (found->at[i].length > sizeof(found->at[i].address))
			return false;
	return found->n > 0 || (answer->why.fault == FAULT_RESOLVE &&
	    answer->why.text[0] != '\0');
}

/* What the child has said, when it has ended; nothing, when that is not whole. */
static struct answer *
resolve_heard(const struct buf *got)
{
	size_t n = buf_length(got);
	struct answer *answer = xcalloc(1, n > sizeof(*answer) ? n :
	    sizeof(*answer));

	if (n > 0)
		memcpy(answer, buf_peek(got), n);
	if (answer_is_whole(answer, n))
		return answer;
	free(answer);
	answer = answer_new(NULL);
	why_fail(&answer->why, FAULT_RESOLVE,
	    "the look-up died without an answer");
	return answer;
}

static void
resolve_readable(void *arg)
{
	struct keeper_resolve *r = arg;
	char data[4096];
	ssize_t n;

	n = read(r->fd, data, sizeof(data));
	if (n > 0)
		buf_append(&r->got, data, (size_t)n);
	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return;
	r->answer = resolve_heard(&r->got);
	resolve_answer(r);
}

static struct answer *
resolve_answer_in(const struct keeper_look_up *what)
{
	struct answer *answer = answer_new(NULL);

	if (netns_live_in(what->netns, &answer->why) == -1)
		return answer;
	free(answer);
	return resolve_look_up(what, false);
}

static void
resolve_child(int fd, const struct keeper_look_up *what)
{
	struct answer *answer;
	size_t done, size;
	ssize_t n;

	dup2(fd, 3);
	closefrom(4);
	signal(SIGTERM, SIG_DFL);
	answer = resolve_answer_in(what);
	size = ANSWER_SIZE(answer->addresses.n);
	for (done = 0; done < size; done += (size_t)n) {
		n = write(3, (char *)answer + done, size - done);
		if (n <= 0)
			_exit(1);
	}
	_exit(0);
}

static int
resolve_spawn(struct keeper_resolve *r, const struct keeper_look_up *what)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	r->pid = fork();
	if (r->pid == 0)
		resolve_child(fds[1], what);
	close(fds[1]);
	r->fd = fds[0];
	if (r->pid == -1)
		return -1;
	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	watch_init(&r->readable, r->fd, LOOP_READ, resolve_readable, r);
	watch_want(&r->readable, true);
	return 0;
}

struct keeper_resolve *
keeper_resolve(const struct keeper_look_up *what, keeper_resolve_cb *cb,
    void *arg, struct why *why)
{
	struct keeper_resolve *r = xcalloc(1, sizeof(*r));

	r->cb = cb;
	r->arg = arg;
	r->fd = -1;
	buf_init(&r->got, ANSWER_SIZE(KEEPER_ADDRESSES));
	r->answer = resolve_look_up(what, true);
	if (r->answer != NULL) {
		deferred_queue(&r->now, resolve_answer, r);
		return r;
	}
	if (resolve_spawn(r, what) == -1) {
		why_fail(why, FAULT_RESOLVE, "%s: the look-up cannot be "
		    "started: %s", what->host, strerror(errno));
		r->pid = r->pid > 0 ? r->pid : 0;
		resolve_free(r);
		return NULL;
	}
	return r;
}
