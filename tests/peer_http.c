/*
 * Mode `http': an HTTP/1.1 server that keeps connections alive and says
 * which request of which connection it answers.  A path whose start is in
 * the table below asks for something else than the plain 200.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "peer.h"

#define HEAD_MAX 16384
#define BODY_MAX 1048576	/* what /echo/ gives back */

struct request {
	char method[16], path[1024];
	unsigned int number;	/* on its connection, from 1 */
	bool close;		/* the client's wish */
	bool chunked, expects_100;
	uint64_t length;
	size_t bytes;		/* head and body as received */
	uint8_t *body;		/* kept for /echo/ only */
	size_t body_length;
};

struct reply {
	unsigned int status;
	uint64_t padding;
	uint64_t short_by;	/* bytes promised and not sent */
	bool chunked, until_close, echo, close;
};

struct server {
	struct connection *c;
	uint8_t *input;		/* received, no request's yet */
	size_t have;
};

static void
want_status(struct reply *p, uint64_t n)
{
	p->status = n;
}

static void
want_bytes(struct reply *p, uint64_t n)
{
	p->padding = n;
}

static void
want_delay(struct reply *p, uint64_t n)
{
	(void)p;
	pause_ms(n);
}

static void
want_chunked(struct reply *p, uint64_t n)
{
	p->chunked = true;
	p->padding = n;
}

static void
want_until_close(struct reply *p, uint64_t n)
{
	p->until_close = p->close = true;
	p->padding = n;
}

static void
want_short(struct reply *p, uint64_t n)
{
	p->short_by = n != 0 ? n : 1;
	p->close = true;
}

static void
want_echo(struct reply *p, uint64_t n)
{
	(void)n;
	p->echo = true;
}

static const struct {
	const char *prefix;
	void (*want)(struct reply *, uint64_t);
} wishes[] = {
	{ "/status/", want_status },		/* this status */
	{ "/bytes/", want_bytes },		/* this much padding */
	{ "/delay/", want_delay },		/* milliseconds later */
	{ "/chunked/", want_chunked },		/* chunked, so much padding */
	{ "/until-close/", want_until_close },	/* no length, then close */
	{ "/short/", want_short },		/* so many bytes too few */
	{ "/echo/", want_echo },		/* the request's body */
};

static bool
input_more(struct server *h)
{
	ssize_t got;

	if (h->have == HEAD_MAX)
		return false;
	got = connection_receive(h->c, h->input + h->have, HEAD_MAX - h->have);
	h->have += got;
	return got > 0;
}

static void
input_drop(struct server *h, size_t n)
{
	h->have -= n;
	memmove(h->input, h->input + n, h->have);
}

/* The length of the first thing that ends in `mark', with it; 0 at EOF. */
static size_t
input_until(struct server *h, const char *mark)
{
	const uint8_t *at;

	while ((at = memmem(h->input, h->have, mark, strlen(mark))) == NULL)
		if (!input_more(h))
			return 0;
	return at - h->input + strlen(mark);
}

static bool
body_take(struct server *h, struct request *q, uint64_t n)
{
	size_t part;

	for (; n > 0; n -= part) {
		if (h->have == 0 && !input_more(h))
			return false;
		part = n < h->have ? n : h->have;
		if (q->body != NULL && q->body_length + part <= BODY_MAX) {
			memcpy(q->body + q->body_length, h->input, part);
			q->body_length += part;
		}
		input_drop(h, part);
		q->bytes += part;
	}
	return true;
}

static bool
chunks_take(struct server *h, struct request *q)
{
	size_t n;
	unsigned long long size;

	do {
		n = input_until(h, "\r\n");
		if (n == 0)
			return false;
		size = strtoull((char *)h->input, NULL, 16);
		input_drop(h, n);
		q->bytes += n;
		if (!body_take(h, q, size))
			return false;
		/* Behind a chunk CRLF, behind the last the trailer. */
		do {
			n = input_until(h, "\r\n");
			input_drop(h, n);
			q->bytes += n;
		} while (size == 0 && n > 2);
		if (n == 0)
			return false;
	} while (size > 0);
	return true;
}

static void
field_parse(struct request *q, const char *line)
{
	const char *value = strchr(line, ':');
	size_t n;

	if (value == NULL)
		return;
	n = value++ - line;
	value += strspn(value, " \t");
	if (n == 14 && strncasecmp(line, "Content-Length", n) == 0)
		q->length = strtoull(value, NULL, 10);
	else if (n == 17 && strncasecmp(line, "Transfer-Encoding", n) == 0)
		q->chunked = strcasecmp(value, "chunked") == 0;
	else if (n == 10 && strncasecmp(line, "Connection", n) == 0)
		q->close = strcasecmp(value, "close") == 0;
	else if (n == 6 && strncasecmp(line, "Expect", n) == 0)
		q->expects_100 = strcasecmp(value, "100-continue") == 0;
}

