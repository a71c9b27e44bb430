/*
 * A program as the peer: its standard input and output are one socket.
 */
#include <errno.h>
#include <sys/socket.h>

#include "transport/child.h"
#include "transport/sock.h"

static int
exec_open(struct link *l)
{
	struct why why;
	int theirs;

	if (keeper_pair(&l->fd, &theirs, &why) == -1)
		return link_fail(l, why.fault, "%s", why.text);
	return child_start((struct child_link *)l, theirs, false);
}

/* ECONNRESET: the program has ended without reading all that was sent. */
static ssize_t
exec_read(struct link *l, void *data, size_t size)
{
	ssize_t n = recv(l->fd, data, size, 0);

	if (n > 0)
		return n;
	return child_read_end((struct child_link *)l,
	    n == 0 || (errno != EAGAIN && errno != EINTR));
}

static ssize_t
exec_write(struct link *l, const void *data, size_t size)
{
	ssize_t n;

	if (size == 0)
		return 0;
	n = send(l->fd, data, size, MSG_NOSIGNAL);
	if (n > 0)
		return n;
	return child_write_end((struct child_link *)l,
	    errno != EAGAIN && errno != EINTR);
}

static int
exec_finish(struct link *l)
{
	shutdown(l->fd, SHUT_WR);
	return 0;
}

const struct transport transport_exec = {
	.name = "exec",
	.usage = "exec:COMMAND",
	.text = "A program, run by /bin/sh -c in the directory and "
		"environment of fifoctl open: its standard input and output "
		"are the connection, its standard error goes to log.",
	.flags = TRANSPORT_RUNS | TRANSPORT_ENDS,
	.size = sizeof(struct child_link),
	.check = child_check,
	.open = exec_open,
	.advance = child_advance,
	.read = exec_read,
	.write = exec_write,
	.finish = exec_finish,
	.close = child_close,
	.fact = child_fact,
};
