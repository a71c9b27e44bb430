#include "framing/framing.h"

static size_t
stream_take(struct framer *f, const uint8_t *data, size_t size)
{
	(void)f;
	(void)data;
	return size;
}

/* It never ends by itself, so its end is no loss. */
static bool
stream_end(const struct framer *f)
{
	(void)f;
	return true;
}

const struct framing framing_stream = {
	.name = "stream",
	.usage = "stream",
	.text = "Not cut at all: bytes go both ways as they come, and every "
	    "channel sees all of them.",
	.flags = FRAMING_NO_MESSAGES,
	.request = stream_take,
	.reply = stream_take,
	.end = stream_end,
};