static bool
head_parse(struct request *q, char *head)
{
	char version[16] = "", *at = head, *line = strsep(&at, "\n");

	if (sscanf(line, "%15s %1023s %15s", q->method, q->path,
	    version) != 3 || strncmp(version, "HTTP/1.", 7) != 0)
		return false;
	q->close = strcmp(version, "HTTP/1.0") == 0;
	while ((line = strsep(&at, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		field_parse(q, line);
	}
	return true;
}

static bool
request_read(struct server *h, struct request *q)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t n = input_until(h, "\r\n\r\n");

	if (n == 0)
		return false;
	h->input[n - 1] = '\0';
	if (!head_parse(q, (char *)h->input)) {
		event("bad-request %u", h->c->id);
		return false;
	}
	input_drop(h, n);
	q->bytes = n;
	if (strncmp(q->path, "/echo/", 6) == 0)
		q->body = xmalloc(BODY_MAX);
	if (q->expects_100 &&
	    connection_send(h->c, go_on, sizeof go_on - 1) == -1)
		return false;
	if (q->chunked ? !chunks_take(h, q) : !body_take(h, q, q->length))
		return false;
	event("recv %u %zu", h->c->id, q->bytes);
	event("request %u %u %s %s", h->c->id, q->number, q->method, q->path);
	return true;
}

static const char *
reason(unsigned int status)
{
	static const char *const classes[] = { "Unknown", "Continue", "OK",
		"Redirect", "Client Error", "Server Error" };

	return status == 404 ? "Not Found" :
	    status == 204 ? "No Content" :
	    status == 304 ? "Not Modified" :
	    classes[status / 100 < 6 ? status / 100 : 0];
}

static int
piece_send(struct connection *c, const struct reply *p, const void *data,
    size_t n)
{
	char size[32];

	if (n == 0)
		return 0;
	if (!p->chunked)
		return connection_send(c, data, n);
	snprintf(size, sizeof size, "%zx\r\n", n);
	return connection_send(c, size, strlen(size)) == -1 ||
	    connection_send(c, data, n) == -1 ||
	    connection_send(c, "\r\n", 2) == -1 ? -1 : 0;
}

/* Lines of 64 bytes, the last one as long as is left. */
static int
padding_send(struct connection *c, const struct reply *p)
{
	char piece[64 * 256];
	uint64_t left = p->padding - p->short_by;
	size_t n;

	memset(piece, '.', sizeof piece);
	for (size_t i = 63; i < sizeof piece; i += 64)
		piece[i] = '\n';
	for (; left > 0; left -= n) {
		n = left < sizeof piece ? left : sizeof piece;
		if (n == left && p->short_by == 0)
			piece[n - 1] = '\n';
		if (piece_send(c, p, piece, n) == -1)
			return -1;
	}
	return 0;
}

static int
body_send(struct connection *c, const struct request *q,
    const struct reply *p, const char *first)
{
	if (p->echo)
		return piece_send(c, p, q->body, q->body_length);
	if (piece_send(c, p, first, strlen(first)) == -1 ||
	    padding_send(c, p) == -1)
		return -1;
	return p->chunked ? connection_send(c, "0\r\n\r\n", 5) : 0;
}

static int
reply_send(struct connection *c, const struct request *q,
    const struct reply *p)
{
	char first[1200], length[64] = "", head[512];
	bool bodiless = p->status == 204 || p->status == 304;

	snprintf(first, sizeof first, "connection %u request %u path %s\n",
	    c->id, q->number, q->path);
	if (p->chunked)
		strcpy(length, "Transfer-Encoding: chunked\r\n");
	else if (!p->until_close && !bodiless)
		snprintf(length, sizeof length, "Content-Length: %llu\r\n",
		    (unsigned long long)(p->echo ? q->body_length :
		    strlen(first) + p->padding));
	snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\n"
	    "Server: peer\r\n"
	    "Content-Type: text/plain\r\n%s%s\r\n",
	    p->status, reason(p->status), length,
	    p->close ? "Connection: close\r\n" : "");
	if (connection_send(c, head, strlen(head)) == -1)
		return -1;
	if (bodiless || strcmp(q->method, "HEAD") == 0)
		return 0;
	return body_send(c, q, p, first);
}

static void
wishes_apply(struct reply *p, const char *path)
{
	size_t n;

	for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
		n = strlen(wishes[i].prefix);
		if (strncmp(path, wishes[i].prefix, n) == 0)
			wishes[i].want(p, strtoull(path + n, NULL, 10));
	}
	if (p->status < 200 || p->status > 599)
		p->status = 400;
	if (p->padding < p->short_by)
		p->padding = p->short_by;
}

/* Whether the connection may serve another one. */
static bool
request_serve(struct server *h, struct request *q)
{
	struct reply p = { .status = 200, .padding = opt.padding };

	if (!request_read(h, q))
		return false;
	wishes_apply(&p, q->path);
	p.close |= q->close ||
	    (opt.close_after != 0 && q->number >= opt.close_after);
	if (opt.delay_ms != 0)
		pause_ms(opt.delay_ms);
	if (reply_send(h->c, q, &p) == -1)
		return false;
	if (opt.ticket_every != 0 && q->number % opt.ticket_every == 0)
		(void)tls_ticket(h->c);
	return !p.close &&
	    (opt.drop_after == 0 || q->number < opt.drop_after);
}

void
http_run(struct connection *c)
{
	struct server h = { .c = c, .input = xmalloc(HEAD_MAX + 1) };
	unsigned int number = 0;
	bool more = true;

	while (more) {
		struct request q = { .number = ++number };

		more = request_serve(&h, &q);
		free(q.body);
	}
	free(h.input);
}
