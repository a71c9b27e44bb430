#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "session/join.h"
#include "session/private.h"
#include "session/sock.h"

#define SOCK_NAME "sock"
#define SOCK_BACKLOG 128

struct sock {
	int fd;
	struct watch readable;
	bool full;      /* by max-channels, and that is said */
};

/* Whoever is one too many waits in the kernel: looked at again in a second. */
static bool
sock_is_full(struct session *s)
{
	struct why why;
	bool full = private_room(s, &why) == -1;

	if (full && !s->sock->full)
		session_log(s, true, "sock: clients wait: %s", why.text);
	s->sock->full = full;
	return full;
}

/* Is anybody there?  After a rest we are called without being asked. */
static bool
sock_is_called(const struct sock *k)
{
	struct pollfd p = { .fd = k->fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void
sock_readable(void *arg)
{
	struct session *s = arg;
	struct sock *k = s->sock;
	int fd;

	if (sock_is_full(s)) {
		if (sock_is_called(k))
			watch_rest(&k->readable);
		return;
	}
	fd = accept4(k->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1) {
		join_socket(s, fd);
	} else if (keeper_accept_rests(errno)) {
		session_log(s, true, "sock: a client cannot be accepted: %s",
		    strerror(errno));
		watch_rest(&k->readable);
	}
}

/* Where it will be seen, a path must fit into 107 bytes (unix(7)). */
static bool
sock_fits(const struct session *s)
{
	struct sockaddr_un sun;

	return strlen(s->place->rundir) + strlen(s->name) +
	    sizeof("//" SOCK_NAME) <= sizeof(sun.sun_path);
}

bool
sock_is_there(const struct session *s)
{
	return s->sock != NULL;
}

/* Bound by a relative name, for the directory is yet to be renamed. */
static int
sock_bind(int fd, int dir_fd, mode_t mode)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int rv;

	strlcpy(sun.sun_path, SOCK_NAME, sizeof(sun.sun_path));
	if (fchdir(dir_fd) == -1)
		return -1;
	mask = umask(0777 & ~mode);
	rv = bind(fd, (const struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	if (chdir("/") == -1)
		return -1;
	return rv == -1 ? -1 : listen(fd, SOCK_BACKLOG);
}

static void
sock_begin(struct session *s, int fd)
{
	s->sock = xcalloc(1, sizeof(*s->sock));
	s->sock->fd = fd;
	s->row->fd[LEDGER_SOCK] = fd;
}

int
sock_make(struct session *s, int dir_fd, struct why *why)
{
	int fd;

	if (!sock_fits(s))
		return 0;
	if (s->left != NULL && keeper_accepts(s->left->fd[LEDGER_SOCK])) {
		sock_begin(s, ledger_inherit(s->left, LEDGER_SOCK));
		return 0;
	}
	if (s->left != NULL)
		unlinkat(dir_fd, SOCK_NAME, 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || sock_bind(fd, dir_fd, s->options.channel.mode) == -1) {
		why_fail(why, FAULT_REFUSED, "sock: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (s->gid != (gid_t)-1)
		(void)!fchownat(dir_fd, SOCK_NAME, (uid_t)-1, s->gid,
		    AT_SYMLINK_NOFOLLOW);
	sock_begin(s, fd);
	return 0;
}

void
sock_watch(struct session *s)
{
	if (s->sock == NULL) {
		session_log(s, false, "there is no sock: its path would be "
		    "longer than a socket's may be");
		return;
	}
	watch_init(&s->sock->readable, s->sock->fd, LOOP_READ, sock_readable,
	    s);
	watch_want(&s->sock->readable, true);
}

void
sock_mode(struct session *s, int dir_fd)
{
	if (s->sock != NULL)
		(void)!fchmodat(dir_fd, SOCK_NAME, s->options.channel.mode,
		    0);
}

void
sock_clear(struct session *s)
{
	if (s->sock == NULL)
		return;
	watch_clear(&s->sock->readable);
	s->row->fd[LEDGER_SOCK] = -1;
	close(s->sock->fd);
	free(s->sock);
	s->sock = NULL;
}
