/*
 * Mode `script': what each connection does, a verb a step.  A new verb is a
 * function and a row of the table at the end.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <netinet/in.h>
#ifdef __linux__
#include <linux/tcp.h>
#endif
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "peer_script.h"

#define INPUT_MAX 262144	/* what `expect' looks back on */
#define PIECE 16384
#define LOOK_MS 10		/* between two looks at a file */

struct run {
	struct connection *c;
	uint8_t *input;		/* received, asked for by no step yet */
	size_t have;
	uint64_t rounds;
};

static void
input_drop(struct run *r, size_t n)
{
	r->have -= n;
	memmove(r->input, r->input + n, r->have);
}

/* Some more input; 0 at its end.  A full buffer forgets its older half. */
static size_t
input_more(struct run *r)
{
	ssize_t got;

	if (r->have == INPUT_MAX)
		input_drop(r, INPUT_MAX / 2);
	got = connection_receive(r->c, r->input + r->have,
	    INPUT_MAX - r->have);
	r->have += got;
	return got;
}

static enum next
run_expect(struct run *r, const struct step *s)
{
	uint8_t *at;
	size_t n;

	while ((at = memmem(r->input, r->have, s->text, s->length)) == NULL)
		if (input_more(r) == 0)
			return END;
	n = at - r->input + s->length;
	input_drop(r, n);
	event("recv %u %zu", r->c->id, n);
	return NEXT;
}

/* Like `expect', but the very next bytes must be these. */
static enum next
run_exactly(struct run *r, const struct step *s)
{
	while (r->have < s->length)
		if (input_more(r) == 0)
			return END;
	if (memcmp(r->input, s->text, s->length) != 0) {
		event("mismatch %u line %u", r->c->id, s->line);
		return END;
	}
	input_drop(r, s->length);
	event("recv %u %zu", r->c->id, s->length);
	return NEXT;
}

static enum next
run_expect_bytes(struct run *r, const struct step *s)
{
	uint64_t left = s->number[0];
	size_t n;

	for (;;) {
		n = left < r->have ? left : r->have;
		input_drop(r, n);
		left -= n;
		if (left == 0)
			break;
		if (input_more(r) == 0)
			return END;
	}
	event("recv %u %llu", r->c->id, (unsigned long long)s->number[0]);
	return NEXT;
}

static enum next
send_all(struct run *r, const void *data, size_t n)
{
	return connection_send(r->c, data, n) == -1 ? END : NEXT;
}

static enum next
run_send(struct run *r, const struct step *s)
{
	return send_all(r, s->text, s->length);
}

static enum next
run_send_slow(struct run *r, const struct step *s)
{
	for (size_t i = 0; i < s->length; i++) {
		if (i > 0)
			pause_ms(s->number[0]);
		if (send_all(r, s->text + i, 1) == END)
			return END;
	}
	return NEXT;
}

/* TCP's urgent data (RFC 9293 3.8.5); the last byte is what it points to. */
static enum next
run_send_urgent(struct run *r, const struct step *s)
{
	return send(r->c->fd, s->text, s->length, MSG_OOB | MSG_NOSIGNAL) ==
	    (ssize_t)s->length ? NEXT : END;
}

static enum next
run_send_random(struct run *r, const struct step *s)
{
	uint8_t piece[PIECE];
	uint64_t at = 0;
	size_t n;

	for (; at < s->number[0]; at += n) {
		n = s->number[0] - at < PIECE ? s->number[0] - at : PIECE;
		random_fill(s->number[1], at, piece, n);
		if (send_all(r, piece, n) == END)
			return END;
	}
	return NEXT;
}

static enum next
run_send_file(struct run *r, const struct step *s)
{
	size_t n;
	uint8_t *data = file_read((const char *)s->text, &n);
	enum next next = send_all(r, data, n);

	free(data);
	return next;
}

static enum next
run_pause(struct run *r, const struct step *s)
{
	(void)r;
	pause_ms(s->number[0]);
	return NEXT;
}

static enum next
run_wait_file(struct run *r, const struct step *s)
{
	struct stat st;

	(void)r;
	while (stat((const char *)s->text, &st) == -1)
		pause_ms(LOOK_MS);
	return NEXT;
}

