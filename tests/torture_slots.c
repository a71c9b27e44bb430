/*
 * Torture of src/channel/slots.c: one reply, then a real end of file, for
 * clients of every habit that take turns at one pair of FIFOs.
 *
 *	torture_slots [-n EXCHANGES] [-c CLIENTS] [-j BURNERS] [-s SEED]
 *	torture_slots -d DIR [-n ...]   the same clients at a session's
 *					directory, with framing=netstring
 *	torture_slots -l FILE           the peer for that: listens, writes its
 *					port into FILE
 *
 * A request is the netstring "NUMBER SIZE FLAGS CUT", the reply a netstring of
 * SIZE bytes made from the number.  Every byte and every end of file is
 * checked; one line is printed, and the status is 0 if nothing was wrong.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/why.h"
#include "base/xalloc.h"
#include "channel/fifo.h"
#include "channel/slots.h"

#define SIZE_MAX_REPLY 200000
#define REPLY_ROOM (SIZE_MAX_REPLY + 32)
#define REQUEST_MAX 96
#define PATIENCE 60             /* seconds until a client is lost */
#define PIPELINED 3

/* What a request asks of our own broker beyond its reply. */
enum {
	FLAG_PIECES = 1,        /* written in several pieces */
	FLAG_LATE = 2,          /* whole only some time after its last byte */
	FLAG_CUT = 4,           /* fails after CUT bytes */
};

struct request {
	unsigned long number;
	size_t size;
	unsigned flags;
	size_t cut;
};

/* Shared by the clients. */
static struct shared {
	unsigned long next, wanted;
	unsigned long early;    /* ends of file that were not due */
	unsigned long lost;     /* bytes, or an end, that never came */
	unsigned long misplaced;        /* bytes that were not due */
	unsigned long left;     /* readers that left in mid-reply */
	unsigned long cut;      /* replies that failed */
	size_t mood;            /* exchanges until this changes: */
	bool simple;            /* a reply is read in one opening */
	bool leaver;            /* the one before left in mid-reply */
	volatile bool stop;
} *shared;

static char directory[256], in_path[300], out_path[300];
static bool foreign;            /* a real session: it cannot be told to fail */

/* --- numbers --- */

static uint64_t seed;

