#include "framing/until.h"

static size_t
nul_take(struct framer *f, const uint8_t *data, size_t size)
{
	return until_end(f, data, size, '\0');
}

static void
nul_bare(const struct framing_choice *choice, const uint8_t *data,
    size_t size, size_t *front, size_t *back)
{
	(void)choice;
	(void)data;
	(void)size;
	*front = 0;
	*back = 1;
}

const struct framing framing_nul = {
	.name = "nul",
	.usage = "nul",
	.text = "A message ends with a zero byte, as of find -print0.",
	.request = nul_take,
	.reply = nul_take,
	.bare = nul_bare,
};
