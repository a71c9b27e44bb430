#include "framing/until.h"

static size_t
line_take(struct framer *f, const uint8_t *data, size_t size)
{
	return until_end(f, data, size, '\n');
}

const struct framing framing_line = {
	.name = "line",
	.usage = "line",
	.text = "A message is a line and ends with its newline (LF).",
	.request = line_take,
	.reply = line_take,
};
