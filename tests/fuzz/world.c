#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "fuzz.h"
#include "keeper/keeper.h"
#include "session/session.h"
#include "world.h"

/* More events than that between two steps, and it turns in a circle. */
#define TURNS 20000

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static void (*world_idle)(void);
static int64_t now_ms = 1000000, wait_ms;
static unsigned turns;

void
world_begin(void (*idle)(void))
{
	world_idle = idle;
	turns = 0;
}

void
world_pass(int64_t ms)
{
	now_ms += ms;
}

int64_t
world_wait_ms(void)
{
	return wait_ms;
}

static char rundir[64];

static void
remove_rundir(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", rundir);
	(void)!system(command);
}

static void
on_anchor(void *arg)
{
	(void)arg;
}

void
world_open(struct session_place *place, void (*idle)(void))
{
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	static struct watch anchor;
	int ends[2];
	struct why why;

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	log_init(false, 0);
	snprintf(rundir, sizeof(rundir), "%s/fuzz-XXXXXX", tmp);
	must(mkdtemp(rundir) != NULL);
	atexit(remove_rundir);
	place->rundir = rundir;
	place->rundir_fd = keeper_rundir_open(rundir, false, &why);
	must(place->rundir_fd != -1);
	world_begin(idle);
	loop_init();
	/* A loop that has nothing to wait for does not ask the world. */
	must(pipe(ends) == 0);
	watch_init(&anchor, ends[0], LOOP_READ, on_anchor, NULL);
	watch_want(&anchor, true);
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (world_idle == NULL || (clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_MONOTONIC_COARSE))
		return (int)syscall(SYS_clock_gettime, clock, ts);
	ts->tv_sec = (time_t)(now_ms / 1000);
	ts->tv_nsec = now_ms % 1000 * 1000000;
	return 0;
}

int
epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
	int n;

	if (world_idle == NULL)
		return (int)syscall(SYS_epoll_pwait, fd, events, most,
		    timeout, NULL, 8);
	n = (int)syscall(SYS_epoll_pwait, fd, events, most, 0, NULL, 8);
	must(++turns < TURNS);
	if (n != 0 || timeout == 0)
		return n;
	turns = 0;
	wait_ms = timeout;
	world_idle();
	return 0;
}

unsigned
world_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	must(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

size_t
world_memory(void)
{
	return __sanitizer_get_current_allocated_bytes == NULL ? 0 :
	    __sanitizer_get_current_allocated_bytes();
}
