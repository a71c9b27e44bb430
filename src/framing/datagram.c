/*
 * Datagrams, which nothing pairs: what a client writes at once is one, and
 * each that comes is a message.  Where they end is the link's to say, or the
 * session's; with an argument another framing cuts what clients write.
 */
#include <string.h>

#include "framing/framing.h"

static int
datagram_choose(struct framing_choice *choice, const char *argument,
    struct why *why)
{
	const struct framing *self = choice->framing;

	if (argument == NULL)
		return 0;
	if (framing_choose(choice, argument, why) == -1)
		return -1;
	choice->cut = choice->framing;
	choice->framing = self;
	if (choice->cut != self && !(choice->cut->flags &
	    (FRAMING_NO_MESSAGES | FRAMING_GREETS)))
		return 0;
	return why_fail(why, FAULT_USAGE, "\"datagram:%.40s\": %s does not cut "
	    "what clients write; datagram:line does", argument,
	    choice->cut->name);
}

static size_t
datagram_request(struct framer *f, const uint8_t *data, size_t size)
{
	return f->choice->cut == NULL ? size :
	    f->choice->cut->request(f, data, size);
}

static size_t
datagram_reply(struct framer *f, const uint8_t *data, size_t size)
{
	(void)f;
	(void)data;
	return size;
}

static bool
datagram_end(const struct framer *f)
{
	(void)f;
	return true;
}

const struct framing framing_datagram = {
	.name = "datagram",
	.usage = "datagram[:FRAMING]",
	.text = "Of udp:// and the like: what is written to in at once is one "
	    "datagram, or FRAMING cuts it; each that comes is a message, "
	    "whoever may have asked for it.",
	.flags = FRAMING_UNPAIRED,
	.choose = datagram_choose,
	.request = datagram_request,
	.reply = datagram_reply,
	.end = datagram_end,
};
