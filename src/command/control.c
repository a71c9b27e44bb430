#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/endian.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "command/broker.h"
#include "command/call.h"
#include "command/control.h"
#include "command/frame.h"
#include "command/limit.h"
#include "keeper/keeper.h"

#define CONTROL_BACKLOG 128
#define CONTROL_REST_MS 1000    /* after descriptors have run out */
#define CONTROL_FEW 4           /* served even when memory has */

static struct {
	int fd;
	int spare_fd;   /* given up to say that there are no others */
	struct watch readable;
	struct timer rest;
} control = { .fd = -1, .spare_fd = -1 };

static void
control_spare(void)
{
	if (control.spare_fd == -1)
		control.spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * One line to a client that is not served, and hang up.  It fits into a new
 * socket's buffer; where it does not go, it does not matter.
 */
static void
control_refuse(int fd, const char *text)
{
	struct buf out;
	uint8_t status[4];

	buf_init(&out, 0);
	be32enc(status, FAULT_REFUSED);
	if (frame_append(&out, FRAME_ERROR, text, strlen(text)) == 0 &&
	    frame_append(&out, FRAME_EXIT, status, sizeof(status)) == 0)
		(void)!send(fd, buf_peek(&out), buf_length(&out),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_clear(&out);
	close(fd);
}

/*
 * May one more be served?  Without memory a few may, so that sessions can be
 * closed.
 */
static bool
control_has_room(int fd)
{
	char text[128];

	if (call_count() >= limits.clients) {
		snprintf(text, sizeof(text), "the broker serves %d commands "
		    "now, as many as limit clients=%d allows", call_count(),
		    limits.clients);
		control_refuse(fd, text);
		return false;
	}
	if (call_count() >= CONTROL_FEW && xalloc_short()) {
		control_refuse(fd, "the broker has no memory left: close "
		    "sessions, or raise its limit");
		return false;
	}
	return true;
}

static void
control_client(int fd)
{
	uid_t uid;
	gid_t gid;

	if (getpeereid(fd, &uid, &gid) == -1 ||
	    (uid != geteuid() && uid != 0)) {
		log_warn("a control client of another user was refused");
		control_refuse(fd, "this broker belongs to another user");
		return;
	}
	if (control_has_room(fd))
		call_new(fd);
}

static int
control_accept(void)
{
	return accept4(control.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void
control_rested(void *arg)
{
	(void)arg;
	control_spare();
	watch_want(&control.readable, true);
}

/* Tell the one who waits, then let a second pass for some to be closed. */
static void
control_exhausted(int error)
{
	int fd = -1;

	log_warn("a control client cannot be accepted: %s", strerror(error));
	if (control.spare_fd != -1) {
		close(control.spare_fd);
		control.spare_fd = -1;
		fd = control_accept();
	}
	if (fd != -1)
		control_refuse(fd, "the broker has no descriptors left: "
		    "close sessions, or raise its limit of open files");
	control_spare();
	watch_want(&control.readable, false);
	timer_set(&control.rest, CONTROL_REST_MS, control_rested, NULL);
}

static void
control_readable(void *arg)
{
	int fd = control_accept();

	(void)arg;
	if (fd != -1)
		control_client(fd);
	else if (keeper_accept_rests(errno))
		control_exhausted(errno);
}

/*
 * A socket's path must fit into 107 bytes (unix(7)), a run directory's need
 * not: so the name is bound relative to it.
 */
static int
control_bind(int fd, int rundir_fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int rv;

	strlcpy(sun.sun_path, CONTROL_NAME, sizeof(sun.sun_path));
	if (fchdir(rundir_fd) == -1)
		return -1;
	if (unlink(CONTROL_NAME) == -1 && errno != ENOENT)
		return -1;
	mask = umask(0177);
	rv = bind(fd, (const struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	return rv == -1 ? -1 : listen(fd, CONTROL_BACKLOG);
}

int
control_make(int rundir_fd, const char *rundir, struct why *why)
{
	int fd, rv = -1, error = 0;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || (rv = control_bind(fd, rundir_fd)) == -1)
		error = errno;
	if (chdir("/") == 0 && rv == 0)
		return fd;
	error = error != 0 ? error : errno;
	if (fd != -1)
		close(fd);
	return why_fail(why, FAULT_REFUSED, "%s/%s: %s", rundir, CONTROL_NAME,
	    strerror(error));
}

void
control_listen(int fd)
{
	control.fd = fd;
	control_spare();
	watch_init(&control.readable, fd, LOOP_READ, control_readable, NULL);
	watch_want(&control.readable, true);
}

void
control_close(void)
{
	/* Who is cut off asks by it whether the broker still stands. */
	unlinkat(broker_place()->rundir_fd, CONTROL_NAME, 0);
	call_close_all();
	timer_clear(&control.rest);
	watch_clear(&control.readable);
	if (control.fd != -1)
		close(control.fd);
	if (control.spare_fd != -1)
		close(control.spare_fd);
	control.fd = control.spare_fd = -1;
}
