/*
 * What anyone may write into the control socket, or a broker to fifoctl: it is
 * cut into the same frames whatever pieces it comes in, no frame is larger
 * than may be, and the strings of a request are all of its bytes.
 */
#include "base/buf.h"
#include "command/frame.h"
#include "fuzz.h"

static void
try_words(const struct frame *f)
{
	char *text, **words;
	size_t i, total = 0;
	struct buf again;
	struct frame g;
	int n = frame_words(f, &text, &words);

	if (n == -1)
		return;
	must(f->type == FRAME_REQUEST && n >= 1 && n <= FRAME_WORDS);
	must(words[n] == NULL);
	for (i = 0; i < (size_t)n; i++)
		total += strlen(words[i]) + 1;
	must(total == f->length);
	if (n >= 2 && strcmp(words[0], FRAME_PROTOCOL) == 0) {
		buf_init(&again, 0);
		must(frame_request(&again, words[1], words + 2) == 0);
		must(frame_peek(&again, &g) == 1 && g.length == f->length);
		must(memcmp(g.data, f->data, g.length) == 0);
		buf_clear(&again);
	}
	free(text);
	free(words);
}

static void
look(const struct frame *f, struct buf *out)
{
	struct frame copy = *f;
	uint8_t *data = fuzz_copy(f->data, f->length);
	int status;

	copy.data = data;
	must(f->length <= FRAME_MAX);
	try_words(&copy);
	status = frame_exit(&copy);
	must(status == -1 ||
	    (f->type == FRAME_EXIT && status >= 0 && status <= 255));
	free(data);
	must(frame_append(out, f->type, f->data, f->length) == 0);
}

/* All of it in such pieces; the frames, made again, go to out. */
static int
cut(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	struct buf b;
	struct frame f;
	size_t at, n;
	int rv = 0;

	buf_init(&b, FRAME_HEADER + FRAME_MAX);
	for (at = 0; at < size && rv != -1; at += n) {
		n = size - at < piece ? size - at : piece;
		must(buf_append(&b, data + at, n) == 0);
		while ((rv = frame_peek(&b, &f)) == 1) {
			look(&f, out);
			frame_drain(&b, &f);
		}
	}
	/* What is left is no frame, or not yet a whole one. */
	must(rv == -1 || out->end + buf_length(&b) == size);
	must(out->end == 0 || memcmp(buf_peek(out), data, out->end) == 0);
	buf_clear(&b);
	return rv;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 }, bytes = { 0 };
	int rv;

	if (size < 1)
		return 0;
	rv = cut(data + 1, size - 1, size, &whole);
	must(cut(data + 1, size - 1, 1 + data[0], &pieces) == rv);
	must(cut(data + 1, size - 1, 1, &bytes) == rv);
	must(buf_length(&whole) == buf_length(&pieces));
	must(buf_length(&whole) == buf_length(&bytes));
	buf_clear(&whole);
	buf_clear(&pieces);
	buf_clear(&bytes);
	return 0;
}
