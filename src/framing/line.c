#include "framing/until.h"

static size_t
line_take(struct framer *f, const uint8_t *data, size_t size)
{
	return until_end(f, data, size, '\n');
}

/* An end of line may have a CR. */
static void
line_bare(const struct framing_choice *choice, const uint8_t *data,
    size_t size, size_t *front, size_t *back)
{
	(void)choice;
	*front = 0;
	*back = size > 1 && data[size - 2] == '\r' ? 2 : 1;
}

const struct framing framing_line = {
	.name = "line",
	.usage = "line",
	.text = "A message is a line and ends with its newline (LF).",
	.request = line_take,
	.reply = line_take,
	.bare = line_bare,
};
