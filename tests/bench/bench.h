/*
 * What the bench programs share: a clock, whole writes, and the two ends of
 * the one protocol they speak, HTTP/1.1 with keep-alive:
 *
 *	GET /N			the reply has a body of N pattern bytes
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
	return (unsigned char)((offset % PATTERN_PERIOD) * 131 >> 3);
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

/* The head of the reply with a body of this length; every end knows it. */
static inline size_t
reply_head(char *buf, size_t size, uint64_t length)
{
	return (size_t)snprintf(buf, size,
	    "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n",
	    (unsigned long long)length);
}

#endif
