/*
 * A peer's bytes, harmless to a terminal: control characters steer it (the
 * title, the keys, what is pasted), so none but \n, \t and \r is let through.
 */
#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "command/talk_internal.h"

void
spell_locale(void)
{
	const char *now = setlocale(LC_CTYPE, "");

	if (now == NULL || strcmp(now, "C") == 0 || strcmp(now, "POSIX") == 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static bool
spell_plain(wchar_t c)
{
	return c == L'\n' || c == L'\t' || c == L'\r' || iswprint((wint_t)c);
}

static void
spell_byte(uint8_t byte, spell_put *put, void *arg)
{
	uint8_t low = byte & 0x7f;

	if (byte & 0x80) {
		put(arg, L'\\');
		put(arg, L'M');
	}
	if (low < ' ' || low == 0x7f) {
		put(arg, L'^');
		put(arg, (wchar_t)(low ^ 0x40));
	} else {
		if (byte & 0x80)
			put(arg, L'-');
		put(arg, (wchar_t)low);
	}
}

/* Spell the first n of the bytes that are held, and hold the rest. */
static void
spell_first(struct spell *s, size_t n, spell_put *put, void *arg)
{
	for (size_t i = 0; i < n; i++)
		spell_byte(s->held[i], put, arg);
	s->nheld -= n;
	memmove(s->held, s->held + n, s->nheld);
}

/* Is what is held a character, the beginning of one, or neither? */
static void
spell_held(struct spell *s, spell_put *put, void *arg)
{
	mbstate_t state;
	wchar_t c;
	size_t n;

	while (s->nheld > 0) {
		memset(&state, 0, sizeof(state));
		n = mbrtowc(&c, (const char *)s->held, s->nheld, &state);
		if (n == (size_t)-2 && s->nheld < sizeof(s->held))
			return;
		if (n > sizeof(s->held)) {
			spell_first(s, 1, put, arg);
		} else if (!spell_plain(c)) {
			spell_first(s, n > 0 ? n : 1, put, arg);
		} else {
			put(arg, c);
			s->nheld = 0;
		}
	}
}

void
spell_bytes(struct spell *s, const uint8_t *bytes, size_t n, spell_put *put,
    void *arg)
{
	for (; n > 0; n--, bytes++) {
		if (s->nheld == 0 && *bytes >= ' ' && *bytes < 0x7f) {
			put(arg, (wchar_t)*bytes);
			continue;
		}
		s->held[s->nheld++] = *bytes;
		spell_held(s, put, arg);
	}
}

void
spell_end(struct spell *s, spell_put *put, void *arg)
{
	spell_first(s, s->nheld, put, arg);
}

void
spell_append(struct buf *b, wchar_t c)
{
	char bytes[MB_LEN_MAX];
	mbstate_t state;
	size_t n;

	memset(&state, 0, sizeof(state));
	n = wcrtomb(bytes, c, &state);
	if (n != (size_t)-1)
		buf_append(b, bytes, n);
}
