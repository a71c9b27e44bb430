/*
 * The table of what can be asked, and when; after OpenSSH's monitor.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/answer.h"
#include "keeper/direct.h"
#include "keeper/ready.h"
#include "keeper/request.h"

enum permit {
	PERMIT_ONCE,            /* by each engine */
	PERMIT_START,           /* until it is ready */
	PERMIT_ANY,
};

static struct answers *answers;         /* of the question at hand */

/* --- about the engine itself --- */

static int
answer_hello(struct message *in, struct message *out, struct why *why)
{
	uint64_t protocol = message_number(in);

	if (!message_whole(in))
		return ANSWER_BAD;
	if (protocol != REQUEST_PROTOCOL)
		return why_fail(why, FAULT_REFUSED, "the keeper and the engine "
		    "are of versions that do not understand each other: start "
		    "the broker again");
	message_put_number(out, answers->generation);
	message_put_number(out, answers->faults);
	message_put_number(out, ready_wanted());
	message_put_number(out, (uint64_t)ready_watchdog_ms());
	return 0;
}

static int
answer_ready(struct message *in, struct message *out, struct why *why)
{
	(void)out;
	(void)why;
	if (!message_whole(in))
		return ANSWER_BAD;
	answers->ready = true;
	answers->on_ready(answers->arg);
	return 0;
}

