/*
 * RFC 9112: HTTP/1.0 and HTTP/1.1.  A message passes unchanged; it is read
 * only to know where it ends, and refused where two readers might differ on
 * that.  The one leniency is a head whose lines end with LF alone: hands type
 * it, CGI programs print it, and section 2.2 allows it.
 */
#include <stdio.h>
#include <string.h>

#include "framing/http_internal.h"

/* ---- heads */

void
http_finish(struct framer *f)
{
	f->phase = FRAMER_END;
	f->left = 0;
}

/* The fields agree on one length: RFC 9112 6.3, rules 3 to 5. */
static int
coding_check(struct framer *f, uint64_t at)
{
	const struct http *h = http_state(f);

	if (!h->coded)
		return 0;
	if (h->has_length)
		return http_broken(f, at, "this head has both Content-Length "
		    "and Transfer-Encoding; one is right");
	if (h->old)
		return http_broken(f, at, "this head has Transfer-Encoding, "
		    "which HTTP/1.0 has not");
	if (!h->chunked)
		return http_broken(f, at, "this head has a Transfer-Encoding "
		    "without \"chunked\", which tells where it ends");
	return 0;
}

/* Rules 4, 6, 7 and 8: which body follows. */
static void
body_begin(struct framer *f)
{
	struct http *h = http_state(f);

	if (h->chunked) {
		h->part = HTTP_CHUNK_LINE;
	} else if (h->has_length && h->length > 0) {
		h->part = HTTP_SIZED;
		f->left = h->left = h->length;
	} else if (h->has_length || !h->reply) {
		http_finish(f);
	} else {
		h->part = HTTP_REST;
		f->message.flags |= MESSAGE_UNTIL_CLOSE | MESSAGE_CLOSE;
	}
}

/* RFC 9112 9.3. */
static void
connection_enter(struct framer *f)
{
	const struct http *h = http_state(f);

	if (h->close || (h->old && !h->keep_alive))
		f->message.flags |= MESSAGE_CLOSE;
	if (!h->reply && h->expects && !h->old &&
	    (h->chunked || h->length > 0))
		f->message.flags |= MESSAGE_EXPECTS;
}

/* A 1xx: another head follows, in the same reply. */
static void
interim_end(struct framer *f, uint64_t at)
{
	struct http *h = http_state(f);
	struct http next = { .reply = true, .interims = h->interims + 1 };

	*h = next;
	if (h->interims > HTTP_INTERIM_MAX)
		http_broken(f, at, "the end of more than %d interim replies "
		    "(1xx)", HTTP_INTERIM_MAX);
}

/* The empty line, at this byte; the next one is `end`. */
static void
head_end(struct framer *f, uint64_t at, uint64_t end)
{
	struct http *h = http_state(f);

	h->section = 0;
	if (h->interim) {
		interim_end(f, at);
		return;
	}
	if (coding_check(f, at) == -1)
		return;
	f->message.body = end;
	connection_enter(f);
	if (h->tunnel) {
		h->part = HTTP_REST;
		f->message.flags |= MESSAGE_TUNNEL | MESSAGE_UNTIL_CLOSE |
		    MESSAGE_CLOSE;
	} else if (h->bodiless) {
		http_finish(f);
	} else {
		body_begin(f);
	}
}

static void
take_field(struct framer *f, struct http_piece *piece)
{
	struct http_line line;

	if (!http_line_take(f, piece, HTTP_HEAD_MAX, &line))
		return;
	if (line.length == 0)
		head_end(f, line.at, f->length + piece->used);
	else
		http_field_take(f, &line);
}

/* ---- bodies */

static uint64_t
take_left(struct framer *f, struct http_piece *piece)
{
	struct http *h = http_state(f);
	uint64_t n = piece->size - piece->used;

	if (n > h->left)
		n = h->left;
	piece->used += (size_t)n;
	h->left -= n;
	return h->left;
}

