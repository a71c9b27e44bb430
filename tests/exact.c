/*
 * exact: a client that notices each byte which is missing, doubled or in the
 * wrong place.  The bytes are those of `peer random BYTES SEED'.
 *
 *   exact write BYTES SEED [LARGEST]     them, to standard output
 *   exact read BYTES SEED [LARGEST]      standard input is them, no more asked
 *   exact merge BYTES SEED FILE FILE     two files share them out, in order
 *
 * Each write and read is of 1 to LARGEST bytes (1M), every order of magnitude
 * as likely as the next, and now and then there is a rest, so that the pipe
 * between is at times full, at times empty.  All is said on standard error:
 * `wrote BYTES SHA256', `read BYTES', or what is wrong.  Exit status: 0, 1
 * wrong, 2 usage, 3 end of file, 4 nobody reads any more (EPIPE).
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#define LARGEST 1048576
#define REST_EVERY 64 /* calls, on average */
#define REST_NS 2000000

#define EXIT_WRONG 1
#define EXIT_USAGE 2
#define EXIT_END 3
#define EXIT_PIPE 4

static uint64_t total, seed;
static size_t largest = LARGEST;

/* splitmix64 of a word's number, as in peer_flow.c. */
static uint64_t
stream_word(uint64_t i)
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint8_t
stream_byte(uint64_t at)
{
	return (uint8_t)(stream_word(at / 8) >> at % 8 * 8);
}

/* Bytes [at, at + n): whole words in the middle, little end first. */
static void
stream_fill(uint64_t at, uint8_t *to, size_t n)
{
	uint64_t word;
	unsigned int i;

	for (; n > 0 && at % 8 != 0; n--)
		*to++ = stream_byte(at++);
	for (; n >= 8; n -= 8, at += 8) {
		word = stream_word(at / 8);
		for (i = 0; i < 8; i++, word >>= 8)
			*to++ = (uint8_t)word;
	}
	for (; n > 0; n--)
		*to++ = stream_byte(at++);
}

/* The sizes and rests are of the seed, too: a failure can be had again. */
static uint32_t
chance(void)
{
	static uint64_t i;
	uint64_t z = (seed ^ ++i) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 29) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

static size_t
size_next(uint64_t left)
{
	size_t most = (size_t)1 << chance() % 21, n;

	n = 1 + chance() % (most < largest ? most : largest);
	return n < left ? n : (size_t)left;
}

static void
rest(void)
{
	const struct timespec ts = { .tv_nsec = (long)(chance() % REST_NS) };

	if (chance() % REST_EVERY == 0)
		nanosleep(&ts, NULL);
}

static uint8_t *
buffer_new(size_t n)
{
	uint8_t *b = malloc(n);

	if (b == NULL)
		err(EXIT_WRONG, "malloc");
	return b;
}

static void
write_all(const uint8_t *from, size_t n, uint64_t at)
{
	ssize_t put;

	while (n > 0) {
		put = write(STDOUT_FILENO, from, n);
		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			err(errno == EPIPE ? EXIT_PIPE : EXIT_WRONG,
			    "write, byte %ju", (uintmax_t)at);
		from += put;
		n -= (size_t)put;
	}
}

static int
write_main(void)
{
	uint8_t *b = buffer_new(largest), sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned int length, i;
	uint64_t at;
	size_t n;

	if (md == NULL || EVP_DigestInit(md, EVP_sha256()) != 1)
		errx(EXIT_WRONG, "no SHA-256");
	for (at = 0; at < total; at += n) {
		n = size_next(total - at);
		stream_fill(at, b, n);
		EVP_DigestUpdate(md, b, n);
		write_all(b, n, at);
		rest();
	}
	EVP_DigestFinal(md, sum, &length);
	fprintf(stderr, "wrote %ju ", (uintmax_t)at);
	for (i = 0; i < length; i++)
		fprintf(stderr, "%02x", sum[i]);
	fputc('\n', stderr);
	EVP_MD_CTX_free(md);
	free(b);
	return 0;
}

