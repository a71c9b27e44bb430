/*
 * What a service manager gives back of its store, if it may be anything: words
 * of LISTEN_FDNAMES, and what the two files hold.  Input: a byte that says how
 * many descriptors, the words up to a NUL, a number of two bytes, so many bytes
 * of the first file, and the rest is the second.  What comes to be held is
 * sound, and each descriptor is held or closed.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "fuzz.h"
#include "keeper/held_file.h"
#include "keeper/memory.h"

#define FIRST 3                 /* sd_listen_fds(3) */
#define MOST 12
#define ABOVE 64                /* our own are out of the way */

int __wrap_memory_file(const char *name);
bool __wrap_ready_wanted(void);
void __wrap_ready_tell_with(const char *state, int fd);
void __wrap_ready_tell(const char *state);

int
__wrap_memory_file(const char *name)
{
	int low = memfd_create(name, MFD_CLOEXEC);
	int fd = fcntl(low, F_DUPFD_CLOEXEC, ABOVE);

	must(low != -1 && fd != -1);
	close(low);
	return fd;
}

bool
__wrap_ready_wanted(void)
{
	return true;
}

void
__wrap_ready_tell_with(const char *state, int fd)
{
	must(strncmp(state, "FDSTORE=1\nFDNAME=", 17) == 0);
	must(strchr(state + 17, '\n') == NULL && fcntl(fd, F_GETFD) != -1);
}

void
__wrap_ready_tell(const char *state)
{
	must(strncmp(state, "FDSTOREREMOVE=1\nFDNAME=", 23) == 0);
}

/* The first two are the files, wherever the names say that they are. */
static void
give(int n, const uint8_t *first, size_t first_n, const uint8_t *second,
    size_t second_n)
{
	int fd, i;

	for (i = 0; i < n; i++) {
		fd = i < 2 ? memfd_create("held", 0) : open("/dev/null", O_RDWR);
		must(fd != -1);
		if (i == 0)
			must(write(fd, first, first_n) == (ssize_t)first_n);
		else if (i == 1)
			must(write(fd, second, second_n) == (ssize_t)second_n);
		if (fd == FIRST + i)
			continue;
		must(dup2(fd, FIRST + i) != -1);
		close(fd);
	}
}

static void
tell(const char *names, int n)
{
	char number[24];

	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%d", n);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* How many are held, all of them sound; in *fds, their descriptors. */
static size_t
look(size_t *fds)
{
	struct keeper_held what = { 0 };
	size_t n = 0, i;

	*fds = 0;
	for (; held_next(what.key, &what); n++) {
		must(held_key_is_sound(what.key));
		must(what.n <= KEEPER_HELD_BYTES);
		must(what.nfds <= KEEPER_HELD_FDS);
		for (i = 0; i < what.nfds; i++)
			must(fcntl(what.fds[i], F_GETFD) & FD_CLOEXEC);
		*fds += what.nfds;
	}
	must(n == held_count());
	return n;
}

static void
play(const char *names, int n, const uint8_t *bytes, size_t size)
{
	size_t first = size < 2 ? size : bytes[0] + 256UL * bytes[1], fds;
	unsigned generation;
	int i;

	if (size >= 2) {
		bytes += 2;
		size -= 2;
	}
	if (first > size)
		first = size;
	give(n, bytes, first, bytes + first, size - first);
	tell(names, n);
	generation = held_file_begin();
	must(getenv("LISTEN_FDNAMES") == NULL);
	must(look(&fds) > 0 || fds == 0);
	held_file_generation(generation + 1);
	held_drop_all();
	for (i = FIRST; i < FIRST + n; i++)
		must(fcntl(i, F_GETFD) == -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	char *names;
	size_t n;

	if (size < 1)
		return 0;
	if (!begun)
		log_init(false, 0);
	begun = true;
	names = fuzz_text(data + 1, size - 1);
	n = strlen(names) + 1;
	if (n > size - 1)
		n = size - 1;
	play(names, data[0] % (MOST + 1), data + 1 + n, size - 1 - n);
	free(names);
	return 0;
}