static void
take_sized(struct framer *f, struct http_piece *piece)
{
	f->left = take_left(f, piece);
	if (f->left == 0)
		http_finish(f);
}

static void
take_chunk_data(struct framer *f, struct http_piece *piece)
{
	if (take_left(f, piece) == 0)
		http_state(f)->part = HTTP_CHUNK_END;
}

static void
take_rest(struct framer *f, struct http_piece *piece)
{
	(void)f;
	piece->used = piece->size;
}

/* ---- the slots */

static void (*const parts[])(struct framer *f, struct http_piece *piece) = {
	[HTTP_START] = http_take_start,
	[HTTP_FIELDS] = take_field,
	[HTTP_SIZED] = take_sized,
	[HTTP_CHUNK_LINE] = http_take_chunk_line,
	[HTTP_CHUNK_DATA] = take_chunk_data,
	[HTTP_CHUNK_END] = http_take_chunk_end,
	[HTTP_TRAILERS] = http_take_trailer,
	[HTTP_REST] = take_rest,
};

static size_t
http_take(struct framer *f, const uint8_t *data, size_t size)
{
	struct http_piece piece = { .data = data, .size = size };

	while (f->phase == FRAMER_MORE && piece.used < size) {
		parts[http_state(f)->part](f, &piece);
		http_line_forget(f);
	}
	return piece.used;
}

static size_t
http_request(struct framer *f, const uint8_t *data, size_t size)
{
	return http_take(f, data, size);
}

static size_t
http_reply(struct framer *f, const uint8_t *data, size_t size)
{
	http_state(f)->reply = true;
	return http_take(f, data, size);
}

static bool
http_end(const struct framer *f)
{
	return f->message.flags & MESSAGE_UNTIL_CLOSE;
}

/*
 * Empty lines, RFC 9112 2.2.  A CR counts by itself: its LF may come with the
 * next piece, and until then no message must begin.
 */
static size_t
http_blank(const uint8_t *data, size_t size)
{
	size_t n = 0;

	while (n < size && (data[n] == '\r' || data[n] == '\n'))
		n++;
	return n;
}

static const struct failure_row {
	int code;
	const char *phrase;
	bool close;             /* what else came from this client is lost */
} failure_rows[] = {
	{ 400, "Bad Request", true },
	{ 408, "Request Timeout", true },
	{ 413, "Content Too Large", true },
	{ 421, "Misdirected Request", false },
	{ 431, "Request Header Fields Too Large", true },
	{ 502, "Bad Gateway", false },
	{ 503, "Service Unavailable", false },
	{ 504, "Gateway Timeout", false },
	{ 0, "Failed", true },
};

static const struct failure_row *
failure_find(int code)
{
	const struct failure_row *row = failure_rows;

	while (row->code != 0 && row->code != code)
		row++;
	return row;
}

static int
http_fail(struct buf *out, const struct framing_failure *failure)
{
	const struct failure_row *row = failure_find(failure->code);
	size_t length = strlen(failure->text);
	char head[512];
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\n"
	    "Fifod-Error: %.64s\r\n"
	    "Connection: %s\r\n\r\n",
	    failure->code, row->phrase, length + 1, failure->keyword,
	    row->close ? "close" : "keep-alive");
	if (buf_append(out, head, (size_t)n) == -1)
		return -1;
	if (failure->head)
		return 0;
	return buf_append(out, failure->text, length) == -1 ? -1 :
	    buf_append(out, "\n", 1);
}

const struct framing framing_http = {
	.name = "http",
	.usage = "http",
	.text = "HTTP/1.1 and 1.0 (RFC 9112): a message is a head and the "
	    "body that it announces.",
	.flags = FRAMING_STREAMS | FRAMING_ONE_BY_ONE | FRAMING_DROPS_BLANK,
	.request = http_request,
	.reply = http_reply,
	.end = http_end,
	.blank = http_blank,
	.fail = http_fail,
};
