/* One connection's bytes, plain or TLS, and how it ends. */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "peer.h"

#define SHUTDOWN_MS 1000	/* the longest a close_notify may be stuck */

static int
record_open(unsigned int id)
{
	char path[4096];
	int fd;

	if (opt.record == NULL)
		return -1;
	snprintf(path, sizeof path, "%s.%u", opt.record, id);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		die("%s: %s", path, strerror(errno));
	return fd;
}

struct connection *
connection_new(unsigned int id, int fd)
{
	struct connection *c = xmalloc(sizeof *c);

	*c = (struct connection){ .id = id, .fd = fd,
		.record_fd = record_open(id),
		.read_wants = POLLIN, .write_wants = POLLOUT };
	return c;
}

static void
connection_end(struct connection *c, const char *what)
{
	if (!c->dead && (!c->eof || strcmp(what, "eof") != 0))
		event("%s %u", what, c->id);
	c->eof = true;
	if (strcmp(what, "eof") != 0)
		c->dead = true;
}

static const char *
errno_event(int error)
{
	return error == ECONNRESET || error == EPIPE ? "reset" : "error";
}

/* Turns a failed TLS call into -1/EAGAIN with *wants, or into the end. */
static ssize_t
tls_result(struct connection *c, int result, short *wants)
{
	int error = errno;

	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*wants = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*wants = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		connection_end(c, "eof");
		return 0;
	case SSL_ERROR_SYSCALL:
		connection_end(c, errno_event(error));
		return 0;
	default:
		if (ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING)
			connection_end(c, "truncated");
		else {
			event("tls-error %u %s", c->id,
			    ERR_reason_error_string(ERR_peek_error()));
			c->eof = c->dead = true;
		}
		return 0;
	}
}

static ssize_t
plain_result(struct connection *c, ssize_t got)
{
	if (got == 0)
		connection_end(c, "eof");
	else if (got == -1 && errno != EAGAIN && errno != EINTR) {
		connection_end(c, errno_event(errno));
		return 0;
	} else if (got == -1)
		errno = EAGAIN;
	return got;
}

ssize_t
connection_read(struct connection *c, void *data, size_t n)
{
	ssize_t got;

	if (c->eof || n == 0)
		return 0;
	if (opt.chunk != 0 && n > opt.chunk)
		n = opt.chunk;
	if (c->ssl != NULL) {
		ERR_clear_error();
		got = SSL_read(c->ssl, data, n > INT32_MAX ? INT32_MAX : n);
		if (got <= 0)
			got = tls_result(c, got, &c->read_wants);
	} else
		got = plain_result(c, recv(c->fd, data, n, 0));
	if (got > 0 && c->record_fd != -1 &&
	    write(c->record_fd, data, got) != got)
		die("%s.%u: %s", opt.record, c->id, strerror(errno));
	return got;
}

ssize_t
connection_write(struct connection *c, const void *data, size_t n)
{
	ssize_t put = 0;

	if (opt.chunk != 0 && n > opt.chunk)
		n = opt.chunk;
	if (!c->dead && c->ssl != NULL) {
		ERR_clear_error();
		put = SSL_write(c->ssl, data, n > INT32_MAX ? INT32_MAX : n);
		if (put <= 0)
			put = tls_result(c, put, &c->write_wants);
	} else if (!c->dead)
		put = plain_result(c, send(c->fd, data, n, MSG_NOSIGNAL));
	if (put == 0) {
		c->eof = c->dead = true;
		errno = EPIPE;
		return -1;
	}
	return put;
}

void
connection_wait(struct connection *c, bool reading, bool writing)
{
	struct pollfd p = { .fd = c->fd };

	if (reading)
		p.events |= c->read_wants;
	if (writing)
		p.events |= c->write_wants;
	(void)poll(&p, 1, -1);
}

ssize_t
connection_receive(struct connection *c, void *data, size_t n)
{
	ssize_t got;

	while ((got = connection_read(c, data, n)) == -1)
		connection_wait(c, true, false);
	return got;
}

int
connection_send(struct connection *c, const void *data, size_t n)
{
	const uint8_t *from = data;
	ssize_t put;

	while (n > 0) {
		put = connection_write(c, from, n);
		if (put == -1 && errno != EAGAIN)
			return -1;
		if (put == -1) {
			connection_wait(c, false, true);
			continue;
		}
		from += put;
		n -= put;
	}
	return 0;
}

void
connection_wait_eof(struct connection *c)
{
	char sink[16384];

	while (connection_receive(c, sink, sizeof sink) > 0)
		;
}

/* Never waits long: a peer that does not read must not hold our close. */
static void
notify_close(struct connection *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };
	int result;

	ERR_clear_error();
	result = SSL_shutdown(c->ssl);
	if (result < 0 &&
	    SSL_get_error(c->ssl, result) == SSL_ERROR_WANT_WRITE &&
	    poll(&p, 1, SHUTDOWN_MS) == 1)
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
}

void
connection_half_close(struct connection *c)
{
	if (c->dead)
		return;
	event("half-close %u", c->id);
	if (c->ssl != NULL)
		notify_close(c);
	else
		shutdown(c->fd, SHUT_WR);
}

static void
descriptor_close(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
	c->eof = c->dead = true;
	event("close %u", c->id);
}

void
connection_truncate(struct connection *c)
{
	char drop[16384];
	int there = 0;
	ssize_t n;

	/*
	 * Closing with unread bytes is a reset (tcp(7)), and some may come
	 * just now: whoever sends them has had his end of file by then.  But
	 * a client that leaves has not said first that it listens on, nor
	 * does it: what comes after the look is not for it.
	 */
	if (opt.connect == NULL) {
		shutdown(c->fd, SHUT_WR);
		there = INT_MAX;
	} else {
		ioctl(c->fd, FIONREAD, &there);
	}
	while (there > 0 &&
	    (n = recv(c->fd, drop, sizeof drop, MSG_DONTWAIT)) > 0)
		there -= (int)n;
	descriptor_close(c);
}

void
connection_reset(struct connection *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	descriptor_close(c);
}

void
connection_free(struct connection *c)
{
	if (c->fd != -1) {
		if (c->ssl != NULL && !c->dead && SSL_is_init_finished(c->ssl))
			notify_close(c);
		connection_truncate(c);
	}
	if (c->record_fd != -1)
		close(c->record_fd);
	SSL_free(c->ssl);
	free(c);
}