/* A line of its own: the engine is to say nothing else in our name. */
static int
answer_tell_status(const char *words)
{
	char state[KEEPER_STATUS_MAX + sizeof("STATUS=")];
	const char *c;

	if (words == NULL || strlen(words) > KEEPER_STATUS_MAX)
		return ANSWER_BAD;
	for (c = words; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return ANSWER_BAD;
	snprintf(state, sizeof(state), "STATUS=%s", words);
	ready_tell(state);
	return 0;
}

static int
answer_tell(struct message *in, struct message *out, struct why *why)
{
	static const char *const states[] = {
		[KEEPER_RELOADED] = "READY=1",
		[KEEPER_STOPPING] = "STOPPING=1",
		[KEEPER_ALIVE] = "WATCHDOG=1",
	};
	uint64_t state = message_number(in);
	const char *words = state == KEEPER_STATUS ? message_text(in) : NULL;

	(void)out;
	(void)why;
	if (!message_whole(in) || state > KEEPER_STATUS)
		return ANSWER_BAD;
	if (state == KEEPER_STATUS)
		return answer_tell_status(words);
	if (state == KEEPER_RELOADING)
		ready_tell_reloading();
	else if (state != KEEPER_STOPPING || !answers->stopping)
		ready_tell(states[state]);
	answers->stopping |= state == KEEPER_STOPPING;
	return 0;
}

static int
answer_hand_over(struct message *in, struct message *out, struct why *why)
{
	(void)out;
	if (!message_whole(in))
		return ANSWER_BAD;
	if (direct_try(answers->path, why) == -1)
		return -1;
	ready_tell_reloading();
	answers->handing_over = true;
	return 0;
}

static int
answer_share(struct message *in, struct message *out, struct why *why)
{
	bool shared = message_number(in) != 0;

	(void)out;
	(void)why;
	if (!message_whole(in))
		return ANSWER_BAD;
	return fchmod(answers->rundir_fd, shared ? 0711 : 0700);
}

/* --- the table --- */

static const struct answer_row {
	const char *name;
	enum permit when;
	size_t min_fds, max_fds;
	answer_cb *answer;
} answer_rows[NREQUESTS] = {
	[REQUEST_HELLO] = { "hello", PERMIT_ONCE, 0, 0, answer_hello },
	[REQUEST_READY] = { "ready", PERMIT_ONCE, 0, 0, answer_ready },
	[REQUEST_TELL] = { "tell", PERMIT_ANY, 0, 0, answer_tell },
	[REQUEST_HAND_OVER] = { "hand-over", PERMIT_ANY, 0, 0,
	    answer_hand_over },
	[REQUEST_OPEN] = { "open", PERMIT_ANY, 0, 0, answer_open },
	[REQUEST_ROTATE] = { "rotate", PERMIT_ANY, 0, 0, answer_rotate },
	[REQUEST_DIRECTORY] = { "directory", PERMIT_ANY, 0, 0,
	    answer_directory },
	[REQUEST_MKDIR] = { "mkdir", PERMIT_ANY, 1, 1, answer_mkdir },
	[REQUEST_GROUP] = { "group", PERMIT_ANY, 0, 0, answer_group },
	[REQUEST_USER] = { "user", PERMIT_ANY, 0, 0, answer_user },
	[REQUEST_SERVICE] = { "service", PERMIT_ANY, 0, 0, answer_service },
	[REQUEST_SHARE] = { "share", PERMIT_ANY, 0, 0, answer_share },
	[REQUEST_SYMLINK] = { "symlink", PERMIT_ANY, 0, 0, answer_symlink },
	[REQUEST_SYMLINK_REMOVE] = { "symlink-remove", PERMIT_ANY, 0, 0,
	    answer_symlink_remove },
	[REQUEST_SOCKET] = { "socket", PERMIT_ANY, 0, 0, answer_socket },
	[REQUEST_LISTEN] = { "listen", PERMIT_ANY, 0, 0, answer_listen },
	[REQUEST_LISTEN_SHARE] = { "listen-share", PERMIT_ANY, 0, 0,
	    answer_listen_share },
	[REQUEST_LISTEN_SWEEP] = { "listen-sweep", PERMIT_ANY, 0, 0,
	    answer_listen_sweep },
	[REQUEST_TERMINAL_PAIR] = { "terminal-pair", PERMIT_ANY, 0, 0,
	    answer_terminal_pair },
	[REQUEST_TERMINAL_OPEN] = { "terminal-open", PERMIT_ANY, 0, 0,
	    answer_terminal_open },
	[REQUEST_PROGRAM] = { "program", PERMIT_ANY, 1, 1, answer_program },
	[REQUEST_LOOK_UP] = { "look-up", PERMIT_ANY, 0, 0, answer_look_up },
	[REQUEST_CHILD_END] = { "child-end", PERMIT_ANY, 0, 1,
	    answer_child_end },
	[REQUEST_HOME_NEW] = { "home-new", PERMIT_ANY, 1, 1, answer_home_new },
	[REQUEST_HOME_AGAIN] = { "home-again", PERMIT_START, 0, 0,
	    answer_home_again },
	[REQUEST_HOME_END] = { "home-end", PERMIT_ANY, 0, 0, answer_home_end },
	[REQUEST_HOLD] = { "hold", PERMIT_ANY, 0, 16, answer_hold },
	[REQUEST_LET_GO] = { "let-go", PERMIT_ANY, 0, 0, answer_let_go },
	[REQUEST_TAKE] = { "take", PERMIT_START, 0, 0, answer_take },
};

const char *
request_name(enum request kind)
{
	return answer_rows[kind].name;
}

const char *
request_when(enum request kind)
{
	static const char *const words[] = { [PERMIT_ONCE] = "once",
		[PERMIT_START] = "at its start", [PERMIT_ANY] = "at any time" };

	return words[answer_rows[kind].when];
}

int
answer_give(struct message *out, int fd)
{
	if (fd == -1)
		return ANSWER_REFUSED;
	message_give(out, fd);
	return 0;
}

static bool
answer_is_permitted(const struct answers *a, uint32_t kind)
{
	const struct answer_row *row = &answer_rows[kind];

	if (kind != REQUEST_HELLO && !(a->asked & 1UL << REQUEST_HELLO))
		return false;
	return row->when == PERMIT_ANY ||
	    (row->when == PERMIT_START && !a->ready) ||
	    (row->when == PERMIT_ONCE && !(a->asked & 1UL << kind));
}

/* What is left is needed to start the next engine. */
static bool
answer_has_room(const struct message *in)
{
	size_t i;

	for (i = 0; i < in->nfds; i++)
		if (keeper_is_full(in->fds[i], 0))
			return false;
	return !in->cut;
}

static int
answer_one(struct message *in, struct message *out, struct why *why)
{
	const struct answer_row *row = &answer_rows[in->kind];
	int rv;

	why_clear(why);
	message_begin(out, in->kind);
	message_put_number(out, 0);
	message_put_number(out, FAULT_NONE);
	message_put_text(out, NULL);
	errno = 0;
	if (!answer_has_room(in)) {
		errno = EMFILE;
		return why_fail(why, FAULT_REFUSED, "the keeper has no "
		    "descriptors left");
	}
	if (in->nfds < row->min_fds || in->nfds > row->max_fds)
		return ANSWER_BAD;
	rv = row->answer(in, out, why);
	return rv == 0 && out->bad ? ANSWER_BAD : rv;
}

/* What was written of an answer that is none: its descriptors go. */
static void
answer_refuse(struct message *out, uint32_t kind, const struct why *why)
{
	int error = errno != 0 ? errno : EINVAL;

	message_begin(out, kind);
	message_put_number(out, (uint64_t)error);
	message_put_number(out, why->fault != FAULT_NONE ? why->fault :
	    FAULT_REFUSED);
	message_put_text(out, why->fault != FAULT_NONE ? why->text :
	    strerror(error));
}

/* Who asked is gone. */
static bool
answer_is_late(int error)
{
	return error == EPIPE || error == ECONNRESET;
}

int
answer_next(struct answers *a, int fd, struct why *why)
{
	static struct message in, out;
	int rv = message_receive(&in, fd);

	if (rv == 0)
		errno = 0;
	if (rv != 1)
		return 0;
	answers = a;
	if (in.kind >= NREQUESTS || in.bad) {
		message_clear(&in);
		return why_fail(why, FAULT_REFUSED, "a question without "
		    "meaning");
	}
	if (!answer_is_permitted(a, in.kind)) {
		message_clear(&in);
		return why_fail(why, FAULT_REFUSED, "the question \"%s\" at "
		    "a time when it may not", answer_rows[in.kind].name);
	}
	a->asked |= 1UL << in.kind;
	rv = answer_one(&in, &out, why);
	if (rv == ANSWER_REFUSED)
		answer_refuse(&out, in.kind, why);
	message_clear(&in);
	if (rv != ANSWER_BAD && message_send(&out, fd, false) == 0)
		return 1;
	/* Too many descriptors under way (ETOOMANYREFS): it may say so. */
	if (rv != ANSWER_BAD && errno != EAGAIN && !answer_is_late(errno)) {
		why_clear(why);
		answer_refuse(&out, in.kind, why);
		if (message_send(&out, fd, false) == 0)
			return 1;
	}
	if (rv == ANSWER_BAD)
		return why_fail(why, FAULT_REFUSED, "the question \"%s\" "
		    "wrongly", answer_rows[in.kind].name);
	if (answer_is_late(errno))
		return 1;
	a->innocent = errno != EAGAIN;
	return why_fail(why, FAULT_REFUSED, a->innocent ?
	    "questions whose answers cannot be sent" :
	    "questions and does not read the answers");
}