static uint64_t
chance(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t
below(size_t n)
{
	return (size_t)(chance() % n);
}

static size_t
reply_make(const struct request *r, char *out)
{
	size_t n = (size_t)sprintf(out, "%zu:", r->size), i;
	uint64_t x = r->number * 0x9e3779b97f4a7c15 + 1;

	for (i = 0; i < r->size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[n++] = x % 31 == 0 ? '\n' : (char)('a' + x % 26);
	}
	out[n++] = ',';
	return n;
}

static size_t
request_make(const struct request *r, char *out)
{
	char text[REQUEST_MAX];
	int n = snprintf(text, sizeof(text), "%lu %zu %u %zu", r->number,
	    r->size, r->flags, r->cut);

	return (size_t)sprintf(out, "%d:%s,", n, text);
}

/* How many bytes of data are a request; 0: not yet whole. */
static size_t
request_parse(const char *data, size_t size, struct request *r)
{
	char *end, copy[REQUEST_MAX + 1];
	size_t head, n;

	n = size < REQUEST_MAX ? size : REQUEST_MAX;
	memcpy(copy, data, n);
	copy[n] = '\0';
	n = strtoul(copy, &end, 10);
	if (*end == '\0')
		return 0;
	head = (size_t)(end - copy) + 1;
	if (*end != ':' || n > REQUEST_MAX - 8)
		errx(1, "a request is broken: %s", copy);
	if (size < head + n + 1)
		return 0;
	if (copy[head + n] != ',' || sscanf(copy + head, "%lu %zu %u %zu",
	    &r->number, &r->size, &r->flags, &r->cut) != 4)
		errx(1, "a request is broken: %s", copy);
	return head + n + 1;
}

/* --- our own broker: requests in, replies by slots --- */

static struct {
	struct fifo in;
	struct slots *slots;
	struct watch readable;
	struct timer pause;
	char text[4096];
	size_t length;
	struct request queue[64];
	size_t first, count;
	char reply[REPLY_ROOM];
	size_t size, at;
	bool begun, paused, idled;
} broker;

static void
broker_begin(void)
{
	const struct request *r = &broker.queue[broker.first];

	broker.size = reply_make(r, broker.reply);
	if (r->flags & FLAG_CUT)
		broker.size = r->cut;
	broker.at = 0;
	broker.begun = true;
	broker.idled = false;
}

static void
broker_end(bool failed)
{
	slots_end(broker.slots, failed);
	broker.begun = false;
	broker.first = (broker.first + 1) % 64;
	broker.count--;
}

static void broker_pump(void *arg);

static void
broker_unpause(void *arg)
{
	broker.paused = false;
	broker_pump(arg);
}

static void
broker_pause(void)
{
	broker.paused = true;
	timer_set(&broker.pause, 1, broker_unpause, NULL);
}

/* Does the peer pause here, in mid-reply or between its last byte and end? */
static bool
broker_idles(const struct request *r)
{
	if (broker.at < broker.size)
		return r->flags & FLAG_PIECES && below(100) == 0;
	if (!(r->flags & FLAG_LATE) || broker.idled)
		return false;
	broker.idled = true;
	return true;
}

/* True when there is more to do now. */
static bool
broker_step(const struct request *r)
{
	size_t n = broker.size - broker.at;
	ssize_t wrote;

	if (n > 0 && r->flags & FLAG_PIECES)
		n = 1 + below(n);
	wrote = n > 0 ? slots_write(broker.slots, broker.reply + broker.at,
	    n) : 0;
	if (wrote == -1 && errno == EAGAIN)
		return false;
	if (wrote == -1)
		err(1, "slots_write");
	broker.at += (size_t)wrote;
	if (broker_idles(r)) {
		broker_pause();
		return false;
	}
	if (broker.at == broker.size)
		broker_end(r->flags & FLAG_CUT);
	return true;
}

static void
broker_pump(void *arg)
{
	(void)arg;
	while (broker.count > 0 && !broker.paused) {
		if (!broker.begun) {
			if (!slots_begin(broker.slots))
				return;
			broker_begin();
		}
		if (!broker_step(&broker.queue[broker.first]))
			return;
	}
}

/* The next request begins: a reply that was begun and left is void. */
static void
broker_drop(void)
{
	size_t dropped;

	if (!slots_busy(broker.slots) || !slots_abandoned(broker.slots))
		return;
	if (slots_drop(broker.slots, &dropped) && broker.begun) {
		broker.paused = false;
		timer_clear(&broker.pause);
		broker_end(true);
	}
}

static void
broker_readable(void *arg)
{
	struct request *r;
	size_t used;
	ssize_t n;

	(void)arg;
	broker_drop();
	n = read(broker.in.fd, broker.text + broker.length,
	    sizeof(broker.text) - broker.length);
	if (n <= 0)
		return;
	broker.length += (size_t)n;
	for (;;) {
		r = &broker.queue[(broker.first + broker.count) % 64];
		used = request_parse(broker.text, broker.length, r);
		if (used == 0)
			break;
		broker.count++;
		broker.length -= used;
		memmove(broker.text, broker.text + used, broker.length);
	}
	broker_pump(NULL);
}

static bool
broker_asked(void *arg)
{
	(void)arg;
	return broker.count > (size_t)broker.begun ||
	    broker.length > 0 || fifo_waiting(broker.in.fd) > 0;
}

static void
broker_note(void *arg, const char *text)
{
	(void)arg;
	warnx("%s", text);
}

static void
broker_stop(void *arg)
{
	(void)arg;
	loop_stop();
}

static void
broker_run(void)
{
	struct slots_place place = { .path = directory, .mode = 0600,
		.gid = (gid_t)-1, .pipe_size = 262144 };
	struct slots_owner owner = { broker_pump, broker_asked, broker_note,
		NULL };
	struct why why = { 0 };

	loop_init();
	loop_signal(SIGTERM, broker_stop, NULL);
	place.dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	broker.slots = slots_new(&place, &owner, &why);
	if (broker.slots == NULL || fifo_make(&broker.in, place.dir_fd, "in",
	    0600, (gid_t)-1, &why) == -1)
		errx(1, "%s", why.text);
	watch_init(&broker.readable, broker.in.fd, LOOP_READ, broker_readable,
	    NULL);
	watch_want(&broker.readable, true);
	loop_run();
	watch_clear(&broker.readable);
	timer_clear(&broker.pause);
	slots_free(broker.slots);
	fifo_close(&broker.in);
	loop_free();
}

/* --- the peer of a real session --- */

static void
peer_serve(int fd)
{
	static char text[4096], reply[REPLY_ROOM];
	struct request r;
	size_t length = 0, used, size, at;
	ssize_t n;

	while ((n = read(fd, text + length, sizeof(text) - length)) > 0) {
		length += (size_t)n;
		while ((used = request_parse(text, length, &r)) > 0) {
			length -= used;
			memmove(text, text + used, length);
			size = reply_make(&r, reply);
			for (at = 0; at < size; at += (size_t)n) {
				n = write(fd, reply + at, size - at);
				if (n == -1)
					return;
			}
		}
	}
}

static void
peer_run(const char *file)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t length = sizeof(a);
	char *fresh = xasprintf("%s.new", file);
	int fd = socket(AF_INET, SOCK_STREAM, 0), conn;
	FILE *f;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, length) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &length) == -1)
		err(1, "listen");
	f = fopen(fresh, "w");
	if (f == NULL || fprintf(f, "%d\n", ntohs(a.sin_port)) < 0 ||
	    fclose(f) != 0 || rename(fresh, file) == -1)
		err(1, "%s", file);
	free(fresh);
	signal(SIGCHLD, SIG_IGN);
	while ((conn = accept(fd, NULL, NULL)) != -1) {
		if (fork() == 0) {
			peer_serve(conn);
			_exit(0);
		}
		close(conn);
	}
	err(1, "accept");
}

