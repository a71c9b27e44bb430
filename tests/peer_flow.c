/* Modes that move bulk: echo, sink, source, duplex, and their bytes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "peer.h"

#define PIECE 65536

/*
 * The stream of a seed: word i is splitmix64 of its number (Steele, Lea,
 * Flood: Fast Splittable Pseudorandom Number Generators, 2014), little end
 * first.  No state: any part of it can be made at any time.
 */
static uint64_t
random_word(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
random_fill(uint64_t seed, uint64_t offset, void *data, size_t n)
{
	uint8_t *to = data;
	uint64_t word = random_word(seed, offset / 8) >> offset % 8 * 8;

	for (size_t i = 0; i < n; i++, word >>= 8) {
		if (i > 0 && (offset + i) % 8 == 0)
			word = random_word(seed, (offset + i) / 8);
		to[i] = word;
	}
}

int
random_main(void)
{
	uint8_t piece[PIECE];
	size_t n;

	for (uint64_t at = 0; at < opt.bytes; at += n) {
		n = opt.bytes - at < PIECE ? opt.bytes - at : PIECE;
		random_fill(opt.seed, at, piece, n);
		if (fwrite(piece, 1, n, stdout) != n)
			die("standard output: %s", strerror(errno));
	}
	if (fflush(stdout) == EOF)
		die("standard output: %s", strerror(errno));
	return 0;
}

/* One direction: how far it is, and the sum of what passed. */
struct half {
	uint64_t done, goal;
	EVP_MD_CTX *sum;
	uint8_t *piece;
	size_t from, have;	/* of the piece, not written yet */
};

static void
half_init(struct half *h, uint64_t goal)
{
	*h = (struct half){ .goal = goal, .sum = EVP_MD_CTX_new(),
		.piece = xmalloc(PIECE) };
	if (h->sum == NULL || EVP_DigestInit(h->sum, EVP_sha256()) != 1)
		die("no SHA-256");
}

/* Reports `what ID BYTES SHA256'. */
static void
half_clear(struct half *h, unsigned int id, const char *what)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned int n;

	EVP_DigestFinal(h->sum, sum, &n);
	for (unsigned int i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	event("%s %u %llu %s", what, id, (unsigned long long)h->done, hex);
	EVP_MD_CTX_free(h->sum);
	free(h->piece);
}

static void
half_passed(struct half *h, const uint8_t *data, size_t n)
{
	EVP_DigestUpdate(h->sum, data, n);
	h->done += n;
	if (opt.delay_ms != 0)
		pause_ms(opt.delay_ms);
}

static bool
half_read(struct half *h, struct connection *c)
{
	uint64_t left = h->goal - h->done;
	ssize_t n = connection_read(c, h->piece, left < PIECE ? left : PIECE);

	if (n > 0)
		half_passed(h, h->piece, n);
	return n != -1;
}

static bool
half_write(struct half *h, struct connection *c)
{
	uint64_t left = h->goal - h->done;
	ssize_t n;

	if (h->have == 0) {
		h->from = 0;
		h->have = left < PIECE ? left : PIECE;
		random_fill(opt.seed, h->done, h->piece, h->have);
	}
	n = connection_write(c, h->piece + h->from, h->have);
	if (n > 0) {
		half_passed(h, h->piece + h->from, n);
		h->from += n;
		h->have -= n;
	}
	return n > 0;
}

/* Both directions at once, each until its goal or the connection's end. */
static void
flow_run(struct connection *c, struct half *in, struct half *out)
{
	bool half_close = strcmp(opt.end, "half-close") == 0;
	bool reading, writing, moved;

	for (;;) {
		reading = in->done < in->goal && !c->eof;
		writing = out->done < out->goal && !c->dead;
		if (!writing && half_close && !c->dead) {
			connection_half_close(c);
			half_close = false;
		}
		if (!reading && !writing)
			break;
		moved = reading && half_read(in, c);
		moved |= writing && half_write(out, c);
		if (!moved)
			connection_wait(c, reading, writing);
	}
	if (strcmp(opt.end, "close") != 0)
		connection_wait_eof(c);
}

void
sink_run(struct connection *c)
{
	struct half in, out = { 0 };

	half_init(&in, opt.bytes != 0 ? opt.bytes : UINT64_MAX);
	flow_run(c, &in, &out);
	half_clear(&in, c->id, "sum");
}

void
source_run(struct connection *c)
{
	struct half in = { 0 }, out;

	half_init(&out, opt.bytes);
	flow_run(c, &in, &out);
	half_clear(&out, c->id, "sent");
}

void
duplex_run(struct connection *c)
{
	struct half in, out;

	half_init(&in, opt.bytes);
	half_init(&out, opt.bytes);
	flow_run(c, &in, &out);
	half_clear(&out, c->id, "sent");
	half_clear(&in, c->id, "sum");
}

/* Back-pressure: the next read comes when all of the last is written. */
void
echo_run(struct connection *c)
{
	uint8_t *piece = xmalloc(PIECE);
	ssize_t n;

	while ((n = connection_receive(c, piece, PIECE)) > 0)
		if (connection_send(c, piece, n) == -1)
			break;
	free(piece);
}
