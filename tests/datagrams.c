/*
 * Datagrams for tests: peers, and both ends of a torture.
 *
 *	datagrams echo ADDRESS [PREFIX]     answers each with itself
 *	datagrams sink ADDRESS              "SIZE BEGINNING" a line
 *	datagrams burst ADDRESS N [PACE]    after the first datagram has come,
 *	                                    sends N of mixed size to its sender,
 *	                                    PACE of them a millisecond
 *	datagrams count ADDRESS             checks those of `write', until "end"
 *	datagrams read DIR SECONDS          reads DIR/out, one message an open,
 *	                                    and checks those of `burst'
 *	datagrams write N                   N to standard output, one a write(2)
 *	datagrams ask DIR N                 N times: write one, read its echo
 *
 * ADDRESS is udp:HOST:PORT, dgram:PATH or seqpacket:PATH; @NAME is abstract.
 * A peer says "port N" or "ready" when it is there.
 *
 * A datagram of a torture is "NUMBER SIZE " and a pattern that follows from
 * both, so that one that was cut, merged or mixed is seen.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
#define BUFFER (8 * 1024 * 1024)

static char data[MOST + 1];

/* --- what is in them --- */

/* Mostly small, as they are; and each size up to the longest now and then. */
static size_t
datagram_size(unsigned long number)
{
	uint32_t x = (uint32_t)number * 2654435761u;

	x ^= x >> 15;
	if (number % 100 == 7)
		return 24 + x % (65507 - 24);
	return 24 + x % (number % 10 == 3 ? 1448 : 200);
}

static size_t
datagram_make(unsigned long number)
{
	size_t size = datagram_size(number), i;
	int n = snprintf(data, sizeof(data), "%lu %zu ", number, size);

	for (i = (size_t)n; i < size - 1; i++)
		data[i] = (char)('a' + (number + i) % 26);
	data[size - 1] = '\n';
	return size;
}

/* Its number, or -1 where it is not whole. */
static long
datagram_look(size_t size)
{
	unsigned long number;
	size_t said, i;
	int n = 0;

	data[size] = '\0';
	if (sscanf(data, "%lu %zu %n", &number, &said, &n) != 2 || n == 0 ||
	    said != size || datagram_size(number) != size)
		return -1;
	for (i = (size_t)n; i < size - 1; i++)
		if (data[i] != (char)('a' + (number + i) % 26))
			return -1;
	return data[size - 1] == '\n' ? (long)number : -1;
}

/* What has come so far: how many, how many not whole, and how many twice. */
static struct tally {
	unsigned long whole, broken, twice;
	long newest;
	unsigned char *seen;
} tally = { .newest = -1 };

#define TALLY_MOST 10000000

static void
tally_add(size_t size)
{
	long number = datagram_look(size);

	if (tally.seen == NULL && (tally.seen = calloc(1, TALLY_MOST)) == NULL)
		err(1, NULL);
	if (number == -1 || number >= TALLY_MOST) {
		tally.broken++;
		return;
	}
	tally.twice += tally.seen[number];
	tally.seen[number] = 1;
	tally.whole++;
	tally.newest = number;
}

static void
tally_tell(void)
{
	printf("whole %lu broken %lu twice %lu\n", tally.whole, tally.broken,
	    tally.twice);
	fflush(stdout);
}

/* --- sockets --- */

static int
peer_udp(char *text)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	char *port = strrchr(text, ':');
	socklen_t length;
	int fd;

	if (port == NULL)
		errx(2, "%s: no port", text);
	*port++ = '\0';
	in.sin_port = in6.sin6_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		length = sizeof(in);
		if (bind(fd, (struct sockaddr *)&in, length) == -1)
			err(1, "%s", text);
	} else {
		inet_pton(AF_INET6, text, &in6.sin6_addr);
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		length = sizeof(in6);
		if (bind(fd, (struct sockaddr *)&in6, length) == -1)
			err(1, "%s", text);
	}
	length = sizeof(in6);
	getsockname(fd, (struct sockaddr *)&in6, &length);
	printf("port %u\n", ntohs(in6.sin6_port));
	return fd;
}

static int
peer_unix(const char *path, int type)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(sizeof(un.sun_family) + strlen(path));
	int fd = socket(AF_UNIX, type, 0), on;

	memcpy(un.sun_path, path, strlen(path));
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&un, length) == -1)
		err(1, "%s", path);
	printf("ready\n");
	if (type != SOCK_SEQPACKET)
		return fd;
	fflush(stdout);
	if (listen(fd, 5) == -1 || (on = accept(fd, NULL, NULL)) == -1)
		err(1, "%s", path);
	return on;
}

static int
peer_open(char *address)
{
	int size = BUFFER, fd;

	if (strncmp(address, "udp:", 4) == 0)
		fd = peer_udp(address + 4);
	else if (strncmp(address, "dgram:", 6) == 0)
		fd = peer_unix(address + 6, SOCK_DGRAM);
	else if (strncmp(address, "seqpacket:", 10) == 0)
		fd = peer_unix(address + 10, SOCK_SEQPACKET);
	else
		errx(2, "%s: no address", address);
	fflush(stdout);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ==
	    -1)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static struct sockaddr_storage from;
