/*
 * wire CONTROL: a wire between two network namespaces, and what happens to
 * packets on real ones.
 *
 * The first line is `ready PATH PATH', the two namespaces, in which the hosts
 * 192.0.2.1 (left) and 192.0.2.2 (right) are; they go with the processes that
 * are in them.  77 and a line of why: it cannot be here.
 *
 * CONTROL is a FIFO, whose lines are numbers by name, as `loss 20 seed 3'.
 * Each is answered by `ok LINE', in which a packet read later finds itself:
 *
 *	loss N      percent that are lost
 *	every N     each Nth is lost
 *	reorder N   percent that are held for 15 ms and come behind others
 *	twice N     percent that come twice
 *	delay N     ms that each one takes
 *	storm N     each Nth of TCP ends its connection: both ends get a reset,
 *	            half of the time before and half of the time after it
 *	            has come there
 *	cut 1       all are lost; 0 heals
 *	deaf 1      those from the right are
 *	seed N      of the generator that chooses
 *	calm 1      all of that is 0 again
 *
 * `count 1' is answered first by `passed N lost N late N twice N reset N'.
 */
#include <sys/queue.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define LIFETIME_S 600
#define HELD_MS 15
#define QUEUE_MAX 1024          /* packets; further ones are lost */

/* One that is on its way, to `to'. */
struct packet {
	TAILQ_ENTRY(packet) entry;
	int64_t due_ms;
	int to;
	size_t size;
	uint8_t data[PACKET_MAX];
};

static TAILQ_HEAD(packets, packet) queue = TAILQ_HEAD_INITIALIZER(queue);
static size_t queued;
static struct side sides[2];    /* left, right */

static struct rule {
	unsigned loss, every, reorder, twice, delay, storm, cut, deaf, seed,
	    calm, count;
} rule;
static struct {
	unsigned long seen, tcp, passed, lost, late, twice, reset;
} counts;
static uint64_t chance;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* splitmix64; the same seed makes the same choices. */
static uint64_t
chance_next(void)
{
	uint64_t z = chance += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int
chosen(unsigned percent)
{
	return percent > 0 && chance_next() % 100 < percent;
}

/* ---- packets on their way */

/* A device that takes none now loses it, as they do. */
static void
arrive(int to, const void *data, size_t size)
{
	if (write(sides[to].fd, data, size) == -1)
		counts.lost++;
	else
		counts.passed++;
}

static void
pass(int to, const void *data, size_t size, int64_t wait_ms)
{
	struct packet *p, *before;

	if (wait_ms == 0) {
		arrive(to, data, size);
		return;
	}
	if (queued == QUEUE_MAX || (p = malloc(sizeof(*p))) == NULL) {
		counts.lost++;
		return;
	}
	p->due_ms = now_ms() + wait_ms;
	p->to = to;
	p->size = size;
	memcpy(p->data, data, size);
	queued++;
	TAILQ_FOREACH_REVERSE(before, &queue, packets, entry)
		if (before->due_ms <= p->due_ms)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&queue, p, entry);
	else
		TAILQ_INSERT_AFTER(&queue, before, p, entry);
}

/* Milliseconds until the next one is due; -1: there is none. */
static int
queue_run(void)
{
	int64_t now = now_ms();
	struct packet *p;

	while ((p = TAILQ_FIRST(&queue)) != NULL && p->due_ms <= now) {
		TAILQ_REMOVE(&queue, p, entry);
		queued--;
		arrive(p->to, p->data, p->size);
		free(p);
	}
	return p == NULL ? -1 : (int)(p->due_ms - now);
}

/* ---- what happens to one */

static int
is_lost(int from)
{
	return rule.cut || (rule.deaf && from == 1) || chosen(rule.loss) ||
	    (rule.every > 0 && counts.seen % rule.every == 0);
}

