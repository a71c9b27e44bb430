/*
 * far: a place that is far away.  Runs COMMAND in a network namespace of its
 * own, which one line with a delay connects to ours: a TUN device at each end,
 * and this process, which holds each packet back for a while.
 *
 * usage: far NEAR FAR DELAY-MS COMMAND [ARGUMENT...]
 * NEAR is the device in our namespace, FAR that in the other one, which has
 * nothing else; both are to be configured.  All of it ends with COMMAND, and
 * COMMAND with it.
 *
 * Linux has netem for this, where the kernel was built with it.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

#define PACKETS	4096		/* that are under way at most, each direction */
#define MTU	1500

struct packet {
	double	due;
	size_t	len;
	char	data[MTU];
};

struct direction {
	int	from_fd;
	int	to_fd;
	size_t	first;		/* of `packets`, modulo PACKETS */
	size_t	count;
	struct packet *packets;
};

static double delay;

static int
tun_open(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || ioctl(fd, TUNSETIFF, &request) == -1)
		err(1, "/dev/net/tun: %s", name);
	return fd;
}

/* We are in the other namespace already. */
static pid_t
command_start(char *argv[])
{
	pid_t parent = getpid(), pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	execvp(argv[0], argv);
	err(1, "%s", argv[0]);
}

static void
direction_init(struct direction *d, int from_fd, int to_fd)
{
	d->from_fd = from_fd;
	d->to_fd = to_fd;
	d->packets = calloc(PACKETS, sizeof(*d->packets));
	if (d->packets == NULL)
		err(1, NULL);
}

static void
direction_take(struct direction *d)
{
	struct packet *p;
	ssize_t n;

	while (d->count < PACKETS) {
		p = &d->packets[(d->first + d->count) % PACKETS];
		if ((n = read(d->from_fd, p->data, sizeof(p->data))) <= 0)
			return;
		p->len = (size_t)n;
		p->due = now() + delay;
		d->count++;
	}
}

/* When the next one is due; 0: none is under way. */
static double
direction_give(struct direction *d)
{
	struct packet *p;
	double time = now();

	for (; d->count > 0; d->count--) {
		p = &d->packets[d->first % PACKETS];
		if (p->due > time)
			return p->due;
		/* A device that is full or not up loses it, as a line does. */
		if (write(d->to_fd, p->data, p->len) == -1 &&
		    errno != EAGAIN && errno != EIO)
			err(1, "write of a packet");
		d->first++;
	}
	return 0;
}

static void
line_run(struct direction d[2], pid_t pid)
{
	struct pollfd fds[2] = {
		{ .fd = d[0].from_fd, .events = POLLIN },
		{ .fd = d[1].from_fd, .events = POLLIN },
	};
	struct timespec wait;
	double due, next;
	int i;

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		next = now() + 1;
		for (i = 0; i < 2; i++) {
			direction_take(&d[i]);
			due = direction_give(&d[i]);
			if (due > 0 && due < next)
				next = due;
		}
		if ((next -= now()) < 0)
			next = 0;
		wait.tv_sec = (time_t)next;
		wait.tv_nsec = (long)((next - (double)wait.tv_sec) * 1e9);
		ppoll(fds, 2, &wait, NULL);
	}
}

int
main(int argc, char *argv[])
{
	struct direction d[2] = { 0 };
	int far_fd, near_fd;

	if (argc < 5) {
		fprintf(stderr, "usage: far NEAR FAR DELAY-MS "
		    "COMMAND [ARGUMENT...]\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1UL);
	delay = atof(argv[3]) / 1e3;
	near_fd = tun_open(argv[1]);
	if (unshare(CLONE_NEWNET) == -1)
		err(1, "a network namespace");
	far_fd = tun_open(argv[2]);
	direction_init(&d[0], near_fd, far_fd);
	direction_init(&d[1], far_fd, near_fd);
	line_run(d, command_start(argv + 4));
	return 0;
}
