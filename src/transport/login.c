#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/spawn.h"
#include "transport/child.h"
#include "transport/login.h"
#include "transport/trace.h"

/* So much waits between the link and the program, each way. */
#define LOGIN_BUFFER 4096
/* The program's socket takes so much, and Linux doubles that (socket(7)). */
#define LOGIN_SOCKET (64 * 1024)
#define LOGIN_AHEAD ((size_t)4 * LOGIN_SOCKET)

/* Bytes on their way from one side to the other. */
struct login_way {
	size_t start, end;
	bool ended;             /* its source has no more */
	char data[LOGIN_BUFFER];
};

struct login {
	struct link *link;
	struct keeper_child *child;     /* NULL: it has ended */
	int status;
	int fd;                 /* our end of its socket */
	int their_fd;           /* what it has not read is still in there */
	struct watch readable, writable;        /* of fd */
	struct login_way to_child, to_peer;
	bool told_end;          /* it has had the end of what the peer sends */
	char last[120];         /* of its standard error */
};

static void
login_said(const char *line, void *arg)
{
	struct login *g = arg;

	strlcpy(g->last, line, sizeof(g->last));
	link_note(g->link, "on-connect: %s", line);
}

static void
login_ended(int status, void *arg)
{
	struct login *g = arg;

	g->child = NULL;
	g->status = status;
	link_kick(g->link);
}

static void
login_ready(void *arg)
{
	struct login *g = arg;

	link_kick(g->link);
}

static int
login_start(struct link *l)
{
	const struct dial *d = l->dial;
	struct login *g = xcalloc(1, sizeof(*g));
	struct keeper_program program = {
		.command = d->child->on_connect,
		.home = d->home,
	};
	const struct keeper_child_events events = { login_said, login_ended,
		g };
	int size = LOGIN_SOCKET;
	struct why why;

	l->login = g;
	g->link = l;
	g->fd = g->their_fd = -1;
	if (keeper_pair(&g->fd, &g->their_fd, &why) == -1)
		return link_fail(l, why.fault, "on-connect: %s", why.text);
	setsockopt(g->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	watch_init(&g->readable, g->fd, LOOP_READ, login_ready, g);
	watch_init(&g->writable, g->fd, LOOP_WRITE, login_ready, g);
	program.fd = g->their_fd;
	g->child = keeper_spawn(&program, &events, &why);
	if (g->child == NULL)
		return link_fail(l, why.fault, "on-connect: %s", why.text);
	link_note(l, "on-connect: started: pid %jd",
	    (intmax_t)keeper_child_pid(g->child));
	link_enter(l, LINK_HANDSHAKE);
	return 0;
}

void
login_free(struct link *l)
{
	struct login *g = l->login;

	l->login = NULL;
	if (g == NULL)
		return;
	keeper_child_release(g->child, -1);
	watch_clear(&g->readable);
	watch_clear(&g->writable);
	if (g->fd != -1)
		close(g->fd);
	if (g->their_fd != -1)
		close(g->their_fd);
	free(g);
}

/* --- the bytes --- */

static size_t
way_length(const struct login_way *way)
{
	return way->end - way->start;
}

static void
way_sent(struct login_way *way, ssize_t n)
{
	way->start += n > 0 ? (size_t)n : 0;
	if (way->start == way->end)
		way->start = way->end = 0;
}

/* True: bytes have moved.  A peer that has closed is told by its end. */
static int
login_from_peer(struct login *g)
{
	struct login_way *way = &g->to_child;
	ssize_t n;

	if (way_length(way) == 0 && !way->ended) {
		n = link_read(g->link, way->data, sizeof(way->data));
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		way->end = (size_t)n;
		way->ended = n == 0;
	}
	if (way_length(way) == 0) {
		if (way->ended && !g->told_end)
			g->told_end = shutdown(g->fd, SHUT_WR) == 0;
		return 0;
	}
	n = send(g->fd, way->data + way->start, way_length(way), MSG_NOSIGNAL);
	way_sent(way, n);
	return n > 0;
}

static int
login_from_child(struct login *g)
{
	struct login_way *way = &g->to_peer;
	ssize_t n;

	if (way_length(way) == 0 && link_pending(g->link) == 0) {
		n = recv(g->fd, way->data, sizeof(way->data), 0);
		if (n <= 0)
			return 0;
		way->end = (size_t)n;
	}
	n = link_write(g->link, way->data + way->start,
	    link_pending(g->link) > 0 ? 0 : way_length(way));
	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	way_sent(way, n);
	return 1;
}

/* What it has left unread, and what we had not passed on yet. */
static int
login_leave(struct login *g)
{
	struct link *l = g->link;
	struct buf *ahead = xcalloc(1, sizeof(*ahead));
	struct login_way *way = &g->to_child;
	char data[LOGIN_BUFFER];
	ssize_t n;

	buf_init(ahead, LOGIN_AHEAD);
	while ((n = recv(g->their_fd, data, sizeof(data), MSG_DONTWAIT)) > 0)
		if (buf_append(ahead, data, (size_t)n) == -1)
			break;
	if (way_length(way) > 0)
		buf_append(ahead, way->data + way->start, way_length(way));
	if (buf_length(ahead) > 0)
		l->ahead = ahead;
	else
		free(ahead);
	login_free(l);
	return 1;
}

/* It has ended, and what it wrote is on its way. */
static int
login_verdict(struct login *g)
{
	char how[48], last[sizeof(g->last)];
	struct link *l = g->link;

	if (g->status == 0) {
		link_note(l, "on-connect: done");
		return login_leave(g);
	}
	strlcpy(last, g->last, sizeof(last));
	keeper_child_verdict(g->status, how, sizeof(how));
	return link_fail(l, FAULT_CONNECT, "on-connect: %s%s%s", how,
	    last[0] != '\0' ? ": " : "", last);
}

/*
 * What is of interest now.  The program's socket says nothing more when its
 * end is open here too, but that it has bytes or room.
 */
static void
login_want(struct login *g)
{
	bool back = way_length(&g->to_peer) > 0 || link_pending(g->link) > 0;
	bool only_read = g->link->want_read;

	watch_want(&g->readable, !back);
	watch_want(&g->writable, way_length(&g->to_child) > 0);
	if (way_length(&g->to_child) == 0 && !g->to_child.ended &&
	    !g->link->hushed)
		g->link->want_read = true;
	g->link->want_write = back && !only_read;
}

int
login_advance(struct link *l)
{
	const struct child_options *o = l->dial->child;
	struct login *g = l->login;
	int in, out;

	if (g == NULL && (o == NULL || o->on_connect == NULL))
		return 1;
	if (g == NULL) {
		trace_enter(l->trace, TRACE_LOGIN);
		return login_start(l);
	}
	do {
		in = g->child != NULL ? login_from_peer(g) : 0;
		out = in == -1 ? 0 : login_from_child(g);
	} while (in + out > 0);
	if (in == -1 || out == -1)
		return -1;
	if (g->child == NULL && way_length(&g->to_peer) == 0 &&
	    link_pending(l) == 0)
		return login_verdict(g);
	login_want(g);
	return 0;
}
