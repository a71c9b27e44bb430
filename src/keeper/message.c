#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/message.h"

#define MESSAGE_NULL UINT64_MAX         /* the length of a NULL text */

union message_control {
	char space[CMSG_SPACE(sizeof(int) * MESSAGE_FDS)];
	struct cmsghdr align;
};

/* --- writing --- */

void
message_begin(struct message *m, uint32_t kind)
{
	m->bad = m->cut = false;
	m->length = m->at = 0;
	m->nfds = m->taken = 0;
	m->kind = kind;
	message_put_number(m, kind);
}

static void
message_append(struct message *m, const void *data, size_t n)
{
	if (m->bad || n > sizeof(m->data) - m->length) {
		m->bad = true;
		return;
	}
	if (n > 0)
		memcpy(m->data + m->length, data, n);
	m->length += n;
}

void
message_put_number(struct message *m, uint64_t value)
{
	message_append(m, &value, sizeof(value));
}

void
message_put_bytes(struct message *m, const void *bytes, size_t n)
{
	message_put_number(m, n);
	message_append(m, bytes, n);
}

void
message_put_text(struct message *m, const char *text)
{
	if (text == NULL)
		message_put_number(m, MESSAGE_NULL);
	else
		message_put_bytes(m, text, strlen(text) + 1);
}

static void
message_add_fd(struct message *m, int fd, bool given)
{
	if (m->nfds == MESSAGE_FDS) {
		m->bad = true;
		if (given)
			close(fd);
		return;
	}
	m->given[m->nfds] = given;
	m->fds[m->nfds++] = fd;
}

void
message_lend(struct message *m, int fd)
{
	message_add_fd(m, fd, false);
}

void
message_give(struct message *m, int fd)
{
	message_add_fd(m, fd, true);
}

static void
message_attach(struct msghdr *header, union message_control *control,
    const struct message *m)
{
	size_t size = m->nfds * sizeof(m->fds[0]);
	struct cmsghdr *c;

	header->msg_control = control->space;
	header->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), m->fds, size);
}

static void
message_sent(struct message *m)
{
	int error = errno;
	size_t i;

	for (i = 0; i < m->nfds; i++)
		if (m->given[i])
			close(m->fds[i]);
	m->nfds = 0;
	errno = error;
}

int
message_send(struct message *m, int fd, bool wait)
{
	union message_control control = { 0 };
	struct iovec iov = { .iov_base = m->data, .iov_len = m->length };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = -1;

	if (m->nfds > 0)
		message_attach(&header, &control, m);
	errno = EMSGSIZE;
	if (!m->bad)
		do
			n = sendmsg(fd, &header, MSG_NOSIGNAL |
			    (wait ? 0 : MSG_DONTWAIT));
		while (n == -1 && errno == EINTR);
	message_sent(m);
	return n == -1 ? -1 : 0;
}

/* --- reading --- */

static void
message_keep(struct message *m, struct msghdr *header)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(m->fds, CMSG_DATA(c), n * sizeof(int));
		m->nfds = n;
	}
}

/* Nothing was read: is that the end, or was it a packet of no bytes? */
static bool
message_is_last(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0;
}

static int
message_receive_by(struct message *m, int fd, int flags)
{
	union message_control control;
	struct iovec iov = { .iov_base = m->data,
		.iov_len = sizeof(m->data) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	ssize_t n;

	m->length = m->at = m->nfds = m->taken = 0;
	do
		n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | flags);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	message_keep(m, &header);
	if (n == 0 && message_is_last(fd)) {
		message_clear(m);
		return 0;
	}
	m->length = (size_t)n;
	m->bad = (header.msg_flags & MSG_TRUNC) != 0;
	m->cut = (header.msg_flags & MSG_CTRUNC) != 0;
	m->kind = (uint32_t)message_number(m);
	return 1;
}

int
message_receive(struct message *m, int fd)
{
	return message_receive_by(m, fd, 0);
}

int
message_receive_now(struct message *m, int fd)
{
	return message_receive_by(m, fd, MSG_DONTWAIT);
}

/* NULL and bad where there are not so many. */
static const void *
message_next(struct message *m, size_t n)
{
	const void *at = m->data + m->at;

	if (m->bad || n > m->length - m->at) {
		m->bad = true;
		return NULL;
	}
	m->at += n;
	return at;
}

uint64_t
message_number(struct message *m)
{
	const void *at = message_next(m, sizeof(uint64_t));
	uint64_t value = 0;

	if (at != NULL)
		memcpy(&value, at, sizeof(value));
	return value;
}

const void *
message_bytes(struct message *m, size_t *n)
{
	uint64_t length = message_number(m);
	const void *at = NULL;

	if (length > MESSAGE_MAX)
		m->bad = true;
	else
		at = message_next(m, (size_t)length);
	*n = at != NULL ? (size_t)length : 0;
	return at;
}

void
message_struct(struct message *m, void *out, size_t n)
{
	size_t length;
	const void *at = message_bytes(m, &length);

	memset(out, 0, n);
	if (at == NULL || length != n)
		m->bad = true;
	else
		memcpy(out, at, n);
}

const char *
message_text(struct message *m)
{
	size_t before = m->at, n;
	const char *text;

	if (message_number(m) == MESSAGE_NULL)
		return NULL;
	m->at = before;
	text = message_bytes(m, &n);
	if (text == NULL || n == 0 || memchr(text, '\0', n) != text + n - 1) {
		m->bad = true;
		return NULL;
	}
	return text;
}

int
message_fd(struct message *m)
{
	if (m->taken < m->nfds)
		return m->fds[m->taken++];
	m->bad = m->bad || !m->cut;
	return -1;
}

bool
message_whole(const struct message *m)
{
	return !m->bad && m->at == m->length;
}

void
message_clear(struct message *m)
{
	while (m->taken < m->nfds)
		close(m->fds[m->taken++]);
}