/* True when the connection was ended; the packet has come there, or not. */
static int
strike(int from, const uint8_t *data, size_t size)
{
	uint8_t back[PACKET_MAX], ahead[PACKET_MAX];
	size_t n = reset_back(data, size, back);
	int seen;

	if (n == 0 || rule.storm == 0 || ++counts.tcp % rule.storm != 0)
		return 0;
	seen = (int)(chance_next() >> 33 & 1);
	if (seen)
		pass(!from, data, size, rule.delay);
	reset_ahead(data, size, seen, ahead);
	pass(!from, ahead, n, rule.delay);
	pass(from, back, n, rule.delay);
	counts.reset++;
	return 1;
}

static void
packet_take(int from, const uint8_t *data, size_t size)
{
	int64_t wait_ms = rule.delay;

	counts.seen++;
	if (is_lost(from)) {
		counts.lost++;
		return;
	}
	if (strike(from, data, size))
		return;
	if (chosen(rule.twice)) {
		counts.twice++;
		pass(!from, data, size, wait_ms);
	}
	if (chosen(rule.reorder)) {
		counts.late++;
		wait_ms += HELD_MS;
	}
	pass(!from, data, size, wait_ms);
}

static void
side_read(int from)
{
	uint8_t data[PACKET_MAX];
	ssize_t n;

	while ((n = read(sides[from].fd, data, sizeof(data))) > 0)
		packet_take(from, data, (size_t)n);
}

/* ---- what is to happen */

static const struct {
	const char *name;
	unsigned *value;
} words[] = {
	{ "loss", &rule.loss }, { "every", &rule.every },
	{ "reorder", &rule.reorder }, { "twice", &rule.twice },
	{ "delay", &rule.delay }, { "storm", &rule.storm },
	{ "cut", &rule.cut }, { "deaf", &rule.deaf },
	{ "seed", &rule.seed }, { "calm", &rule.calm },
	{ "count", &rule.count },
};

static int
word_set(const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].name, name) == 0 && value != NULL) {
			*words[i].value = (unsigned)strtoul(value, NULL, 10);
			return 0;
		}
	return -1;
}

static void
line_do(char *line)
{
	char *rest = line, *name, all[256];

	snprintf(all, sizeof(all), "%s", line);
	rule.seed = rule.calm = rule.count = 0;
	while ((name = strsep(&rest, " ")) != NULL) {
		if (word_set(name, strsep(&rest, " ")) == -1)
			errx(2, "%s: what is %s?", all, name);
		if (rule.calm)
			rule = (struct rule){ 0 };
	}
	if (rule.seed)
		chance = rule.seed;
	if (rule.count)
		printf("passed %lu lost %lu late %lu twice %lu reset %lu\n",
		    counts.passed, counts.lost, counts.late, counts.twice,
		    counts.reset);
	printf("ok %s\n", all);
	fflush(stdout);
}

/* Lines are short, and written at once: one read is whole ones. */
static void
control_read(int fd)
{
	char text[4096], *rest = text, *line;
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n == -1)
		return;
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			line_do(line);
}

int
main(int argc, char **argv)
{
	struct pollfd fds[3];
	int control;

	if (argc != 2)
		errx(2, "usage: wire CONTROL");
	alarm(LIFETIME_S);
	control = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (control == -1)
		err(1, "%s", argv[1]);
	side_make(&sides[0], "192.0.2.1", "192.0.2.2");
	side_make(&sides[1], "192.0.2.2", "192.0.2.1");
	printf("ready /proc/%d/fd/%d /proc/%d/fd/%d\n", (int)getpid(),
	    sides[0].netns_fd, (int)getpid(), sides[1].netns_fd);
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		fds[i] = (struct pollfd){ .fd = sides[i].fd,
			.events = POLLIN };
	fds[2] = (struct pollfd){ .fd = control, .events = POLLIN };
	while (poll(fds, 3, queue_run()) != -1 || errno == EINTR) {
		if (fds[2].revents & POLLIN)
			control_read(control);
		for (int i = 0; i < 2; i++)
			if (fds[i].revents & POLLIN)
				side_read(i);
	}
	err(1, "poll");
}
