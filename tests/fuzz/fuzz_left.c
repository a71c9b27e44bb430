/*
 * What an engine leaves, if it may have been in anybody's hands: a session's
 * will, the ledger in memory, and descriptors of any kind.  A number of two
 * bytes, so many bytes of the will, then the ledger from its first byte.  The
 * next engine takes over or says why not, goes on, and can be ended: it never
 * turns in a circle (world.h), and nothing of it stays.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/chunk.h"
#include "base/ledger.h"
#include "base/loop.h"
#include "command/broker.h"
#include "command/will.h"
#include "fuzz.h"
#include "keeper/anchor.h"
#include "keeper/hold.h"
#include "keeper/keeper.h"
#include "session/relay_pipe.h"
#include "world.h"

#define ROUNDS 30               /* before it is stopped ... */
#define ROUNDS_MOST 300         /* ... and has ended */

size_t __wrap_keeper_take(keeper_take_cb *cb, void *arg);
void __wrap_anchor_fetch(int fd, const int *numbers, int *fds, size_t n);
void __wrap_anchor_end(int fd);

static struct session_place place;
static const uint8_t *will;
static size_t will_size;
static int ledger_fd;
static unsigned rounds;
static struct timer turn;

/* --- what the keeper holds --- */

/* The same descriptors are there as often as they are asked for. */
static int
left_fd(int number)
{
	static const char *const names[] = { "in", "out", "ctl", ".out.1" };
	int fds[2], fd = -1;
	char path[96];

	if (number >= 0 && number < 4) {
		snprintf(path, sizeof(path), "%s/s/%s", place.rundir,
		    names[number]);
		return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (number == 4 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fds) == 0) {
		close(fds[1]);
		return fds[0];
	}
	if (number == 5 || number == 8) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0);
		must(bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX },
		    sizeof(sa_family_t)) == 0 && listen(fd, 1) == 0);
		if (number == 8)
			shutdown(fd, SHUT_RDWR);
	} else if (number == 6) {
		fd = memfd_create("bytes", MFD_CLOEXEC);
		must(write(fd, "bytes", 5) == 5);
	} else if (number == 7) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return fd;
}

void
__wrap_anchor_fetch(int fd, const int *numbers, int *fds, size_t n)
{
	must(fcntl(fd, F_GETFD) != -1);
	while (n-- > 0)
		fds[n] = left_fd(numbers[n]);
}

void
__wrap_anchor_end(int fd)
{
	must(fcntl(fd, F_GETFD) != -1);
}

size_t
__wrap_keeper_take(keeper_take_cb *cb, void *arg)
{
	int fds[2] = { open("/dev/null", O_RDWR | O_CLOEXEC),
		fcntl(ledger_fd, F_DUPFD_CLOEXEC, 0) };
	const struct keeper_held held[] = {
		{ .key = ".anchor", .bytes = ".anchor-0", .n = 10 },
		{ .key = ".anchor-0", .fds = fds, .nfds = 2 },
		{ .key = "s", .bytes = will, .n = will_size } };
	size_t i;

	for (i = 0; i < 3; i++)
		cb(&held[i], arg);
	return i;
}

/* --- the world --- */

static void
turned(void *arg)
{
	(void)arg;
	if (rounds >= ROUNDS)
		broker_stop_now();
}

/* Nothing but the loop stops it. */
static void
idle(void)
{
	must(++rounds < ROUNDS_MOST);
	if (rounds == ROUNDS)
		timer_set(&turn, 0, turned, NULL);
	world_pass(world_wait_ms() > 0 ? world_wait_ms() : 1);
}

/* A session's directory as it is left, each FIFO with its twin. */
static void
make_directory(void)
{
	static const char *const names[] = { ".in", ".out", ".ctl" };
	size_t i;
	int fd;

	must(mkdirat(place.rundir_fd, "s", 0700) == 0);
	fd = openat(place.rundir_fd, "s", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd != -1);
	for (i = 0; i < 3; i++)
		must(mkfifoat(fd, names[i], 0600) == 0 &&
		    linkat(fd, names[i], fd, names[i] + 1, 0) == 0);
	must(mkfifoat(fd, ".out.1", 0600) == 0);
	close(fd);
}

static void
play(const uint8_t *data, size_t size)
{
	struct stat st;
	int own = memfd_create("ledger", MFD_CLOEXEC);

	ledger_fd = memfd_create("ledger", MFD_CLOEXEC);
	must(ledger_begin(ledger_fd) == 0);
	ledger_end();
	must(pwrite(ledger_fd, data, size, 0) == (ssize_t)size);
	make_directory();
	rounds = 0;
	world_begin(idle);
	must(ledger_begin(own) == 0);
	broker_init(&place, false);
	will_execute();
	will_done();
	loop_run();
	broker_free();
	keeper_recall_end();
	chunk_free_all();
	relay_pipe_close_all();
	ledger_end();
	world_begin(NULL);
	close(own);
	close(ledger_fd);
	must(fstatat(place.rundir_fd, "s", &st, 0) == -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* By the first one what stays open is opened. */
	static const char plain[] = "fifod-will-1\0\0\0tcp://h:1\0\0""0\0\0";
	unsigned descriptors;

	if (size < 2)
		return 0;
	if (place.rundir == NULL) {
		world_open(&place, idle);
		will = (const uint8_t *)plain;
		will_size = sizeof(plain);
		play(data, 0);
	}
	will_size = data[0] + 256UL * data[1];
	will = data + 2;
	if (will_size > size - 2)
		will_size = size - 2;
	descriptors = world_descriptors();
	play(will + will_size, size - 2 - will_size);
	must(world_descriptors() == descriptors);
	return 0;
}
