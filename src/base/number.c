#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define DIGITS	"0123456789"

/* strtonum(3) of digits alone: neither blanks nor signs before them. */
static int
digits_read(const char *text, size_t length, int64_t max, int64_t *n)
{
	char digits[NUMBER_TEXT];
	const char *flaw;

	if (length == 0 || length >= sizeof(digits))
		return -1;
	memcpy(digits, text, length);
	digits[length] = '\0';
	*n = strtonum(digits, 0, max, &flaw);
	return flaw == NULL ? 0 : -1;
}

int
number_read_int(const char *text, int64_t *n)
{
	int minus = text[0] == '-';
	size_t length = strspn(text + minus, DIGITS);

	if (text[minus + length] != '\0' ||
	    digits_read(text + minus, length, INT64_MAX, n) == -1)
		return -1;
	if (minus)
		*n = -*n;
	return 0;
}

void
number_spell_int(int64_t n, char *out, size_t size)
{
	char text[NUMBER_TEXT], *at = text + sizeof(text) - 1;
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	*at = '\0';
	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (n < 0)
		*--at = '-';
	strlcpy(out, at, size);
}

static const char size_suffixes[] = "KMGT";

int
number_read_size(const char *text, int64_t *n)
{
	size_t length = strspn(text, DIGITS);
	const char *suffix = &text[length], *found;
	int shift = 0;

	if (*suffix != '\0') {
		found = strchr(size_suffixes, toupper((unsigned char)*suffix));
		if (found == NULL || suffix[1] != '\0')
			return -1;
		shift = 10 * (int)(found - size_suffixes + 1);
	}
	if (digits_read(text, length, INT64_MAX >> shift, n) == -1)
		return -1;
	*n <<= shift;
	return 0;
}

void
number_spell_size(int64_t n, char *out, size_t size)
{
	const char *suffix = size_suffixes;

	if (n == 0 || n % 1024 != 0) {
		number_spell_int(n, out, size);
		return;
	}
	while (n % (1024 * 1024) == 0 && suffix[1] != '\0') {
		n /= 1024;
		suffix++;
	}
	snprintf(out, size, "%" PRId64 "%c", n / 1024, *suffix);
}

/* "15", "0.1": seconds with up to three decimals, into milliseconds. */
int
number_read_time(const char *text, int64_t *n)
{
	size_t whole = strspn(text, DIGITS), part = 0;
	int64_t thousandths = 0;

	if (text[whole] == '.') {
		part = strspn(text + whole + 1, DIGITS);
		if (part > 3 || text[whole + 1 + part] != '\0' ||
		    digits_read(text + whole + 1, part, 999, &thousandths))
			return -1;
	} else if (text[whole] != '\0') {
		return -1;
	}
	for (; part < 3; part++)
		thousandths *= 10;
	if (digits_read(text, whole, INT64_MAX / 1000 - 1, n) == -1)
		return -1;
	*n = *n * 1000 + thousandths;
	return 0;
}

void
number_spell_time(int64_t ms, char *out, size_t size)
{
	char text[NUMBER_TEXT];
	size_t n;

	if (ms % 1000 == 0) {
		number_spell_int(ms / 1000, out, size);
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64 ".%03d", ms / 1000,
	    (int)(ms % 1000));
	n = strlen(text);
	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	snprintf(out, size, "%.*s", (int)n, text);
}

int
number_read_mode(const char *text, int64_t *n)
{
	size_t length = strspn(text, "01234567");

	if (length == 0 || text[length] != '\0')
		return -1;
	*n = strtol(text, NULL, 8);	/* LONG_MAX, were it longer */
	return 0;
}

void
number_spell_mode(int64_t n, char *out, size_t size)
{
	snprintf(out, size, "%04" PRIo64, (uint64_t)n);
}
