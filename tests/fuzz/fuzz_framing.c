/*
 * Any bytes as requests or replies in any framing: the first byte picks the
 * framing and the direction, the second what came before, the third how the
 * bytes are cut.  However they are cut, the messages are the same.
 */
#include <stdio.h>

#include "base/buf.h"
#include "framing/framing.h"
#include "fuzz.h"

/* More than one argument where a member has any; else its name will do. */
static const char *const choices[] = {
	"delim:\\n.\\n", "delim:aabaaab", "delim:\\0", "fixed:1", "fixed:7",
	"length:u8", "length:u8,self", "length:u16be", "length:u16le,self",
	"length:u32be,self", "length:u32le", "idle:50", "prompt:^[a-z]*> $",
	"prompt:a+b|[]x$]y", "prompt:(ab){2,3}$",
};

#define NCHOICES	(sizeof(choices) / sizeof(choices[0]))

static const struct message befores[] = {
	{ .flags = 0 },
	{ .flags = MESSAGE_HEAD | MESSAGE_SAFE | MESSAGE_IDEMPOTENT },
	{ .flags = MESSAGE_CONNECT },
	{ .flags = MESSAGE_MULTILINE },
	{ .code = 354 },
	{ .code = 334 },
};

#define NBEFORES	(sizeof(befores) / sizeof(befores[0]))

struct play {
	struct framing_choice *choice;
	const struct message *before;
	bool reply;
	uint8_t cut;
	const uint8_t *data;
	size_t size;
};

static const char *
choice_at(size_t n)
{
	size_t i;

	for (i = 0; framing_table[i] != NULL; i++)
		if (framing_table[i]->choose == NULL && n-- == 0)
			return framing_table[i]->name;
	return choices[n % NCHOICES];
}

/* How long the next piece is: all, or from 1 to 8 bytes, by a fixed rule. */
static size_t
piece_size(const struct play *p, size_t at)
{
	size_t left = p->size - at, n;

	if (p->cut == 0)
		return left;
	n = p->cut == 1 ? 1 : 1 + (at * p->cut >> 3) % 8;
	return n < left ? n : left;
}

/* What was announced is kept. */
static void
check_left(const struct framer *f, uint64_t before, size_t taken)
{
	if (f->phase == FRAMER_BROKEN || before == UINT64_MAX)
		return;
	must(f->left == before - taken && taken <= before);
	must(f->phase != FRAMER_END || f->left == 0);
}

static size_t
take(struct framer *f, const struct play *p, const uint8_t *data, size_t size)
{
	uint64_t length = f->length, left = f->left;
	uint8_t *copy = malloc(size);
	size_t taken;

	must(copy != NULL);
	memcpy(copy, data, size);
	taken = p->reply ? framer_reply(f, copy, size) :
	    framer_request(f, copy, size);
	must(memcmp(copy, data, size) == 0);
	free(copy);
	must(taken <= size && f->length == length + taken);
	must(f->phase != FRAMER_MORE || taken == size);
	must((f->phase == FRAMER_BROKEN) == (f->why[0] != '\0'));
	check_left(f, left, taken);
	return taken;
}

/* A message's end, or that of all, as a line of text. */
static void
record(struct buf *out, const struct framer *f, size_t at)
{
	char line[FRAMER_WHY + 160];
	int n;

	n = snprintf(line, sizeof(line), "%zu %d %ju %x %d %jx %d %s\n", at,
	    (int)f->phase, (uintmax_t)f->length, f->message.flags,
	    f->message.code, (uintmax_t)f->message.body,
	    f->phase == FRAMER_MORE && framer_end(f), f->why);
	must(buf_append(out, line, (size_t)n) == 0);
}

/* Bytes from `at` that belong to no message or to this one. */
static size_t
step(struct framer *f, const struct play *p, size_t at, size_t size)
{
	size_t blank;

	if (f->choice == NULL) {
		blank = framer_blank(p->choice, p->data + at, size);
		must(blank <= size);
		if (blank > 0)
			return blank;
		framer_start(f, p->choice, p->before);
	}
	return take(f, p, p->data + at, size);
}

/* All of it, cut as p says; what came out is appended to out. */
static void
play(const struct play *p, struct buf *out)
{
	struct framer f = { 0 };
	size_t at = 0, end, n;

	while (at < p->size && f.phase != FRAMER_BROKEN) {
		end = at + piece_size(p, at);
		while (at < end && f.phase != FRAMER_BROKEN) {
			n = step(&f, p, at, end - at);
			must(n > 0 || f.phase == FRAMER_BROKEN);
			at += n;
			if (f.phase != FRAMER_END)
				continue;
			record(out, &f, at);
			framer_clear(&f);
		}
	}
	if (f.choice != NULL)
		record(out, &f, at);
	framer_clear(&f);
}

static void
same(const struct buf *a, const struct buf *b)
{
	must(buf_length(a) == buf_length(b));
	must(buf_length(a) == 0 ||
	    memcmp(buf_peek(a), buf_peek(b), buf_length(a)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct framing_choice choice = { 0 };
	struct play p = { .choice = &choice };
	struct buf whole = { 0 }, bytes = { 0 }, pieces = { 0 };
	struct why why;

	if (size < 3)
		return 0;
	must(framing_choose(&choice, choice_at(data[0] / 2), &why) == 0);
	p.reply = data[0] & 1;
	p.before = &befores[data[1] % NBEFORES];
	p.data = data + 3;
	p.size = size - 3;
	play(&p, &whole);
	p.cut = 1;
	play(&p, &bytes);
	p.cut = data[2] < 2 ? 2 : data[2];
	play(&p, &pieces);
	same(&whole, &bytes);
	same(&whole, &pieces);
	framing_forget(&choice);
	buf_clear(&whole);
	buf_clear(&bytes);
	buf_clear(&pieces);
	return 0;
}
