/*
 * framer: how fast the http framing alone cuts replies that lie in memory.
 *
 * usage: framer [-t SECONDS]
 * Prints lines `name value unit`, each the median of ROUNDS rounds:
 *	http-length N GiB/s	bodies of 64 KiB by Content-Length
 *	http-chunked N GiB/s	bodies of 64 KiB in chunks of 16 KiB
 *	http-heads N heads/s	heads of 200 bytes, without a body
 *	http-requests N heads/s	the same, of requests
 * A framing looks at the bytes of a body no more than it must: the first two
 * are what a message and a read cost, not what memory can do.
 */
#include <err.h>
#include <stdlib.h>

#include "bench.h"
#include "framing/framing.h"

#define ROUNDS		5
#define BODY		(64 * 1024)
#define PART		(16 * 1024)
#define HEAD		200
#define PIECE		(64 * 1024)     /* of one read by the broker */

extern const struct framing framing_http;

typedef size_t framer_take(struct framer *f, const uint8_t *data, size_t size);

struct sample {
	const char *name, *unit;
	framer_take *take;
	double per;             /* message, in the unit */
	char data[BODY + 1024];
	size_t size;
};

static void
sample_add(struct sample *s, const void *data, size_t size)
{
	memcpy(s->data + s->size, data, size);
	s->size += size;
}

static void
sample_text(struct sample *s, const char *text)
{
	sample_add(s, text, strlen(text));
}

static void
sample_body(struct sample *s, size_t size)
{
	memset(s->data + s->size, 'x', size);
	s->size += size;
}

static struct sample *
sample_new(const char *name, framer_take *take, const char *unit, double per)
{
	struct sample *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, NULL);
	s->name = name;
	s->take = take;
	s->unit = unit;
	s->per = per;
	return s;
}

static struct sample *
sample_length(void)
{
	struct sample *s = sample_new("http-length", framer_reply, "GiB/s",
	    BODY / (1024.0 * 1024 * 1024));

	sample_text(s, "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n");
	sample_body(s, BODY);
	return s;
}

static struct sample *
sample_chunked(void)
{
	struct sample *s = sample_new("http-chunked", framer_reply, "GiB/s",
	    BODY / (1024.0 * 1024 * 1024));
	size_t i;

	sample_text(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < BODY / PART; i++) {
		sample_text(s, "4000\r\n");
		sample_body(s, PART);
		sample_text(s, "\r\n");
	}
	sample_text(s, "0\r\n\r\n");
	return s;
}

static struct sample *
sample_heads(void)
{
	struct sample *s = sample_new("http-heads", framer_reply, "heads/s", 1);

	sample_text(s, "HTTP/1.1 200 OK\r\n"
	    "Server: nginx/1.22.1\r\n"
	    "Date: Wed, 01 Jan 2025 00:00:00 GMT\r\n"
	    "Content-Type: text/html\r\n"
	    "Content-Length: 0\r\n"
	    "Connection: keep-alive\r\n"
	    "ETag: \"6489f1a0-267\"\r\n"
	    "X-Fill: ");
	sample_body(s, HEAD - s->size - 4);
	sample_text(s, "\r\n\r\n");
	return s;
}

static struct sample *
sample_requests(void)
{
	struct sample *s = sample_new("http-requests", framer_request,
	    "heads/s", 1);

	sample_text(s, "GET /index.html HTTP/1.1\r\n"
	    "Host: www.example.org\r\n"
	    "User-Agent: curl/8.11.0\r\n"
	    "Accept: text/html, */*;q=0.5\r\n"
	    "Accept-Encoding: gzip\r\n"
	    "Connection: keep-alive\r\n"
	    "X-Fill: ");
	sample_body(s, HEAD - s->size - 4);
	sample_text(s, "\r\n\r\n");
	return s;
}

/* Cut the message once, in pieces as large as the broker's reads. */
static void
sample_cut(const struct sample *s, struct framer *f,
    const struct framing_choice *choice)
{
	const uint8_t *data = (const uint8_t *)s->data;
	size_t n, at;

	framer_start(f, choice, NULL);
	for (at = 0; at < s->size && f->phase == FRAMER_MORE; at += n) {
		n = s->size - at < PIECE ? s->size - at : PIECE;
		if (s->take(f, data + at, n) != n)
			break;
	}
	if (f->phase != FRAMER_END || f->length != s->size)
		errx(1, "%s: cut at %ju of %zu: %s", s->name,
		    (uintmax_t)f->length, s->size, f->why);
}

/* Messages a second, over about that many seconds. */
static double
sample_rate(const struct sample *s, double seconds)
{
	static const struct framing_choice choice = { .framing = &framing_http };
	struct framer f = { 0 };
	double start = now(), passed;
	unsigned long n = 0, i;

	do {
		for (i = 0; i < 1000; i++)
			sample_cut(s, &f, &choice);
		n += i;
		passed = now() - start;
	} while (passed < seconds);
	framer_clear(&f);
	return (double)n / passed;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
sample_measure(struct sample *s, double seconds)
{
	double rates[ROUNDS];
	size_t i;

	for (i = 0; i < ROUNDS; i++)
		rates[i] = sample_rate(s, seconds / ROUNDS) * s->per;
	qsort(rates, ROUNDS, sizeof(rates[0]), compare);
	printf("%s %.*f %s\n", s->name, s->per < 1 ? 2 : 0,
	    rates[ROUNDS / 2], s->unit);
	free(s);
}

int
main(int argc, char *argv[])
{
	double seconds = 2;
	int c;

	while ((c = getopt(argc, argv, "t:")) != -1) {
		switch (c) {
		case 't':
			seconds = atof(optarg);
			break;
		default:
			fprintf(stderr, "usage: framer [-t SECONDS]\n");
			return 2;
		}
	}
	sample_measure(sample_length(), seconds);
	sample_measure(sample_chunked(), seconds);
	sample_measure(sample_heads(), seconds);
	sample_measure(sample_requests(), seconds);
	return 0;
}
