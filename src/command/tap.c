/*
 * tap: what passes through a session, from now on.  The broker hands on bytes
 * and no more; fifoctl makes them readable, so that looking on costs the
 * session as little as can be, and who does not read in time misses some.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/endian.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "command/client.h"
#include "session/mirror.h"

#define TAP_MAX ((size_t)512 * 1024)    /* waits for its reader, at most */
#define TAP_PART 16384          /* is made readable at once */

enum { TAP_HEX = 'x', TAP_RAW = 'r', TAP_DIRECTION = 'd' };

/*
 * What a FRAME_PIECE is: two 64-bit big-endian numbers, the wall clock in
 * nanoseconds and how many bytes of this way were missed before; one of 32, the
 * peer's; one byte, the way; the bytes.
 */
#define PIECE_HEAD 21

/* What is wanted of the two ways; 0, or -1 + FAULT_USAGE. */
static int
tap_ways(const struct command_args *args, bool wanted[2], struct why *why)
{
	static const struct {
		const char *name;
		bool in, out;
	} rows[] = { { "both", true, true }, { "in", true, false },
		{ "out", false, true } };
	const char *value = command_value(args, TAP_DIRECTION);
	size_t i;

	if (value == NULL)
		value = "both";
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, value) != 0)
			continue;
		wanted[TRANSCRIPT_IN] = rows[i].in;
		wanted[TRANSCRIPT_OUT] = rows[i].out;
		return 0;
	}
	return why_fail(why, FAULT_USAGE, "-d: \"%.40s\" is neither in, out "
	    "nor both", value);
}

/* --- in the broker --- */

struct tap_call {
	struct tap tap;
	struct call *call;
	bool wanted[2];
	uint64_t missed[2];
};

static void
tap_send(struct tap_call *t, const struct transcript_piece *p)
{
	uint8_t *frame = xcalloc(1, PIECE_HEAD + p->size);

	be64enc(frame, (uint64_t)p->when.tv_sec * 1000000000 +
	    (uint64_t)p->when.tv_nsec);
	be64enc(frame + 8, t->missed[p->way]);
	be32enc(frame + 16, p->peer);
	frame[20] = (uint8_t)p->way;
	if (p->size > 0)
		memcpy(frame + PIECE_HEAD, p->data, p->size);
	call_send_frame(t->call, FRAME_PIECE, frame, PIECE_HEAD + p->size);
	free(frame);
	t->missed[p->way] = 0;
}

/* It reads again: what it has missed it is told, though no more may come. */
static void
tap_more(struct call *c)
{
	struct tap_call *t = c->state;
	struct transcript_piece none = { .way = TRANSCRIPT_IN };

	clock_gettime(CLOCK_REALTIME, &none.when);
	call_stream(c, NULL);
	if (t->missed[TRANSCRIPT_IN] > 0)
		tap_send(t, &none);
	none.way = TRANSCRIPT_OUT;
	if (t->missed[TRANSCRIPT_OUT] > 0)
		tap_send(t, &none);
}

static void
tap_see(const struct transcript_piece *p, void *arg)
{
	struct tap_call *t = arg;

	if (!t->wanted[p->way])
		return;
	if (call_waiting(t->call) + p->size <= TAP_MAX) {
		tap_send(t, p);
		return;
	}
	t->missed[p->way] += p->size;
	call_stream(t->call, tap_more);
}

static void
tap_event(const char *name, struct entry *e, void *arg)
{
	struct call *c = arg;
	struct tap_call *t = c->state;

	(void)name;
	if (e != NULL)
		return;
	tap_end(&t->tap);
	tap_more(c);
	call_finish(c, FAULT_NONE);
}

static void
tap_clear(struct call *c)
{
	struct tap_call *t = c->state;

	tap_end(&t->tap);
}

static void
tap_run(struct call *c)
{
	struct entry *e = call_session(c);
	struct why why = { 0 };
	struct tap_call *t;

	if (e == NULL)
		return;
	t = c->state = xcalloc(1, sizeof(*t));
	c->clear = tap_clear;
	t->call = c;
	if (tap_ways(&c->args, t->wanted, &why) == -1) {
		call_fail(c, &why);
		return;
	}
	t->tap.see = tap_see;
	t->tap.arg = t;
	tap_begin(&t->tap, e->session);
	call_observe(c, call_operand(c, 0), tap_event);
}

