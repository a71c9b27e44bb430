/*
 * What is asked about sockets.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keeper/ask.h"

/* Links leave some descriptors to others: FAULT_CONNECT and EMFILE. */
static int
socket_checked(int fd, struct why *why)
{
	if (fd == -1) {
		if (why != NULL && why->fault == FAULT_REFUSED)
			why->fault = FAULT_CONNECT;
		return -1;
	}
	if (!keeper_is_full(fd, 0))
		return fd;
	close(fd);
	errno = EMFILE;
	return why_fail(why, FAULT_CONNECT, "no socket: %s", strerror(errno));
}

static void
place_put(struct message *m, const struct keeper_place *place)
{
	message_put_text(m, place->netns);
	message_put_text(m, place->device);
	message_put_text(m, place->bind);
}

int
keeper_socket(int family, int type, const struct keeper_place *place,
    struct why *why)
{
	struct message *m;

	if (!ask_may())
		return socket_checked(direct_socket(family, type, place, why),
		    why);
	m = ask_begin(REQUEST_SOCKET);
	message_put_number(m, (uint64_t)family);
	message_put_number(m, (uint64_t)type);
	place_put(m, place);
	return socket_checked(ask_fd(why), why);
}

int
keeper_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why)
{
	struct message *m;

	if (!ask_may())
		return socket_checked(direct_listen(at, type, place, why),
		    why);
	m = ask_begin(REQUEST_LISTEN);
	message_put_bytes(m, at, sizeof(*at));
	message_put_number(m, (uint64_t)type);
	place_put(m, place);
	return socket_checked(ask_fd(why), why);
}

void
keeper_listen_share(const struct keeper_address *at, mode_t mode, gid_t gid)
{
	struct message *m;

	if (!ask_may()) {
		direct_listen_share(at, mode, gid);
		return;
	}
	m = ask_begin(REQUEST_LISTEN_SHARE);
	message_put_bytes(m, at, sizeof(*at));
	message_put_number(m, mode);
	message_put_number(m, gid);
	ask_done(NULL);
}

void
ask_listen_sweep(const struct keeper_address *at, int type)
{
	struct message *m;

	if (at->address.ss_family != AF_UNIX)
		return;
	if (!ask_may()) {
		direct_listen_sweep(at, type);
		return;
	}
	m = ask_begin(REQUEST_LISTEN_SWEEP);
	message_put_bytes(m, at, sizeof(*at));
	message_put_number(m, (uint64_t)type);
	ask_done(NULL);
}

bool
keeper_has_ipv6(void)
{
	const struct keeper_place anywhere = { 0 };
	int fd = keeper_socket(AF_INET6, SOCK_STREAM, &anywhere, NULL);

	if (fd != -1)
		close(fd);
	return fd != -1;
}
