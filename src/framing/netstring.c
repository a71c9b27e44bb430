/*
 * Netstrings, cr.yp.to/proto/netstrings.txt: "12:hello world!,".
 */
#include <string.h>

#include "framing/until.h"

#define NETSTRING_DIGITS	9

struct netstring {
	uint32_t length;
	uint8_t digits;
};

static struct netstring *
netstring_state(struct framer *f)
{
	return (struct netstring *)f->state;
}

/* A byte of the number, or the colon after it; false where it is neither. */
static bool
netstring_digit(struct framer *f, uint8_t c)
{
	struct netstring *n = netstring_state(f);

	if (c == ':' && n->digits > 0) {
		f->left = (uint64_t)n->length + 1;
		return true;
	}
	if (c < '0' || c > '9' || n->digits == NETSTRING_DIGITS ||
	    (n->digits > 0 && n->length == 0))
		return false;
	n->length = n->length * 10 + (uint32_t)(c - '0');
	n->digits++;
	return true;
}

static size_t
netstring_number(struct framer *f, const uint8_t *data, size_t size)
{
	struct netstring *n = netstring_state(f);
	size_t i;

	for (i = 0; i < size && f->left == UINT64_MAX; i++) {
		if (netstring_digit(f, data[i]))
			continue;
		if (n->digits > 0 && n->length == 0)
			return framer_fail(f, i, "0x%02x after 0, where only "
			    "the colon may follow", data[i]);
		return framer_fail(f, i, "0x%02x in a netstring's length; "
		    "1 to %d digits and a colon would be right", data[i],
		    NETSTRING_DIGITS);
	}
	return i;
}

static size_t
netstring_take(struct framer *f, const uint8_t *data, size_t size)
{
	size_t taken = 0;

	f->message.body = 0;
	if (f->left == UINT64_MAX) {
		taken = netstring_number(f, data, size);
		if (f->phase == FRAMER_BROKEN || f->left == UINT64_MAX)
			return taken;
	}
	if (size - taken >= f->left && data[taken + f->left - 1] != ',')
		return framer_fail(f, taken + f->left - 1, "0x%02x after "
		    "the %u bytes of a netstring; a comma would be right",
		    data[taken + f->left - 1],
		    (unsigned)netstring_state(f)->length);
	return taken + until_left(f, size - taken);
}

static void
netstring_bare(const struct framing_choice *choice, const uint8_t *data,
    size_t size, size_t *front, size_t *back)
{
	const uint8_t *colon = memchr(data, ':', size);

	(void)choice;
	*front = (size_t)(colon - data) + 1;
	*back = 1;
}

const struct framing framing_netstring = {
	.name = "netstring",
	.usage = "netstring",
	.text = "A message is a netstring: its length in decimal digits, a "
	    "colon, the bytes, a comma.",
	.flags = FRAMING_STREAMS,
	.request = netstring_take,
	.reply = netstring_take,
	.bare = netstring_bare,
};