/* --- clients --- */

static char want[REPLY_ROOM];   /* the reply that is due */
static size_t want_size, got;
static struct request asked[PIPELINED];
static const char *habit;       /* what this client is doing, for messages */

static bool
wrong(unsigned long *count, const char *what)
{
	if (!shared->stop)
		fprintf(stderr, "%s: exchange %lu (%zu bytes, flags %u, cut "
		    "%zu): %s after %zu of %zu bytes\n", habit,
		    asked[0].number, asked[0].size, asked[0].flags,
		    asked[0].cut, what, got, want_size);
	__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
	shared->stop = true;
	return false;
}

static void
lost(int signo)
{
	(void)signo;
	wrong(&shared->lost, "nothing came any more");
	_exit(1);
}

static void
expect(const struct request *r)
{
	want_size = reply_make(r, want);
	if (r->flags & FLAG_CUT)
		want_size = r->cut;
	got = 0;
}

/* A client that is held up here and there, as by its scheduler. */
static void
dawdle(void)
{
	struct timespec ts = { .tv_nsec = (long)below(300) * 1000 };

	switch (below(40)) {
	case 0:
		nanosleep(&ts, NULL);
		break;
	case 1: case 2: case 3:
		sched_yield();
		break;
	}
}

static int
open_out(void)
{
	int fd;

	dawdle();
	fd = open(out_path, O_RDONLY);
	if (fd == -1)
		err(1, "%s", out_path);
	return fd;
}