/* --- in fifoctl --- */

static void
tap_missed(struct transcript *t, const struct transcript_piece *p,
    uint64_t missed)
{
	char text[100];
	struct buf b;

	snprintf(text, sizeof(text), "%ju bytes %s were missed: not read in "
	    "time", (uintmax_t)missed, p->way == TRANSCRIPT_IN ?
	    "to the peer" : "from the peer");
	if (t->format == TRANSCRIPT_RAW) {
		fflush(stdout);
		fprintf(stderr, "fifoctl: %s\n", text);
		return;
	}
	buf_init(&b, 0);
	transcript_note(t, &p->when, text, &b);
	transcript_skip(t, p->way, missed);
	fwrite(buf_peek(&b), 1, buf_length(&b), stdout);
	buf_clear(&b);
}

static void
tap_piece(const struct frame *f, void *arg)
{
	struct transcript_piece p = { 0 };
	const uint8_t *end = f->data + f->length;
	uint64_t ns, missed;
	struct buf b;

	if (f->length < PIECE_HEAD || f->data[20] > TRANSCRIPT_OUT)
		return;
	ns = be64dec(f->data);
	missed = be64dec(f->data + 8);
	p.when.tv_sec = (time_t)(ns / 1000000000);
	p.when.tv_nsec = (long)(ns % 1000000000);
	p.peer = be32dec(f->data + 16);
	p.way = f->data[20];
	p.data = f->data + PIECE_HEAD;
	if (missed > 0)
		tap_missed(arg, &p, missed);
	buf_init(&b, 0);
	for (; p.data < end && !ferror(stdout); p.data += p.size) {
		p.size = end - p.data < TAP_PART ? (size_t)(end - p.data) :
		    TAP_PART;
		transcript_append(arg, &p, &b);
		fwrite(buf_peek(&b), 1, buf_length(&b), stdout);
		buf_drain(&b, buf_length(&b));
	}
	buf_clear(&b);
}

/* The line that is open ends with us. */
static void
tap_print_end(struct transcript *t)
{
	struct buf b;

	buf_init(&b, 0);
	transcript_break(t, &b);
	if (buf_length(&b) > 0)
		fwrite(buf_peek(&b), 1, buf_length(&b), stdout);
	buf_clear(&b);
}

static int
tap_local(struct client *client, const struct command_args *args)
{
	bool hex = command_value(args, TAP_HEX) != NULL;
	bool raw = command_value(args, TAP_RAW) != NULL;
	struct transcript t = { .format = hex ? TRANSCRIPT_HEX : raw ?
		TRANSCRIPT_RAW : TRANSCRIPT_TEXT };
	struct why why = { 0 };
	bool wanted[2];
	int status;

	if (hex && raw)
		why_fail(&why, FAULT_USAGE, "-x and -r together");
	if (why.fault != FAULT_NONE || tap_ways(args, wanted, &why) == -1)
		return client_fail(args->operands[0], &why);
	client->piece = tap_piece;
	client->piece_arg = &t;
	status = client_ask(client, args);
	tap_print_end(&t);
	return status;
}

static const struct command_option tap_options[] = {
	{ TAP_HEX, "hex", NULL, "As hexdump -C prints it." },
	{ TAP_RAW, "raw", NULL, "The bytes alone." },
	{ TAP_DIRECTION, "direction", "WAY", "Only what goes to the peer (in) "
	    "or comes from it (out)." },
	{ 0 }
};

const struct command command_tap = {
	.name = "tap",
	.usage = "NAME",
	.text = "Print what passes through a session from now on, with time "
		"and direction, until the session has ended; not what passes "
		"before another engine has been asked for it, where one takes "
		"over.",
	.flags = COMMAND_SESSION | COMMAND_WATCHES | COMMAND_AGAIN |
		COMMAND_PATIENT,
	.min = 1,
	.max = 1,
	.options = tap_options,
	.run = tap_run,
	.local = tap_local,
};
