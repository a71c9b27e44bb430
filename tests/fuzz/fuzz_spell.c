/*
 * What a peer says to a terminal (fifoctl attach): the first byte says in
 * which pieces it comes.  Nothing that steers a terminal comes out, all that
 * can be printed does, and the pieces make no difference.
 */
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include "command/talk_internal.h"
#include "fuzz.h"

/* The most characters that a byte is spelled by: \M^X, and \M-x. */
#define SPELLED_MOST 4

static void
put(void *arg, wchar_t c)
{
	must(c == L'\n' || c == L'\t' || c == L'\r' || iswprint((wint_t)c));
	must(c != L'\x1b' && !(c >= 0x80 && c < 0xa0));
	spell_append(arg, c);
}

static void
spell(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	struct spell s = { .nheld = 0 };
	uint8_t *copy;
	size_t at, n;

	for (at = 0; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		copy = fuzz_copy(data + at, n);
		spell_bytes(&s, copy, n, put, out);
		free(copy);
		must(s.nheld < sizeof(s.held));
	}
	spell_end(&s, put, out);
	must(s.nheld == 0 && buf_length(out) <= SPELLED_MOST * size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 }, again = { 0 };

	if (size < 2)
		return 0;
	setlocale(LC_CTYPE, "C.UTF-8");
	spell(data + 1, size - 1, size, &whole);
	spell(data + 1, size - 1, 1 + data[0] % 8, &pieces);
	must(buf_length(&whole) == buf_length(&pieces) &&
	    memcmp(buf_peek(&whole), buf_peek(&pieces),
	    buf_length(&whole)) == 0);
	/* What can be shown is shown as it is. */
	spell(buf_peek(&whole), buf_length(&whole), 3, &again);
	must(buf_length(&whole) == buf_length(&again) &&
	    memcmp(buf_peek(&whole), buf_peek(&again),
	    buf_length(&whole)) == 0);
	buf_clear(&whole);
	buf_clear(&pieces);
	buf_clear(&again);
	return 0;
}