/* Up to `most` bytes, which must be those that are due. */
static ssize_t
take(int fd, size_t most)
{
	static char data[65536];
	ssize_t n;

	n = read(fd, data, most < sizeof(data) ? most : sizeof(data));
	if (n == -1)
		err(1, "read");
	if (n == 0)
		return 0;
	if ((size_t)n > want_size - got ||
	    memcmp(data, want + got, (size_t)n) != 0) {
		wrong(&shared->misplaced, "other bytes came");
		fprintf(stderr, "got  %.*s\nwant %.*s\n", (int)n < 99 ? (int)n :
		    99, data, (int)(want_size - got < 99 ? want_size - got :
		    99), want + got);
		return -1;
	}
	got += (size_t)n;
	return n;
}

/* Read on to the end of file. */
static bool
read_to_end(int fd)
{
	ssize_t n;

	while ((n = take(fd, 65536)) > 0)
		dawdle();
	close(fd);
	if (n == 0 && got < want_size)
		return wrong(&shared->early, "the end of file came");
	return n == 0;
}

/* Exactly so many bytes, in one opening; by the byte, as a shell reads. */
static bool
read_part(size_t size, bool bytewise)
{
	int fd = open_out();
	ssize_t n = 1;

	for (; size > 0 && n > 0; size -= (size_t)n) {
		n = take(fd, bytewise ? 1 : size);
		if (n == 0)
			wrong(&shared->early, "the end of file came");
		if (n <= 0)
			n = 0;
		if (n == 0)
			break;
	}
	close(fd);
	return size == 0;
}

/* As a shell's read: up to and with the next newline, `:` or `,`. */
static size_t
line_size(void)
{
	size_t i = got;

	while (i < want_size && strchr("\n:,", want[i]) == NULL)
		i++;
	return i < want_size ? i + 1 - got : want_size - got;
}

/* Part after part, up to `end`. */
static bool
read_parts(size_t end)
{
	bool lines = want_size < 2000 && below(2) == 0;
	size_t n, most = want_size < 100 ? 20 : want_size / 4;

	while (got < end) {
		n = lines ? line_size() : 1 + below(most);
		if (n > end - got)
			n = end - got;
		if (!read_part(n, n < 200))
			return false;
	}
	return true;
}

/*
 * Write requests at once.  If the client before has left in mid-reply, let
 * them be taken, which makes the rest of that void, before `out` is opened.
 */
static void
ask(size_t count)
{
	char text[PIPELINED * REQUEST_MAX];
	size_t size = 0, i;
	int fd, n = 1;

	for (i = 0; i < count; i++)
		size += request_make(&asked[i], text + size);
	fd = open(in_path, O_WRONLY);
	if (fd == -1 || write(fd, text, size) != (ssize_t)size)
		err(1, "%s", in_path);
	while (shared->leaver && ioctl(fd, FIONREAD, &n) == 0 && n > 0)
		sched_yield();
	shared->leaver = false;
	close(fd);
}

static bool
habit_cat(void)
{
	ask(1);
	return read_to_end(open_out());
}

static bool
habit_open_first(void)
{
	int fd;

	if (shared->leaver)
		return habit_cat();
	fd = open_out();
	dawdle();
	ask(1);
	return read_to_end(fd);
}

static bool
habit_lines(void)
{
	ask(1);
	if (!read_parts(want_size))
		return false;
	/* A reply that failed says so to whoever wants to read on. */
	return !(asked[0].flags & FLAG_CUT) || read_to_end(open_out());
}

static bool
habit_lines_then_cat(void)
{
	ask(1);
	return (want_size < 2 || read_parts(1 + below(want_size - 1))) &&
	    read_to_end(open_out());
}

/* One that knows how much is due and does not wait for the end. */
static bool
habit_exact(void)
{
	ask(1);
	if (asked[0].flags & FLAG_CUT)
		return read_to_end(open_out());
	return read_part(want_size, false);
}

