#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/dgram.h"
#include "transport/sock.h"
#include "transport/unix_dial.h"

/* A full backlog gives no event: it is tried again, until time is up. */
#define UNIX_AGAIN_MS 20

int
unix_address(const char *path, struct keeper_address *out, struct why *why)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->address;
	size_t n = strlen(path), most = sizeof(un->sun_path) - 1;

	memset(out, 0, sizeof(*out));
	un->sun_family = AF_UNIX;
	if (n == 0 || strcmp(path, "@") == 0)
		return why_fail(why, FAULT_USAGE, "a unix socket needs a "
		    "path, or @ and a name");
	if (path[0] == '@' && unix_abstract(why) == -1)
		return -1;
	if (n > most)
		return why_fail(why, FAULT_USAGE, "the path is %zu bytes "
		    "long, and a unix socket's may be %zu: %.80s...", n, most,
		    path);
	memcpy(un->sun_path, path, n);
	out->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (path[0] == '@')
		un->sun_path[0] = '\0';
	else
		out->length++;
	return 0;
}

int
unix_check(const struct url *url, struct why *why)
{
	struct keeper_address at;

	if (url->host != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": a unix socket "
		    "has no host; write %s:PATH", url->text, url->scheme);
	return unix_address(url->rest, &at, why);
}

static int
unix_connect_fail(struct link *l)
{
	const char *path = l->dial->url->rest;

	switch (errno) {
	case ENOENT:
		return link_fail(l, FAULT_CONNECT, "%s: there is no such "
		    "socket", path);
	case ECONNREFUSED:
		return link_fail(l, FAULT_CONNECT, "%s: connection refused: "
		    "nobody listens there", path);
	case EPROTOTYPE:
		return link_fail(l, FAULT_CONNECT, "%s: this socket is of "
		    "another type (unix:, unix-dgram:, unix-seqpacket:)",
		    path);
	default:
		return link_fail(l, FAULT_CONNECT, "%s: %s", path,
		    strerror(errno));
	}
}

int
unix_open(struct link *l, int type)
{
	struct unix_link *u = (struct unix_link *)l;
	struct why why;

	l->fd = keeper_socket(AF_UNIX, type, &l->dial->link->place, &why);
	if (l->fd == -1)
		return link_fail(l, why.fault, "%s", why.text);
	link_enter(l, LINK_CONNECTING);
	if (type == SOCK_DGRAM &&
	    unix_bind_own(l->fd, u->own, sizeof(u->own)) == -1)
		return link_fail(l, FAULT_CONNECT, "no address of our own: "
		    "%s", strerror(errno));
	return 0;
}

static void
unix_again(void *arg)
{
	link_kick(arg);
}

int
unix_advance(struct link *l)
{
	struct unix_link *u = (struct unix_link *)l;
	struct keeper_address at;

	if (unix_address(l->dial->url->rest, &at, NULL) == -1)
		return -1;
	if (u->lasting || connect(l->fd, (struct sockaddr *)&at.address,
	    at.length) == 0) {
		u->lasting = true;
		return 1;
	}
	if (errno != EAGAIN)
		return unix_connect_fail(l);
	timer_set(&u->again, UNIX_AGAIN_MS, unix_again, l);
	return 0;
}

int
unix_broken(struct link *l)
{
	if (errno == EMSGSIZE)
		return -1;
	if (errno == ECONNREFUSED || errno == ENOENT)
		return link_fail(l, FAULT_RECEIVE, "%s: connection refused: "
		    "the peer has gone", l->dial->url->rest);
	return sock_broken(l);
}

ssize_t
unix_write(struct link *l, const void *data, size_t size)
{
	ssize_t n = dgram_write(l, data, size);

	return n == -1 ? unix_broken(l) : n;
}

void
unix_close(struct link *l)
{
	struct unix_link *u = (struct unix_link *)l;

	timer_clear(&u->again);
	if (u->own[0] != '\0')
		unlink(u->own);
	u->own[0] = '\0';
	sock_close(l);
}

/* The peer's own name for itself may be a relative one: ours is better. */
bool
unix_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	char who[64];

	if (fact != LINK_PEER || l->fd == -1)
		return sock_fact(l, fact, out, size);
	if (unix_credentials(l->fd, who, sizeof(who)))
		snprintf(out, size, "%s (%s)", l->dial->url->rest, who);
	else
		snprintf(out, size, "%s", l->dial->url->rest);
	return true;
}