static void
check(const uint8_t *got, const uint8_t *right, size_t n, uint64_t at)
{
	size_t i;

	if (memcmp(got, right, n) == 0)
		return;
	for (i = 0; got[i] == right[i]; i++)
		;
	errx(EXIT_WRONG, "byte %ju is 0x%02x and should be 0x%02x",
	    (uintmax_t)(at + i), got[i], right[i]);
}

static int
read_main(void)
{
	uint8_t *b = buffer_new(largest), *right = buffer_new(largest);
	uint64_t at = 0;
	ssize_t n;

	while (at < total) {
		n = read(STDIN_FILENO, b, size_next(total - at));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(EXIT_WRONG, "read, byte %ju", (uintmax_t)at);
		if (n == 0)
			errx(EXIT_END, "end of file after %ju of %ju bytes",
			    (uintmax_t)at, (uintmax_t)total);
		stream_fill(at, right, (size_t)n);
		check(b, right, (size_t)n, at);
		at += (uint64_t)n;
		rest();
	}
	fprintf(stderr, "read %ju\n", (uintmax_t)at);
	free(b);
	free(right);
	return 0;
}

struct share {
	uint8_t *data;
	uint64_t length;
};

static struct share
share_load(const char *path)
{
	struct share s = { .data = buffer_new(total + 1) };
	FILE *f = fopen(path, "r");

	if (f == NULL)
		err(EXIT_WRONG, "%s", path);
	s.length = fread(s.data, 1, total + 1, f);
	fclose(f);
	return s;
}

/*
 * Is the stream an interleaving of a and b?  After each byte: how many of
 * them may have been a's?  The bytes are random, so there is seldom more
 * than one answer.
 */
#define ANSWERS 4096

static size_t
merge_step(uint64_t at, const struct share *a, const struct share *b,
    uint64_t *answers, size_t n)
{
	static uint64_t next[2 * ANSWERS];
	uint8_t byte = stream_byte(at);
	size_t i, nnext = 0;
	uint64_t of_a;

	for (i = 0; i < n; i++) {
		of_a = answers[i];
		if (at - of_a < b->length && b->data[at - of_a] == byte &&
		    (nnext == 0 || next[nnext - 1] != of_a))
			next[nnext++] = of_a;
		if (of_a < a->length && a->data[of_a] == byte)
			next[nnext++] = of_a + 1;
	}
	if (nnext > ANSWERS)
		errx(EXIT_WRONG, "byte %ju: too many ways", (uintmax_t)at);
	memcpy(answers, next, nnext * sizeof(next[0]));
	return nnext;
}

static int
merge_main(const char *path_a, const char *path_b)
{
	struct share a = share_load(path_a), b = share_load(path_b);
	uint64_t answers[ANSWERS] = { 0 }, at;
	size_t n = 1;

	if (a.length + b.length != total)
		errx(EXIT_WRONG, "%ju and %ju bytes are not %ju",
		    (uintmax_t)a.length, (uintmax_t)b.length, (uintmax_t)total);
	for (at = 0; at < total; at++) {
		n = merge_step(at, &a, &b, answers, n);
		if (n == 0)
			errx(EXIT_WRONG, "byte %ju is in neither",
			    (uintmax_t)at);
	}
	free(a.data);
	free(b.data);
	return 0;
}

/* "64K", "1M" or plain. */
static uint64_t
number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 10);

	n <<= *end == 'K' ? 10 : *end == 'M' ? 20 : 0;
	if (end == s ||
	    (*end != '\0' && (strchr("KM", *end) == NULL || end[1] != '\0')))
		errx(EXIT_USAGE, "%s is not a number", s);
	return n;
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: exact write|read BYTES SEED [LARGEST]\n"
				"       exact merge BYTES SEED FILE FILE\n");
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	total = number(argv[2]);
	seed = number(argv[3]);
	if (strcmp(argv[1], "merge") == 0 && argc == 6)
		return merge_main(argv[4], argv[5]);
	if (argc == 5)
		largest = number(argv[4]);
	if (largest < 1)
		largest = 1;
	if (strcmp(argv[1], "write") == 0)
		return write_main();
	if (strcmp(argv[1], "read") == 0)
		return read_main();
	errx(EXIT_USAGE, "what is %s?", argv[1]);
}
