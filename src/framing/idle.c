#include "framing/argument.h"

#define IDLE_MOST	((size_t)3600000)

static int
idle_choose(struct framing_choice *choice, const char *argument,
    struct why *why)
{
	return argument_number(choice, argument, "milliseconds", IDLE_MOST,
	    why);
}

/* The clock says when it ends, and that is the session's. */
static size_t
idle_take(struct framer *f, const uint8_t *data, size_t size)
{
	(void)f;
	(void)data;
	return size;
}

static bool
idle_end(const struct framer *f)
{
	(void)f;
	return true;
}

const struct framing framing_idle = {
	.name = "idle",
	.usage = "idle:MS",
	.text = "A message ends when nothing has followed for MS "
	    "milliseconds: for peers that do not say where they end.",
	.flags = FRAMING_LOOSE | FRAMING_ONE_BY_ONE | FRAMING_SILENCE,
	.choose = idle_choose,
	.request = idle_take,
	.reply = idle_take,
	.end = idle_end,
};
