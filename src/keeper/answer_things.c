/*
 * Answers about sockets, children, their homes, and what is held.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "keeper/answer.h"
#include "keeper/direct.h"
#include "keeper/held.h"

/* --- sockets --- */

static void
place_read(struct message *in, struct keeper_place *place)
{
	place->netns = message_text(in);
	place->device = message_text(in);
	place->bind = message_text(in);
}

/* No raw ones, and none of families that could reach the system. */
static bool
socket_is_plain(uint64_t family, uint64_t type)
{
	return socket_family_is_plain((int)family) && (type == SOCK_STREAM ||
	    type == SOCK_DGRAM || type == SOCK_SEQPACKET);
}

static bool
address_read(struct message *in, struct keeper_address *at)
{
	message_struct(in, at, sizeof(*at));
	return !in->bad && at->length <= sizeof(at->address) &&
	    socket_family_is_plain(at->address.ss_family);
}

int
answer_socket(struct message *in, struct message *out, struct why *why)
{
	uint64_t family = message_number(in), type = message_number(in);
	struct keeper_place place;

	place_read(in, &place);
	if (!message_whole(in) || !socket_is_plain(family, type))
		return ANSWER_BAD;
	return answer_give(out, direct_socket((int)family, (int)type, &place,
	    why));
}

int
answer_listen(struct message *in, struct message *out, struct why *why)
{
	struct keeper_address at;
	struct keeper_place place;
	uint64_t type;

	if (!address_read(in, &at))
		return ANSWER_BAD;
	type = message_number(in);
	place_read(in, &place);
	if (!message_whole(in) || !socket_is_plain(at.address.ss_family, type))
		return ANSWER_BAD;
	return answer_give(out, direct_listen(&at, (int)type, &place, why));
}

int
answer_listen_share(struct message *in, struct message *out,
    struct why *why)
{
	struct keeper_address at;
	uint64_t mode, gid;

	(void)out;
	(void)why;
	if (!address_read(in, &at) || at.address.ss_family != AF_UNIX)
		return ANSWER_BAD;
	mode = message_number(in);
	gid = message_number(in);
	if (!message_whole(in) || mode > 0777)
		return ANSWER_BAD;
	direct_listen_share(&at, (mode_t)mode, (gid_t)gid);
	return 0;
}

int
answer_listen_sweep(struct message *in, struct message *out,
    struct why *why)
{
	struct keeper_address at;
	uint64_t type;

	(void)out;
	(void)why;
	if (!address_read(in, &at))
		return ANSWER_BAD;
	type = message_number(in);
	if (!message_whole(in) || !socket_is_plain(at.address.ss_family, type))
		return ANSWER_BAD;
	direct_listen_sweep(&at, (int)type);
	return 0;
}

/* --- children and homes --- */

static int
child_put(struct message *out, const struct direct_child *child)
{
	message_put_number(out, child->number);
	message_put_number(out, (uint64_t)child->pid);
	message_give(out, child->said_fd);
	if (child->ended_fd != -1)
		message_give(out, child->ended_fd);
	return 0;
}

int
answer_program(struct message *in, struct message *out, struct why *why)
{
	struct direct_program p = { .command = message_text(in) };
	struct direct_child child;

	p.home = message_number(in);
	p.netns = message_text(in);
	p.terminal = message_number(in) != 0;
	p.merged = message_number(in) != 0;
	p.fd = in->fds[0];
	if (!message_whole(in) || p.command == NULL)
		return ANSWER_BAD;
	if (direct_program(&p, &child, why) == -1)
		return ANSWER_REFUSED;
	return child_put(out, &child);
}

int
answer_look_up(struct message *in, struct message *out, struct why *why)
{
	struct keeper_look_up what = { .host = message_text(in) };
	struct direct_child child;

	what.port = message_text(in);
	what.family = (int)message_number(in);
	what.netns = message_text(in);
	if (!message_whole(in))
		return ANSWER_BAD;
	if (direct_look_up(&what, &child, why) == -1)
		return ANSWER_REFUSED;
	return child_put(out, &child);
}

int
answer_child_end(struct message *in, struct message *out, struct why *why)
{
	uint64_t number = message_number(in);

	(void)out;
	(void)why;
	if (!message_whole(in))
		return ANSWER_BAD;
	direct_child_end(number, in->nfds > 0 ? message_fd(in) : -1);
	return 0;
}

int
answer_home_new(struct message *in, struct message *out, struct why *why)
{
	uint64_t number;

	if (!message_whole(in))
		return ANSWER_BAD;
	number = direct_home_new(in->fds[0], why);
	message_put_number(out, number);
	return number != 0 ? 0 : ANSWER_REFUSED;
}

int
answer_home_again(struct message *in, struct message *out, struct why *why)
{
	uint64_t number = message_number(in);

	(void)out;
	if (!message_whole(in))
		return ANSWER_BAD;
	return direct_home_again(number) ? 0 : why_fail(why, FAULT_REFUSED,
	    "there is no such home");
}

int
answer_home_end(struct message *in, struct message *out, struct why *why)
{
	uint64_t number = message_number(in);

	(void)out;
	(void)why;
	if (!message_whole(in))
		return ANSWER_BAD;
	direct_home_end(number);
	return 0;
}

/* --- what is held --- */

int
answer_hold(struct message *in, struct message *out, struct why *why)
{
	struct keeper_held what = { .key = message_text(in) };

	(void)out;
	(void)why;
	what.bytes = message_bytes(in, &what.n);
	if (!message_whole(in) || what.key == NULL ||
	    !held_key_is_sound(what.key) || what.n > KEEPER_HELD_BYTES)
		return ANSWER_BAD;
	what.fds = in->fds;
	what.nfds = in->nfds;
	in->taken = in->nfds;
	held_put(&what);
	return 0;
}

int
answer_let_go(struct message *in, struct message *out, struct why *why)
{
	const char *key = message_text(in);

	(void)out;
	(void)why;
	if (!message_whole(in) || key == NULL || !held_key_is_sound(key))
		return ANSWER_BAD;
	held_drop(key);
	return 0;
}

/* How many fit after `after', and which is the last of them. */
static uint64_t
take_measure(const char *after, const char **last)
{
	size_t fds = 0, bytes = 2 * KEEPER_HELD_KEY;
	struct keeper_held what;
	uint64_t n = 0;

	for (; held_next(after, &what); n++) {
		fds += what.nfds;
		bytes += what.n + strlen(what.key) + 64;
		if (fds > MESSAGE_FDS || bytes > MESSAGE_MAX)
			break;
		*last = after = what.key;
	}
	return n;
}

int
answer_take(struct message *in, struct message *out, struct why *why)
{
	const char *after = message_text(in), *last = after;
	struct keeper_held what;
	uint64_t n, i;
	size_t k;

	(void)why;
	if (!message_whole(in))
		return ANSWER_BAD;
	n = take_measure(after, &last);
	message_put_text(out, last);
	message_put_number(out, n);
	for (i = 0; i < n && held_next(after, &what); i++) {
		message_put_text(out, what.key);
		message_put_bytes(out, what.bytes, what.n);
		message_put_number(out, what.nfds);
		for (k = 0; k < what.nfds; k++)
			message_lend(out, what.fds[k]);
		after = what.key;
	}
	return 0;
}