static bool
habit_exact_open_first(void)
{
	int fd;
	ssize_t n = 1;

	if (shared->leaver || asked[0].flags & FLAG_CUT)
		return habit_exact();
	fd = open_out();
	ask(1);
	while (got < want_size && n > 0)
		n = take(fd, want_size - got);
	close(fd);
	if (n == 0)
		wrong(&shared->early, "the end of file came");
	return n > 0;
}

static bool
habit_leave(void)
{
	ask(1);
	if (asked[0].flags & FLAG_CUT || want_size < 2)
		return read_to_end(open_out());
	if (!read_parts(1 + below(want_size - 1)))
		return false;
	shared->leaver = true;
	shared->left++;
	return true;
}

/* Several requests at once, and their replies one after the other. */
static bool
habit_pipeline(void)
{
	bool lines;
	size_t i;

	ask(PIPELINED);
	for (i = 0; i < PIPELINED; i++) {
		expect(&asked[i]);
		lines = !(asked[i].flags & FLAG_CUT) && below(2) == 0;
		if (lines ? !read_parts(want_size) : !read_to_end(open_out()))
			return false;
	}
	return true;
}

static const struct habit_row {
	const char *name;
	bool (*run)(void);
	size_t requests;
} habits[] = {
	/* One opening a reply. */
	{ "cat", habit_cat, 1 },
	{ "cat", habit_cat, 1 },
	{ "open first, cat", habit_open_first, 1 },
	{ "exact", habit_exact, 1 },
	{ "open first, exact", habit_exact_open_first, 1 },
	/* Several. */
	{ "lines", habit_lines, 1 },
	{ "lines", habit_lines, 1 },
	{ "lines, then cat", habit_lines_then_cat, 1 },
	{ "leave", habit_leave, 1 },
	{ "pipeline", habit_pipeline, PIPELINED },
};
#define NHABITS (sizeof(habits) / sizeof(habits[0]))
#define NSIMPLE 5
#define MOOD 30                 /* exchanges, at most */

static size_t
choose_size(void)
{
	switch (below(100)) {
	case 0:
		return below(SIZE_MAX_REPLY);
	case 1: case 2: case 3:
		return below(20000);
	case 4: case 5: case 6: case 7: case 8: case 9:
		return below(3000);
	case 10: case 11:
		return 0;
	default:
		return below(100);
	}
}

static void
choose_request(struct request *r)
{
	char text[REPLY_ROOM];

	memset(r, 0, sizeof(*r));
	r->number = shared->next++;
	r->size = choose_size();
	if (foreign)
		return;
	if (below(4) == 0)
		r->flags |= FLAG_PIECES;
	if (notice_follows() && below(200) == 0)
		r->flags |= FLAG_LATE;
	if (below(1000) == 0) {
		r->flags |= FLAG_CUT;
		r->cut = below(3) == 0 ? 0 : below(reply_make(r, text));
		shared->cut++;
	}
}

static bool
exchange(void)
{
	const struct habit_row *row;
	size_t i;

	/* For some time all are simple, for some time all sorts come. */
	if (shared->mood-- == 0) {
		shared->mood = below(MOOD);
		shared->simple = !shared->simple;
	}
	row = &habits[below(shared->simple ? NSIMPLE : NHABITS)];
	habit = row->name;
	for (i = 0; i < row->requests; i++)
		choose_request(&asked[i]);
	expect(&asked[0]);
	alarm(PATIENCE);
	return row->run();
}

/* One script at a time. */
static void
client_run(uint64_t own_seed)
{
	char path[310];
	int lock;
	bool good = true;

	snprintf(path, sizeof(path), "%s.lock", directory);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock == -1)
		err(1, "%s", path);
	seed = own_seed;
	signal(SIGALRM, lost);
	while (good) {
		flock(lock, LOCK_EX);
		good = !shared->stop && shared->next < shared->wanted &&
		    exchange();
		flock(lock, LOCK_UN);
		alarm(0);
	}
	_exit(0);
}

/* --- all of it --- */