static enum next
run_wait_eof(struct run *r, const struct step *s)
{
	(void)s;
	r->have = 0;
	connection_wait_eof(r->c);
	return NEXT;
}

static enum next
run_half_close(struct run *r, const struct step *s)
{
	(void)s;
	connection_half_close(r->c);
	return NEXT;
}

static enum next
run_close(struct run *r, const struct step *s)
{
	(void)r;
	(void)s;
	return END;
}

static enum next
run_truncate(struct run *r, const struct step *s)
{
	(void)s;
	connection_truncate(r->c);
	return END;
}

static enum next
run_reset(struct run *r, const struct step *s)
{
	(void)s;
	connection_reset(r->c);
	return END;
}

/* Without POLLIN only a reset, or both directions shut, ends the wait. */
static enum next
run_stall(struct run *r, const struct step *s)
{
	struct pollfd p = { .fd = r->c->fd };

	(void)s;
	event("stall %u", r->c->id);
	(void)poll(&p, 1, -1);
	if ((p.revents & POLLERR) != 0)
		event("reset %u", r->c->id);
	return END;
}

static enum next
run_starttls(struct run *r, const struct step *s)
{
	size_t n = r->have;

	(void)s;
	r->have = 0;
	return tls_handshake(r->c, r->input, n) == -1 ? END : NEXT;
}

static enum next
run_ticket(struct run *r, const struct step *s)
{
	(void)s;
	return tls_ticket(r->c) == -1 ? END : NEXT;
}

static enum next
run_keyupdate(struct run *r, const struct step *s)
{
	(void)s;
	return tls_keyupdate(r->c) == -1 ? END : NEXT;
}

/* How many segments with data have come so far (Linux). */
static enum next
run_segments(struct run *r, const struct step *s)
{
	(void)s;
#ifdef __linux__
	struct tcp_info info = { 0 };
	socklen_t n = sizeof info;

	if (getsockopt(r->c->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0)
		event("segments %u %u", r->c->id, info.tcpi_data_segs_in);
#else
	(void)r;
#endif
	return NEXT;
}

static enum next
run_log(struct run *r, const struct step *s)
{
	event("log %u %s", r->c->id, (const char *)s->text);
	return NEXT;
}

/* `loop' is without end, `loop 3' makes three rounds; neither outlives EOF. */
static enum next
run_loop(struct run *r, const struct step *s)
{
	r->rounds++;
	if (r->c->dead || (r->c->eof && r->have == 0))
		return END;
	return s->number[0] == 0 || r->rounds < s->number[0] ? AGAIN : NEXT;
}

static const struct verb verbs[] = {
	{ "expect", "s", run_expect },
	{ "expect-bytes", "n", run_expect_bytes },
	{ "exactly", "s", run_exactly },
	{ "send", "s", run_send },
	{ "send-slow", "ns", run_send_slow },
	{ "send-urgent", "s", run_send_urgent },
	{ "send-random", "nn", run_send_random },
	{ "send-file", "p", run_send_file },
	{ "pause", "n", run_pause },
	{ "wait-file", "p", run_wait_file },
	{ "wait-eof", "", run_wait_eof },
	{ "half-close", "", run_half_close },
	{ "close", "", run_close },
	{ "truncate", "", run_truncate },
	{ "reset", "", run_reset },
	{ "stall", "", run_stall },
	{ "starttls", "", run_starttls },
	{ "ticket", "", run_ticket },
	{ "keyupdate", "", run_keyupdate },
	{ "segments", "", run_segments },
	{ "log", "p", run_log },
	{ "loop", "n", run_loop },
};

const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

void
script_run(struct connection *c)
{
	struct run r = { .c = c, .input = xmalloc(INPUT_MAX) };
	const struct step *s;
	enum next next = NEXT;

	for (size_t i = 0; next != END && (s = script_step(i)) != NULL; i++) {
		if (c->id < s->first || c->id > s->last)
			continue;
		next = s->verb->run(&r, s);
		if (next == AGAIN)
			i = (size_t)-1;
	}
	free(r.input);
}
