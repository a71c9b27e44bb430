/*
 * The peer: it cuts what comes by the session's own framing, looks whose it
 * is, and answers, or not.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "scene.h"

#define CALLS 6
#define ASKED 64
#define REPLY_MOST 300000

/* A request that came. */
struct asked {
	int id;                 /* -1: it had none */
	int letter;             /* of its bytes; -1: it had none */
	char method;            /* its first byte */
};

static struct call {
	int fd;
	struct framer framer;
	bool cutting, broken;
	struct scan scan;
	struct asked now;       /* what is being cut */
	struct asked asked[ASKED];
	unsigned nasked;
	struct buf out;         /* what it has still to say */
	size_t may;             /* bytes of it that may go */
	bool closes;            /* when that has gone */
	bool tunnel;            /* bytes of the client `now' both ways */
} calls[CALLS];

static struct scene *scene;
static int listen_fd = -1;
static bool stalled;

static void
call_end(struct call *c)
{
	if (c->fd == -1)
		return;
	close(c->fd);
	framer_clear(&c->framer);
	buf_clear(&c->out);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

static void
start_listening(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	strlcpy(sun.sun_path, scene->address, sizeof(sun.sun_path));
	unlink(sun.sun_path);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	must(bind(listen_fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	must(listen(listen_fd, 8) == 0);
}

void
peer_begin(struct scene *of)
{
	size_t i;

	scene = of;
	stalled = false;
	for (i = 0; i < CALLS; i++)
		calls[i].fd = -1;
	start_listening();
}

void
peer_die(void)
{
	size_t i;

	for (i = 0; i < CALLS; i++)
		call_end(&calls[i]);
	if (listen_fd != -1)
		close(listen_fd);
	listen_fd = -1;
	unlink(scene->address);
}

void
peer_end(void)
{
	peer_die();
}

void
peer_away(void)
{
	if (listen_fd == -1) {
		start_listening();
		return;
	}
	close(listen_fd);
	listen_fd = -1;
}

void
peer_stall(void)
{
	stalled = !stalled;
}

/* --- what comes --- */

static void
look(struct call *c, uint8_t byte)
{
	struct asked *now = &c->now;

	scan_byte(&c->scan, byte);
	if (c->scan.id != -1) {
		must(c->scan.id < scene->nids);
		must(++scene->seen[c->scan.id] <=
		    1 + scene->again[c->scan.id]);
		if (now->id == -1)
			now->id = c->scan.id;
		if (now->letter == -1)
			now->letter = scene->owner[c->scan.id];
		must(scene->language == SPEAKS_STREAM ||
		    scene->owner[c->scan.id] == now->letter);
	}
	/* No message is two clients'. */
	if (now->letter == -1)
		now->letter = c->scan.letter;
	must(scene->language == SPEAKS_STREAM || c->scan.letter == -1 ||
	    c->scan.letter == now->letter);
}

static void
message_begin(struct call *c, uint8_t byte)
{
	framer_start(&c->framer, &scene->choice, NULL);
	c->cutting = true;
	c->now = (struct asked){ -1, -1, (char)byte };
	memset(&c->scan, 0, sizeof(c->scan));
}

static void
message_end(struct call *c)
{
	c->cutting = false;
	if (c->nasked < ASKED)
		c->asked[c->nasked++] = c->now;
}

/* Bytes of one message at the most: how many. */
static size_t
take(struct call *c, const uint8_t *data, size_t size)
{
	size_t n = 0, i;

	if (scene->language == SPEAKS_STREAM || c->broken || c->tunnel) {
		n = size;
	} else if (!c->cutting) {
		n = framer_blank(&scene->choice, data, size);
		if (n > 0)
			return n;
		message_begin(c, data[0]);
	}
	if (n == 0)
		n = framer_request(&c->framer, data, size);
	for (i = 0; i < n; i++)
		look(c, data[i]);
	if (!c->cutting)
		return n;
	c->broken |= c->framer.phase == FRAMER_BROKEN;
	if (c->framer.phase == FRAMER_END)
		message_end(c);
	return c->broken ? size : n;
}

static bool
call_read(struct call *c)
{
	static uint8_t data[65536];
	ssize_t got = read(c->fd, data, sizeof(data));
	size_t at, n;

	if (got == -1 && errno == EAGAIN)
		return false;
	if (got == -1) {
		call_end(c);
		return true;
	}
	for (at = 0; at < (size_t)got; at += n)
		n = take(c, data + at, (size_t)got - at);
	return got > 0;
}

static bool
call_accept(void)
{
	int fd = listen_fd == -1 ? -1 : accept4(listen_fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	size_t i;

	if (fd == -1)
		return false;
	for (i = 0; i < CALLS; i++)
		if (calls[i].fd == -1)
			break;
	if (i == CALLS)
		close(fd);
	else
		calls[i].fd = fd;
	return true;
}

/* --- what it says --- */

static bool
call_write(struct call *c)
{
	size_t size = buf_length(&c->out);
	ssize_t n;

	if (size > c->may)
		size = c->may;
	n = size == 0 ? 0 : write(c->fd, buf_peek(&c->out), size);
	if (n > 0) {
		buf_drain(&c->out, (size_t)n);
		c->may -= (size_t)n;
	}
	if ((n == -1 && errno != EAGAIN) ||
	    (c->closes && buf_length(&c->out) == 0)) {
		call_end(c);
		return true;
	}
	return n > 0;
}

bool
peer_turn(void)
{
	bool busy = call_accept();
	size_t i;

	for (i = 0; i < CALLS; i++) {
		if (calls[i].fd != -1 && !stalled)
			busy |= call_read(&calls[i]);
		if (calls[i].fd != -1)
			busy |= call_write(&calls[i]);
	}
	return busy;
}

static void
say(struct call *c, const char *text)
{
	must(buf_append(&c->out, text, strlen(text)) == 0);
}

static void
say_bytes(struct call *c, int letter, size_t n)
{
	static char bytes[REPLY_MOST];

	memset(bytes, letter == -1 ? 'x' : 0x80 + letter, n);
	must(buf_append(&c->out, bytes, n) == 0);
}

/* A whole body, as a message of HTTP may have it. */
static void
say_body(struct call *c, const struct asked *a, unsigned shape, size_t n)
{
	char text[80];

	if (a->method == 'H')
		n = 0;
	if (shape % 8 == 1) {
		snprintf(text, sizeof(text), "Transfer-Encoding: chunked\r\n"
		    "\r\n%s", a->method == 'H' ? "" : "2;x\r\n");
		say(c, text);
		if (a->method == 'H')
			return;
		say_bytes(c, a->letter, 2);
		say(c, "\r\n0\r\n\r\n");
		return;
	}
	snprintf(text, sizeof(text), "Content-Length: %zu\r\n%s\r\n", n,
	    shape % 8 == 7 ? "Connection: close\r\n" : "");
	say(c, shape % 8 == 2 ? "\r\n" : text);
	say_bytes(c, a->letter, n);
	c->closes = shape % 8 == 2 || shape % 8 == 7;
}

static void
say_http(struct call *c, const struct asked *a, unsigned shape, size_t n)
{
	static const char *const lines[] = { "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not found\r\n",
		"HTTP/1.1 204 Nothing\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n",
		"HTTP/1.1 101 Tunnel\r\nUpgrade: x\r\nConnection: upgrade\r\n",
		"HTTP/1.1 503 No\r\n" };
	char text[40];

	say(c, lines[shape % 8]);
	snprintf(text, sizeof(text), "X-Id: #%04x;\r\n", (unsigned)a->id);
	if (a->id != -1)
		say(c, text);
	if (shape % 8 == 4 || shape % 8 == 6)
		say(c, "\r\n");
	else
		say_body(c, a, shape, n);
}

/* Has the client asked for a tunnel, and has it one now? */
static bool
makes_tunnel(const struct asked *a, unsigned shape)
{
	return scene->language == SPEAKS_HTTP && (shape % 8 == 6 ||
	    (a->method == 'C' && shape % 8 != 3 && shape % 8 != 7));
}

static void
say_reply(struct call *c, const struct asked *a, unsigned shape)
{
	size_t n = shape & 32 ? REPLY_MOST : shape & 16 ? 3000 : shape % 5;
	char text[40] = "";

	if (scene->language == SPEAKS_HTTP) {
		say_http(c, a, shape, n);
		return;
	}
	if (a->id != -1)
		snprintf(text, sizeof(text), "#%04x;", (unsigned)a->id);
	if (scene->language == SPEAKS_NETSTRINGS) {
		char size[24];

		snprintf(size, sizeof(size), "%zu:", n + strlen(text));
		say(c, size);
	}
	say(c, text);
	say_bytes(c, a->letter, n);
	say(c, scene->language == SPEAKS_LINES ? "\n" :
	    scene->language == SPEAKS_NETSTRINGS ? "," : "");
}

void
peer_answer(unsigned n, unsigned shape, size_t most)
{
	struct call *c = &calls[n % CALLS];
	struct asked a = { -1, 0, 'x' };

	if (c->fd == -1 || c->closes)
		return;
	if (scene->language == SPEAKS_STREAM)
		c->nasked = c->nasked == 0;
	if (buf_length(&c->out) == 0 && c->nasked > 0) {
		if (scene->language != SPEAKS_STREAM)
			a = c->asked[0];
		c->nasked--;
		memmove(c->asked, c->asked + 1,
		    c->nasked * sizeof(c->asked[0]));
		say_reply(c, &a, shape);
		c->tunnel = makes_tunnel(&a, shape);
		if (c->tunnel)
			c->now = a;
		c->may = 0;
	}
	c->may += most;
	if (c->may > buf_length(&c->out))
		c->may = buf_length(&c->out);
}

void
peer_unasked(unsigned n)
{
	struct call *c = &calls[n % CALLS];

	if (c->fd == -1 || stalled || c->cutting || c->broken ||
	    c->nasked > 0 || buf_length(&c->out) > 0)
		return;
	say_bytes(c, c->tunnel ? c->now.letter : SCENE_UNASKED - 0x80, 3);
	c->may = 3;
	scene->unasked = true;
}

void
peer_close(unsigned n)
{
	call_end(&calls[n % CALLS]);
}

void
peer_finish(unsigned n)
{
	if (calls[n % CALLS].fd != -1)
		shutdown(calls[n % CALLS].fd, SHUT_WR);
}