static socklen_t from_length;

static ssize_t
peer_take(int fd)
{
	ssize_t n;

	from_length = sizeof(from);
	n = recvfrom(fd, data, MOST, 0, (struct sockaddr *)&from,
	    &from_length);
	if (n == -1 && errno != ECONNREFUSED)
		err(1, "recvfrom");
	return n;
}

static void
peer_give(int fd, const void *bytes, size_t size)
{
	const struct sockaddr *to = (const struct sockaddr *)&from;

	if (sendto(fd, bytes, size, 0, from_length > 0 ? to : NULL,
	    from_length) == -1 && errno != ECONNREFUSED)
		err(1, "sendto");
}

/* --- what it does --- */

static void
do_echo(int fd, const char *prefix)
{
	static char reply[MOST + 64];
	size_t before = strlen(prefix);
	ssize_t n;

	memcpy(reply, prefix, before);
	for (;;) {
		n = peer_take(fd);
		if (n == 0 && from_length == 0)
			return;
		memcpy(reply + before, data, n > 0 ? (size_t)n : 0);
		if (n >= 0)
			peer_give(fd, reply, before + (size_t)n);
	}
}

static void
do_sink(int fd)
{
	ssize_t n;

	while ((n = peer_take(fd)) > 0) {
		printf("%zd %.*s\n", n, (int)strcspn(data, "\n") < (int)n ?
		    (int)strcspn(data, "\n") : (int)n, data);
		fflush(stdout);
		memset(data, 0, sizeof(data));
	}
}

static void
pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static void
do_burst(int fd, unsigned long n, unsigned long pace)
{
	unsigned long i;

	peer_take(fd);
	for (i = 0; i < n; i++) {
		peer_give(fd, data, datagram_make(i));
		if (pace > 0 && i % pace == pace - 1)
			pause_ms(1);
	}
	printf("sent %lu\n", n);
	fflush(stdout);
	/* The last ones must not be met by a port that is closed. */
	peer_take(fd);
}

static void
do_count(int fd)
{
	ssize_t n;

	while ((n = peer_take(fd)) > 0) {
		if (n == 4 && memcmp(data, "end\n", 4) == 0)
			break;
		tally_add((size_t)n);
	}
	tally_tell();
}

static void
do_read(const char *dir, int seconds)
{
	struct pollfd p = { .events = POLLIN };
	char path[512];
	size_t size;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/out", dir);
	for (;;) {
		p.fd = open(path, O_RDONLY | O_CLOEXEC);
		if (p.fd == -1)
			err(1, "%s", path);
		for (size = 0, n = 1; n > 0 && size < MOST; ) {
			if (poll(&p, 1, seconds * 1000) == 0)
				goto out;
			n = read(p.fd, data + size, MOST - size);
			size += n > 0 ? (size_t)n : 0;
		}
		close(p.fd);
		tally_add(size);
	}
out:
	tally_tell();
}

static void
do_write(unsigned long n)
{
	unsigned long i;
	size_t size;

	for (i = 0; i < n; i++) {
		size = datagram_make(i);
		if (write(1, data, size) != (ssize_t)size)
			err(1, "write");
	}
}

static void
file_write(const char *dir, const char *name, size_t size)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		err(1, "%s", path);
	close(fd);
}

static size_t
file_read(const char *dir, const char *name)
{
	char path[512];
	size_t size = 0;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		err(1, "%s", path);
	for (; n > 0 && size < MOST; size += n > 0 ? (size_t)n : 0)
		n = read(fd, data + size, MOST - size);
	close(fd);
	return size;
}

static void
do_ask(const char *dir, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		file_write(dir, "in", datagram_make(i));
		memset(data, 0, sizeof(data));
		tally_add(file_read(dir, "out"));
		if (tally.newest != (long)i)
			break;
	}
	tally_tell();
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "echo") == 0)
		do_echo(peer_open(argv[2]), argc > 3 ? argv[3] : "");
	else if (strcmp(what, "sink") == 0)
		do_sink(peer_open(argv[2]));
	else if (strcmp(what, "burst") == 0 && argc > 3)
		do_burst(peer_open(argv[2]), strtoul(argv[3], NULL, 10),
		    argc > 4 ? strtoul(argv[4], NULL, 10) : 0);
	else if (strcmp(what, "count") == 0)
		do_count(peer_open(argv[2]));
	else if (strcmp(what, "read") == 0 && argc > 3)
		do_read(argv[2], atoi(argv[3]));
	else if (strcmp(what, "write") == 0)
		do_write(strtoul(argv[2], NULL, 10));
	else if (strcmp(what, "ask") == 0 && argc > 3)
		do_ask(argv[2], strtoul(argv[3], NULL, 10));
	else
		errx(2, "see the top of datagrams.c");
	return tally.broken + tally.twice > 0;
}
