#include <string.h>

#include "framing/until.h"

static const struct length_row {
	const char *name;
	size_t width;
	bool big_endian;
} length_rows[] = {
	{ "u8", 1, false },
	{ "u16be", 2, true },
	{ "u16le", 2, false },
	{ "u32be", 4, true },
	{ "u32le", 4, false },
};

#define LENGTH_NROWS	(sizeof(length_rows) / sizeof(length_rows[0]))

struct length {
	uint64_t number;
	uint8_t got;            /* of its bytes */
};

static const struct length_row *
length_find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < LENGTH_NROWS; i++)
		if (strlen(length_rows[i].name) == length &&
		    memcmp(length_rows[i].name, name, length) == 0)
			return &length_rows[i];
	return NULL;
}

static int
length_choose(struct framing_choice *choice, const char *argument,
    struct why *why)
{
	const char *text = argument == NULL ? "" : argument;
	size_t length = strcspn(text, ",");
	const struct length_row *row = length_find(text, length);
	const char *rest = text + length;

	if (row == NULL || (*rest != '\0' && strcmp(rest, ",self") != 0))
		return why_fail(why, FAULT_USAGE, "\"length:%.40s\": write "
		    "length:u8, u16be, u16le, u32be or u32le, and \",self\" "
		    "after it where the number counts its own bytes too",
		    text);
	choice->number = row->width;
	choice->big_endian = row->big_endian;
	choice->inclusive = *rest != '\0';
	return 0;
}

/* Take the number's bytes into it. */
static size_t
length_number(struct framer *f, const uint8_t *data, size_t size)
{
	const struct framing_choice *choice = f->choice;
	struct length *l = (struct length *)f->state;
	size_t i;

	for (i = 0; i < size && l->got < choice->number; i++, l->got++) {
		if (choice->big_endian)
			l->number = l->number << 8 | data[i];
		else
			l->number |= (uint64_t)data[i] << 8 * l->got;
	}
	return i;
}

static size_t
length_take(struct framer *f, const uint8_t *data, size_t size)
{
	const struct framing_choice *choice = f->choice;
	struct length *l = (struct length *)f->state;
	size_t taken = 0;

	f->message.body = 0;
	if (f->left == UINT64_MAX) {
		taken = length_number(f, data, size);
		if (l->got < choice->number)
			return taken;
		if (choice->inclusive && l->number < choice->number)
			return framer_fail(f, taken, "the length %ju is less "
			    "than the %zu bytes that it takes itself",
			    (uintmax_t)l->number, choice->number);
		f->left = l->number - (choice->inclusive ? choice->number : 0);
	}
	return taken + until_left(f, size - taken);
}

static void
length_bare(const struct framing_choice *choice, const uint8_t *data,
    size_t size, size_t *front, size_t *back)
{
	(void)data;
	(void)size;
	*front = choice->number;
	*back = 0;
}

const struct framing framing_length = {
	.name = "length",
	.usage = "length:u8|u16be|u16le|u32be|u32le[,self]",
	.text = "A message is its length, a binary number of 1, 2 or 4 bytes, "
	    "and as many bytes; with \",self\" the number counts itself too.",
	.flags = FRAMING_STREAMS,
	.choose = length_choose,
	.request = length_take,
	.reply = length_take,
	.bare = length_bare,
};
