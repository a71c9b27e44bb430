/*
 * Transcripts: text is spelled as vis(3) does it, whatever pieces it comes in,
 * and hex counts each way.
 */
#include <stdlib.h>

/* The header wants to know whose strnvis(3) is meant; vis(3) is one for all. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/transcript.h"
#include "tap.h"

#define HEAD "1970-01-01T00:00:01.000002Z "

static void
show(struct transcript *t, enum transcript_way way, const char *data,
    size_t size, struct buf *out)
{
	const struct transcript_piece p = { way, { 1, 2999 },
		(const uint8_t *)data, size };

	transcript_append(t, &p, out);
}

static char *
taken(struct buf *b)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%.*s", (int)buf_length(b),
	    (const char *)buf_peek(b));
	buf_clear(b);
	return text;
}

/* Every byte before every other; but newlines, which end a line. */
static bool
spelled_as_vis(void)
{
	const int how = VIS_CSTYLE | VIS_OCTAL | VIS_TAB | VIS_NL;
	char data[2], want[64], *end;
	struct buf b;
	int n;

	buf_init(&b, 0);
	for (n = 0; n < 65536; n++) {
		struct transcript t = { 0 };

		data[0] = (char)(n >> 8);
		data[1] = (char)n;
		if (data[0] == '\n' || data[1] == '\n')
			continue;
		end = want + snprintf(want, sizeof(want), HEAD "> ");
		end = vis(end, (uint8_t)data[0], how, (uint8_t)data[1]);
		vis(end, (uint8_t)data[1], how, '0');
		show(&t, TRANSCRIPT_IN, data, 2, &b);
		if (strcmp(taken(&b), want) != 0)
			return false;
	}
	return true;
}

static void
lines(void)
{
	struct transcript t = { .format = TRANSCRIPT_TEXT };
	struct buf b;

	buf_init(&b, 0);
	show(&t, TRANSCRIPT_IN, "one\ntw", 6, &b);
	show(&t, TRANSCRIPT_IN, "o\nthr", 5, &b);
	show(&t, TRANSCRIPT_OUT, "\nx", 2, &b);
	transcript_note(&t, &(struct timespec){ 1, 2999 }, "hm", &b);
	show(&t, TRANSCRIPT_IN, "ee\n", 3, &b);
	is(taken(&b), HEAD "> one\n" HEAD "> two\n" HEAD "> thr\\\n"
	    HEAD "< \n" HEAD "< x\\\n" HEAD "! hm\n" HEAD "> ee\n",
	    "lines, across pieces and directions");
	transcript_break(&t, &b);
	is_int((long long)buf_length(&b), 0, "no line is open");
}

static void
places(void)
{
	struct transcript t = { .format = TRANSCRIPT_HEX };
	struct buf b;

	buf_init(&b, 0);
	show(&t, TRANSCRIPT_IN, "hello\n", 6, &b);
	show(&t, TRANSCRIPT_OUT, "\0", 1, &b);
	transcript_skip(&t, TRANSCRIPT_IN, 0x123456789a);
	show(&t, TRANSCRIPT_IN, "0123456789abcdefg", 17, &b);
	is(taken(&b),
	    "> 1970-01-01T00:00:01.000002Z 6 bytes at 0\n"
	    "00000000  68 65 6c 6c 6f 0a                                 "
	    "|hello.|\n"
	    "< 1970-01-01T00:00:01.000002Z 1 byte at 0\n"
	    "00000000  00                                                |.|\n"
	    "> 1970-01-01T00:00:01.000002Z 17 bytes at 78187493536\n"
	    "12345678a0  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  "
	    "|0123456789abcdef|\n"
	    "12345678b0  67                                                "
	    "|g|\n", "places in hex, beyond 32 bits too");
}

int
main(void)
{
	ok(spelled_as_vis(), "all pairs of bytes are spelled as by vis(3)");
	lines();
	places();
	return tap_done();
}
