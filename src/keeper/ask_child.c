/*
 * What is asked about children and their homes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keeper/ask.h"

/* Its number, its process, and one pipe or two. */
static int
child_answer(struct direct_child *out, bool look_up, struct why *why)
{
	struct message *m = ask_answer(why);

	if (m == NULL)
		return -1;
	out->number = message_number(m);
	out->pid = (pid_t)message_number(m);
	out->said_fd = message_fd(m);
	out->ended_fd = look_up ? -1 : message_fd(m);
	return 0;
}

int
ask_program(const struct direct_program *program, struct direct_child *out,
    struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_program(program, out, why);
	m = ask_begin(REQUEST_PROGRAM);
	message_put_text(m, program->command);
	message_put_number(m, program->home);
	message_put_text(m, program->netns);
	message_put_number(m, program->terminal);
	message_put_number(m, program->merged);
	message_lend(m, program->fd);
	if (child_answer(out, false, why) == 0)
		return 0;
	if (why != NULL && why->fault == FAULT_REFUSED) {
		why_prefix(why, "no program can be started");
		why->fault = FAULT_CONNECT;
	}
	return -1;
}

int
ask_look_up(const struct keeper_look_up *what, struct direct_child *out,
    struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_look_up(what, out, why);
	m = ask_begin(REQUEST_LOOK_UP);
	message_put_text(m, what->host);
	message_put_text(m, what->port);
	message_put_number(m, (uint64_t)what->family);
	message_put_text(m, what->netns);
	if (child_answer(out, true, why) == 0)
		return 0;
	if (why != NULL && why->fault == FAULT_REFUSED) {
		why_prefix(why, "%s: the look-up cannot be started",
		    what->host);
		why->fault = FAULT_RESOLVE;
	}
	return -1;
}

void
ask_child_end(uint64_t number, int fd)
{
	struct message *m;

	if (!ask_may()) {
		direct_child_end(number, fd);
		return;
	}
	m = ask_begin(REQUEST_CHILD_END);
	message_put_number(m, number);
	if (fd != -1)
		message_give(m, fd);
	ask_done(NULL);
}

/* --- homes --- */

uint64_t
ask_home_new(int fd, struct why *why)
{
	struct message *m;

	if (!ask_may())
		return direct_home_new(fd, why);
	message_lend(ask_begin(REQUEST_HOME_NEW), fd);
	m = ask_answer(why);
	return m == NULL ? 0 : message_number(m);
}

bool
ask_home_again(uint64_t number)
{
	if (!ask_may())
		return direct_home_again(number);
	message_put_number(ask_begin(REQUEST_HOME_AGAIN), number);
	return ask_done(NULL) == 0;
}

void
ask_home_end(uint64_t number)
{
	if (!ask_may()) {
		direct_home_end(number);
		return;
	}
	message_put_number(ask_begin(REQUEST_HOME_END), number);
	ask_done(NULL);
}
