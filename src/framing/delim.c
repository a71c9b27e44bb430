/*
 * Messages that end with a string of the user's.  It is looked for as Knuth,
 * Morris and Pratt do, since it may begin again within itself ("\n.\n" in
 * "\n.\n.\n") and be cut anywhere by a piece.
 */
#include <string.h>

#include "framing/framing.h"

#define DELIM_MOST	64

/*
 * Behind the string in choice->bytes: for each n < nbytes, how many bytes of
 * the string are still matched when the byte after the first n + 1 differs.
 */
#define DELIM_BORDERS	DELIM_MOST

_Static_assert(DELIM_BORDERS + DELIM_MOST <= FRAMING_ARGUMENT,
    "string and borders fit in a choice");

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c == '\0' ? NULL : strchr(digits, c);
	return at == NULL ? -1 : (int)(at - digits);
}

/*
 * One byte as it is spelled at *text, which goes on behind it; -1 where no
 * such escape exists.
 */
static int
delim_spelled(const char **text)
{
	static const char letters[] = "nrtabefv\\\"'0";
	static const char values[] = "\n\r\t\a\b\033\f\v\\\"'";
	const char *at, *p = *text;
	int high, low;

	if (*p != '\\') {
		*text = p + 1;
		return (unsigned char)*p;
	}
	if (p[1] == 'x') {
		high = hex_digit(p[2]);
		low = high == -1 ? -1 : hex_digit(p[3]);
		*text = p + 4;
		return low == -1 ? -1 : high << 4 | low;
	}
	/* "\012" means a newline to C, and would mean three bytes here. */
	if (p[1] == '0' && p[2] >= '0' && p[2] <= '7')
		return -1;
	at = p[1] == '\0' ? NULL : strchr(letters, p[1]);
	*text = p + 2;
	return at == NULL ? -1 : (unsigned char)values[at - letters];
}

static void
delim_borders(struct framing_choice *choice)
{
	const uint8_t *string = choice->bytes;
	uint8_t *border = choice->bytes + DELIM_BORDERS;
	size_t i, n = 0;

	border[0] = 0;
	for (i = 1; i < choice->nbytes; i++) {
		while (n > 0 && string[i] != string[n])
			n = border[n - 1];
		if (string[i] == string[n])
			n++;
		border[i] = (uint8_t)n;
	}
}

static int
delim_choose(struct framing_choice *choice, const char *argument,
    struct why *why)
{
	const char *p = argument;
	int c;

	if (p == NULL || *p == '\0')
		return why_fail(why, FAULT_USAGE, "\"delim%s\": no STRING; "
		    "write delim:STRING, as in delim:\\n.\\n",
		    p == NULL ? "" : ":");
	while (*p != '\0') {
		if (choice->nbytes == DELIM_MOST)
			return why_fail(why, FAULT_USAGE, "\"delim:%.40s\": "
			    "STRING has more than %d bytes", argument,
			    DELIM_MOST);
		c = delim_spelled(&p);
		if (c == -1)
			return why_fail(why, FAULT_USAGE, "\"delim:%.40s\": "
			    "after a backslash n r t a b e f v 0 \" ' \\ or "
			    "xHH may follow, HH two hexadecimal digits",
			    argument);
		choice->bytes[choice->nbytes++] = (uint8_t)c;
	}
	delim_borders(choice);
	return 0;
}

/* How many bytes of the string are matched after one more. */
static size_t
delim_step(const struct framing_choice *choice, size_t matched, uint8_t c)
{
	const uint8_t *border = choice->bytes + DELIM_BORDERS;

	while (matched > 0 && choice->bytes[matched] != c)
		matched = border[matched - 1];
	return matched + (choice->bytes[matched] == c);
}

static size_t
delim_take(struct framer *f, const uint8_t *data, size_t size)
{
	const struct framing_choice *choice = f->choice;
	size_t i = 0, matched = f->state[0];
	const uint8_t *at;

	while (i < size && matched < choice->nbytes) {
		if (matched == 0) {
			at = memchr(data + i, choice->bytes[0], size - i);
			i = at == NULL ? size : (size_t)(at - data) + 1;
			matched = at != NULL;
		} else
			matched = delim_step(choice, matched, data[i++]);
	}
	f->state[0] = (uint8_t)matched;
	if (matched == choice->nbytes)
		f->phase = FRAMER_END;
	return i;
}

static void
delim_bare(const struct framing_choice *choice, const uint8_t *data,
    size_t size, size_t *front, size_t *back)
{
	(void)data;
	(void)size;
	*front = 0;
	*back = choice->nbytes;
}

const struct framing framing_delim = {
	.name = "delim",
	.usage = "delim:STRING",
	.text = "A message ends with STRING, in which \\n, \\r, \\t, \\0, "
	    "\\xHH and so on are spelled as in C.",
	.choose = delim_choose,
	.request = delim_take,
	.reply = delim_take,
	.bare = delim_bare,
};
