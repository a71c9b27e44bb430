#include "framing/argument.h"
#include "framing/until.h"

#define FIXED_MOST	((size_t)1 << 30)

static int
fixed_choose(struct framing_choice *choice, const char *argument,
    struct why *why)
{
	return argument_number(choice, argument, "bytes", FIXED_MOST, why);
}

static size_t
fixed_take(struct framer *f, const uint8_t *data, size_t size)
{
	(void)data;
	if (f->length == 0) {
		f->message.body = 0;
		f->left = f->choice->number;
	}
	return until_left(f, size);
}

const struct framing framing_fixed = {
	.name = "fixed",
	.usage = "fixed:N",
	.text = "Every message is N bytes long.",
	.flags = FRAMING_STREAMS,
	.choose = fixed_choose,
	.request = fixed_take,
	.reply = fixed_take,
};
