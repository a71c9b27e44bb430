/*
 * What the vectors of http cannot say: the broker's own replies, and what is
 * known of a message before it is whole.
 */
#include <stdint.h>

#include "framing/framing.h"
#include "tap.h"

extern const struct framing framing_http;
static const struct framing_choice choice = { .framing = &framing_http };

static char *
failure_text(int code, bool head)
{
	static char text[1024];
	const struct framing_failure failure = {
		.code = code,
		.keyword = "connect",
		.text = "web: 192.0.2.1:80: connection refused",
		.head = head,
	};
	struct buf out = { 0 };

	text[0] = '\0';
	if (framing_http.fail(&out, &failure) == 0)
		snprintf(text, sizeof(text), "%.*s", (int)buf_length(&out),
		    (const char *)buf_peek(&out));
	buf_clear(&out);
	return text;
}

static void
test_fail(void)
{
	struct buf small = { .limit = 64 };
	const struct framing_failure failure = {
		.code = 502, .keyword = "connect", .text = "no",
	};

	is(failure_text(502, false),
	    "HTTP/1.1 502 Bad Gateway\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: 38\r\n"
	    "Fifod-Error: connect\r\n"
	    "Connection: keep-alive\r\n"
	    "\r\n"
	    "web: 192.0.2.1:80: connection refused\n",
	    "a failure is a reply that says which step failed");
	is(failure_text(400, true),
	    "HTTP/1.1 400 Bad Request\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: 38\r\n"
	    "Fifod-Error: connect\r\n"
	    "Connection: close\r\n"
	    "\r\n",
	    "to HEAD it has no body; after 400 nothing else is read");
	ok(framing_http.fail(&small, &failure) == -1, "no room is said");
	buf_clear(&small);
}

/* A failure's status line, and whether it leaves the client its link. */
static void
is_failure(int code, const char *line, bool close)
{
	char want[80], got[80];
	const char *text = failure_text(code, false);

	snprintf(want, sizeof(want), "HTTP/1.1 %d %s %s", code, line,
	    close ? "close" : "keep-alive");
	snprintf(got, sizeof(got), "%.*s %s", (int)strcspn(text, "\r"), text,
	    strstr(text, "Connection: close\r\n") ? "close" : "keep-alive");
	is(got, want, "a failure's status line and Connection");
}

static void
test_fail_codes(void)
{
	is_failure(400, "Bad Request", true);
	is_failure(408, "Request Timeout", true);
	is_failure(413, "Content Too Large", true);
	is_failure(421, "Misdirected Request", false);
	is_failure(431, "Request Header Fields Too Large", true);
	is_failure(502, "Bad Gateway", false);
	is_failure(503, "Service Unavailable", false);
	is_failure(504, "Gateway Timeout", false);
	is_failure(599, "Failed", true);
}

/* What a reader of the reply itself makes of it. */
static void
test_fail_is_framed(void)
{
	const struct message get = { 0 }, head = { .flags = MESSAGE_HEAD };
	const char *text = failure_text(504, false);
	size_t length = strlen(text);
	struct framer f = { 0 };

	framer_start(&f, &choice, &get);
	is_int(framer_reply(&f, (const uint8_t *)text, length), length,
	    "a failure is one whole reply");
	ok(f.phase == FRAMER_END && f.message.code == 504, "... of that code");
	text = failure_text(504, true);
	length = strlen(text);
	framer_start(&f, &choice, &head);
	framer_reply(&f, (const uint8_t *)text, length);
	ok(f.phase == FRAMER_END && f.length == length, "... and so to HEAD");
	framer_clear(&f);
}

static void
show(struct framer *f, const char *text)
{
	framer_reply(f, (const uint8_t *)text, strlen(text));
}

static void
test_known_early(void)
{
	struct framer f = { 0 };

	framer_start(&f, &choice, NULL);
	show(&f, "HTTP/1.1 103 Early Hints\r\n\r\n");
	is_int(f.message.code, 0, "an interim reply's code is not the reply's");
	show(&f, "HTTP/1.1 404 No");
	is_int(f.message.code, 0, "half a status line says nothing");
	show(&f, "t Found\r\n");
	is_int(f.message.code, 404, "the code is known with its line");
	ok(f.message.body == UINT64_MAX && f.left == UINT64_MAX,
	    "where the body is, and how long, is not");
	show(&f, "Content-Length: 10\r\n\r\n12");
	is_int(f.message.body, f.length - 2, "with the head it is");
	is_int(f.left, 8, "what is left of a length is counted");
	show(&f, "34567890");
	ok(f.phase == FRAMER_END && f.left == 0, "down to nothing");
	framer_clear(&f);
}

static void
test_left_unknown(void)
{
	struct framer f = { 0 };

	framer_start(&f, &choice, NULL);
	show(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nh");
	ok(f.left == UINT64_MAX, "chunked: nobody knows how much is left");
	ok(!framer_end(&f), "... and a close cuts it short");
	framer_start(&f, &choice, NULL);
	show(&f, "HTTP/1.1 200 OK\r\n\r\nh");
	ok(f.left == UINT64_MAX, "until close: nor here");
	ok(framer_end(&f), "... and a close is its end");
	framer_clear(&f);
}

/* Is this head, followed by many times a text, broken with that code? */
static void
is_refused(const char *head, const char *text, int code, const char *name)
{
	struct framer f = { 0 };
	bool reply = strncmp(head, "HTTP", 4) == 0;
	int i;

	framer_start(&f, &choice, NULL);
	for (i = 0; i < 20000 && f.phase == FRAMER_MORE; i++) {
		const char *piece = i == 0 ? head : text;

		if (reply)
			show(&f, piece);
		else
			framer_request(&f, (const uint8_t *)piece,
			    strlen(piece));
	}
	ok(f.phase == FRAMER_BROKEN && f.message.code == code, name);
	framer_clear(&f);
}

static void
test_refused_code(void)
{
	char field[1024] = "X: ";

	memset(field + 3, 'x', sizeof(field) - 6);
	memcpy(field + sizeof(field) - 3, "\r\n", 3);
	is_refused("GET /", "xxxx", 431, "a request line too long: 431");
	is_refused("GET / HTTP/1.1\r\nX: ", "xxxx", 431, "a field too long");
	is_refused("GET / HTTP/1.1\r\n", field, 431, "a head too long");
	is_refused("GET / HTTP/1.1\r\n", "X: y\r\n", 431, "too many fields");
	is_refused("GET\n", "", 0, "one that is wrong is not a 431");
	is_refused("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\nX: ", "xxxx", 0, "nor are trailers too long");
	is_refused("HTTP/1.1 200 OK\r\nX: ", "xxxx", 200,
	    "a reply too long keeps its code");
	is_refused("HTTP/1.1 200 OK\r\n", "X: y\r\n", 200,
	    "... and one with too many fields");
}

int
main(void)
{
	test_fail();
	test_fail_codes();
	test_fail_is_framed();
	test_known_early();
	test_left_unknown();
	test_refused_code();
	return tap_done();
}
