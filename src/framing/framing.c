#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framing/framing.h"

#define FRAMING(name) extern const struct framing framing_##name;
#include "framing_list.h"
#undef FRAMING

#define FRAMING(name) &framing_##name,
const struct framing *const framing_table[] = {
#include "framing_list.h"
	NULL
};
#undef FRAMING

/* The one whose name is the first `length` bytes of text, NULL: none. */
static const struct framing *
framing_find(const char *text, size_t length)
{
	size_t i;

	for (i = 0; framing_table[i] != NULL; i++)
		if (strlen(framing_table[i]->name) == length &&
		    memcmp(framing_table[i]->name, text, length) == 0)
			return framing_table[i];
	return NULL;
}

static int
framing_unknown(const char *text, struct why *why)
{
	char known[236] = "";
	size_t i;

	for (i = 0; framing_table[i] != NULL; i++) {
		strlcat(known, i ? ", " : "", sizeof(known));
		strlcat(known, framing_table[i]->usage, sizeof(known));
	}
	return why_fail(why, FAULT_USAGE,
	    "\"%.20s\" is no framing; there are %s", text, known);
}

int
framing_choose(struct framing_choice *choice, const char *text,
    struct why *why)
{
	size_t length = strcspn(text, ":");
	const char *argument = text[length] == ':' ? text + length + 1 : NULL;
	const struct framing *framing = framing_find(text, length);

	if (framing == NULL)
		return framing_unknown(text, why);
	if (framing->choose == NULL && argument != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.40s\": %s takes no "
		    "argument; write %s", text, framing->name, framing->usage);
	choice->framing = framing;
	if (framing->choose == NULL ||
	    framing->choose(choice, argument, why) == 0)
		return 0;
	memset(choice, 0, sizeof(*choice));
	return -1;
}

void
framing_forget(struct framing_choice *choice)
{
	if (choice->compiled)
		regfree(&choice->regex);
	memset(choice, 0, sizeof(*choice));
}

const struct framing *
framing_of_requests(const struct framing_choice *choice)
{
	return choice->cut != NULL ? choice->cut : choice->framing;
}

bool
framing_takes_writes(const struct framing_choice *choice)
{
	return choice->framing->flags & FRAMING_UNPAIRED &&
	    choice->cut == NULL;
}

int
framing_check(const char *text, struct why *why)
{
	struct framing_choice choice = { 0 };
	int taken = framing_choose(&choice, text, why);

	framing_forget(&choice);
	return taken;
}

void
framer_start(struct framer *f, const struct framing_choice *choice,
    const struct message *before)
{
	framer_clear(f);
	f->choice = choice;
	f->message.body = UINT64_MAX;
	f->left = UINT64_MAX;
	if (before != NULL)
		f->before = *before;
}

void
framer_clear(struct framer *f)
{
	buf_clear(&f->kept);
	memset(f, 0, sizeof(*f));
}

size_t
framer_request(struct framer *f, const uint8_t *data, size_t size)
{
	size_t taken;

	if (size == 0 || f->phase != FRAMER_MORE)
		return 0;
	taken = f->choice->framing->request(f, data, size);
	f->length += taken;
	return taken;
}

size_t
framer_reply(struct framer *f, const uint8_t *data, size_t size)
{
	size_t taken;

	if (size == 0 || f->phase != FRAMER_MORE)
		return 0;
	taken = f->choice->framing->reply(f, data, size);
	f->length += taken;
	return taken;
}

bool
framer_end(const struct framer *f)
{
	const struct framing *framing = f->choice->framing;

	return framing->end != NULL && framing->end(f);
}

size_t
framer_blank(const struct framing_choice *choice, const uint8_t *data,
    size_t size)
{
	const struct framing *framing = framing_of_requests(choice);

	return framing->blank == NULL || size == 0 ? 0 :
	    framing->blank(data, size);
}

size_t
framer_fail(struct framer *f, size_t taken, const char *fmt, ...)
{
	va_list ap;
	int n;

	f->phase = FRAMER_BROKEN;
	n = snprintf(f->why, sizeof(f->why), "byte %ju: ",
	    (uintmax_t)f->length + taken + 1);
	va_start(ap, fmt);
	vsnprintf(f->why + n, sizeof(f->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return taken;
}