static pid_t
spawn(void (*run)(uint64_t), uint64_t arg)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid > 0)
		return pid;
	while (getppid() != parent)
		_exit(1);
	run(arg);
	_exit(0);
}

static void
burn(uint64_t arg)
{
	pid_t parent = getppid();
	volatile uint64_t n = arg;

	while (++n % (1 << 24) != 0 || getppid() == parent)
		continue;
}

static void
serve(uint64_t arg)
{
	(void)arg;
	broker_run();
}

static void
paths(const char *dir)
{
	snprintf(directory, sizeof(directory), "%s", dir);
	snprintf(in_path, sizeof(in_path), "%s/in", dir);
	snprintf(out_path, sizeof(out_path), "%s/out", dir);
}

static void
tidy(void)
{
	static const char *const names[] = { "in", ".in", "out", ".out.nxt",
		".out.0", ".out.1", ".out.2", ".out.3" };
	int dir_fd = open(directory, O_RDONLY | O_DIRECTORY);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir_fd, names[i], 0);
	close(dir_fd);
	if (rmdir(directory) == -1)
		warn("%s", directory);
}

static pid_t
start_broker(const char *below_dir)
{
	struct stat st;
	char dir[200];
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/torture-XXXXXX", below_dir);
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	paths(dir);
	pid = spawn(serve, 0);
	while (stat(in_path, &st) == -1)
		sched_yield();
	return pid;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
stop(pid_t pid, int *status)
{
	kill(pid, SIGTERM);
	waitpid(pid, status, 0);
}

static int
torture(size_t clients, size_t burners, uint64_t first_seed)
{
	pid_t pid[64], broker_pid = 0, burner[64];
	double start;
	size_t i;
	int status = 0;
	char lock[310];

	if (!foreign)
		broker_pid = start_broker(getenv("TMPDIR") != NULL ?
		    getenv("TMPDIR") : "/tmp");
	for (i = 0; i < burners; i++)
		burner[i] = spawn(burn, i);
	start = now();
	for (i = 0; i < clients; i++)
		pid[i] = spawn(client_run, first_seed * 1000 + i);
	for (i = 0; i < clients; i++) {
		waitpid(pid[i], &status, 0);
		if (status != 0)
			shared->stop = true;
	}
	for (i = 0; i < burners; i++)
		stop(burner[i], &status);
	status = 0;
	if (!foreign) {
		stop(broker_pid, &status);
		tidy();
	}
	snprintf(lock, sizeof(lock), "%s.lock", directory);
	unlink(lock);
	printf("exchanges %lu early-eof %lu lost %lu misplaced %lu left %lu "
	    "failed %lu seed %ju seconds %.1f\n", shared->next, shared->early,
	    shared->lost, shared->misplaced, shared->left, shared->cut,
	    (uintmax_t)first_seed, now() - start);
	return status != 0 || shared->stop || shared->next < shared->wanted;
}

static void
usage(void)
{
	fprintf(stderr, "usage: torture_slots [-n EXCHANGES] [-c CLIENTS] "
	    "[-j BURNERS] [-s SEED] [-d DIR]\n       torture_slots -l FILE\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	size_t clients = 3, burners = 0;
	uint64_t first_seed = 1;
	int o;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	shared->wanted = 10000;
	signal(SIGPIPE, SIG_IGN);
	while ((o = getopt(argc, argv, "n:c:j:s:d:l:")) != -1)
		switch (o) {
		case 'n':
			shared->wanted = strtoul(optarg, NULL, 10);
			break;
		case 'c':
			clients = strtoul(optarg, NULL, 10);
			break;
		case 'j':
			burners = strtoul(optarg, NULL, 10);
			break;
		case 's':
			first_seed = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			foreign = true;
			paths(optarg);
			break;
		case 'l':
			peer_run(optarg);
			break;
		default:
			usage();
		}
	if (optind < argc || clients < 1 || clients > 64 || burners > 64)
		usage();
	return torture(clients, burners, first_seed);
}
