/*
 * What the bench programs share: a clock, whole writes, and the two ends of
 * the one protocol they speak, HTTP/1.1 with keep-alive:
 *
 *	GET /N			the reply has a body of N pattern bytes, letters,
 *				so that a shell can hold them
 *	PUT with Content-Length	the body is consumed, the reply has none
 */
#ifndef BENCH_H
#define BENCH_H

#include <sys/types.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REPLY_BODY	50		/* bytes; with its head about 200 */
#define REPLY_MOST	512
#define CHUNK		(256 * 1024)	/* most bytes of one read or write */
#define PATTERN_PERIOD	65521		/* prime: displaced bytes show */

static inline double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static inline unsigned char
pattern_byte(uint64_t offset)
{
	uint64_t n = (offset % PATTERN_PERIOD) * 131 >> 3;

	return (unsigned char)('a' + n % 26);
}

/* A buffer from which CHUNK bytes can be sent as of any offset of a body. */
static inline void
pattern_fill(unsigned char buf[PATTERN_PERIOD + CHUNK])
{
	size_t i;

	for (i = 0; i < PATTERN_PERIOD + CHUNK; i++)
		buf[i] = pattern_byte(i);
}

/* Do the ends of a piece that was received belong at this offset? */
static inline int
pattern_fits(const unsigned char *buf, size_t len, uint64_t offset)
{
	return buf[0] == pattern_byte(offset) &&
	    buf[len - 1] == pattern_byte(offset + len - 1);
}

/*
 * The head of the reply with a body of this length; every end knows it.  It has
 * the lines that a reply usually has, since a shell reads them one by one.
 */
static inline size_t
reply_head(char *buf, size_t size, uint64_t length)
{
	return (size_t)snprintf(buf, size,
	    "HTTP/1.1 200 OK\r\nServer: fifod-bench/10\r\n"
	    "Date: Wed, 01 Jan 2025 00:00:00 GMT\r\n"
	    "Content-Type: text/plain\r\nContent-Length: %llu\r\n"
	    "Connection: keep-alive\r\n\r\n",
	    (unsigned long long)length);
}

/*
 * How long the reply to GET /50 is, of which so much has come; 0: its head is
 * not whole.  The server may be another than ours, but its body is ours.
 */
static inline size_t
reply_length(const unsigned char *buf, size_t have)
{
	const unsigned char *end = memmem(buf, have, "\r\n\r\n", 4);

	return end == NULL ? 0 : (size_t)(end - buf) + 4 + REPLY_BODY;
}

/* Is it whole, nothing more, and what was asked for? */
static inline int
reply_fits(const unsigned char *buf, size_t have)
{
	return have > REPLY_BODY && have == reply_length(buf, have) &&
	    memcmp(buf, "HTTP/1.1 200 OK\r\n", 17) == 0 &&
	    pattern_fits(buf + have - REPLY_BODY, REPLY_BODY, 0);
}

#endif
