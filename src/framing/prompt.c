/*
 * Replies that end with a prompt, as a shell's or a debugger's: the reply is
 * whole at the first byte at which its last, unfinished line matches.  What
 * comes after that byte does not matter, since that it has not come yet is
 * no property of the bytes but of the moment.
 *
 * So a line matches at some byte where any beginning of it up to there does,
 * and once one does all longer ones do: a piece is looked at once as far as
 * its line goes, and only if that matches the byte is searched for, by
 * halves.  A `$' would break this, and says nothing that is not so anyway: it
 * is left out of the expression.  What else looks ahead (\b, \>) is refused;
 * so is what POSIX does not have.
 *
 * The cost is one regexec(3) for each line, and one more for each piece that
 * a line is cut into.
 */
#include <string.h>

#include "framing/expression.h"
#include "framing/until.h"

/*
 * A line is kept up to twice this; then its first half is forgotten.  Where
 * that happens depends on the line alone and not on the pieces.
 */
#define PROMPT_LINE	((size_t)4096)

/* How long an expression may be, its intervals and + written out. */
#define PROMPT_WEIGHT	((size_t)20000)

/* What a backslash may stand before, and then means itself everywhere. */
static const char prompt_plain[] = ".[]\\()*+?{}|^$/-\"#&,:;=@_~% !";

struct prompt {
	bool cut;               /* the kept line's beginning was forgotten */
};

/*
 * A copy of the expression without each $ that stands for the end of a line;
 * false, and *c, where there is one with something behind it ($), or a
 * backslash before a letter or digit, or < > ' ` (that character), which means
 * something of its own to some libraries.
 */
static bool
prompt_copy(const char *text, char *copy, char *c)
{
	const char *end;

	for (; *text != '\0'; text++) {
		if (*text == '$') {
			*c = *text;
			if (strchr("|)", text[1]) == NULL)
				return false;
			continue;
		}
		if (*text == '\\' && text[1] != '\0') {
			*c = text[1];
			if (strchr(prompt_plain, *c) == NULL)
				return false;
			*copy++ = *text++;
		} else if (*text == '[') {
			end = expression_bracket(text + 1);
			for (; text < end; text++)
				*copy++ = *text;
			if (*text == '\0')
				break;
		}
		*copy++ = *text;
	}
	*copy = '\0';
	return true;
}

static int
prompt_compile(struct framing_choice *choice, const char *expression,
    const char *argument, struct why *why)
{
	char reason[80];
	int error;

	error = regcomp(&choice->regex, expression, REG_EXTENDED | REG_NOSUB);
	if (error != 0) {
		regerror(error, &choice->regex, reason, sizeof(reason));
		return why_fail(why, FAULT_USAGE, "\"prompt:%.60s\": no POSIX "
		    "extended regular expression: %s", argument, reason);
	}
	if (regexec(&choice->regex, "", 0, NULL, 0) == 0) {
		regfree(&choice->regex);
		return why_fail(why, FAULT_USAGE, "\"prompt:%.60s\": it "
		    "matches where nothing is, so that every reply would end "
		    "at once", argument);
	}
	choice->compiled = true;
	return 0;
}

/* Why prompt_copy() did not take it. */
static int
prompt_refuse(const char *argument, char c, struct why *why)
{
	if (c == '$')
		return why_fail(why, FAULT_USAGE, "\"prompt:%.60s\": what has "
		    "a $ in its middle matches nothing; write [$] for the "
		    "character", argument);
	return why_fail(why, FAULT_USAGE, "\"prompt:%.60s\": \\%c is not of "
	    "POSIX extended regular expressions; write [[:alnum:]_] for \\w "
	    "and so on", argument, c);
}

static int
prompt_choose(struct framing_choice *choice, const char *argument,
    struct why *why)
{
	char expression[FRAMING_ARGUMENT], c;
	struct expression_weight weight;

	if (argument == NULL || *argument == '\0')
		return why_fail(why, FAULT_USAGE, "\"prompt%s\": no REGEX; "
		    "write prompt:REGEX, as in prompt:^[$#] $",
		    argument == NULL ? "" : ":");
	if (strlen(argument) >= sizeof(expression))
		return why_fail(why, FAULT_USAGE, "\"prompt:%.40s...\": REGEX "
		    "has more than %zu bytes", argument,
		    sizeof(expression) - 1);
	if (!prompt_copy(argument, expression, &c))
		return prompt_refuse(argument, c, why);
	expression_weigh(expression, PROMPT_WEIGHT, &weight);
	if (weight.loop)
		return why_fail(why, FAULT_USAGE, "\"prompt:%.60s\": a *, + or "
		    "{} behind what may be empty already; write a* for (a*)* "
		    "and (a|b)* for (a*b*)*", argument);
	if (weight.characters > PROMPT_WEIGHT)
		return why_fail(why, FAULT_USAGE, "\"prompt:%.60s\": its {} "
		    "and + ask for too much: written out it has more than %zu "
		    "characters", argument, PROMPT_WEIGHT);
	return prompt_compile(choice, expression, argument, why);
}

static size_t
prompt_request(struct framer *f, const uint8_t *data, size_t size)
{
	return until_end(f, data, size, '\n');
}

/* Does the kept line match, as far as its first `length` bytes? */
static bool
prompt_matches(struct framer *f, size_t length)
{
	const struct prompt *p = (const struct prompt *)f->state;
	char *line = (char *)f->kept.data + f->kept.start;
	char c = line[length];
	bool matches;

	line[length] = '\0';
	matches = regexec(&f->choice->regex, line, 0, NULL,
	    p->cut ? REG_NOTBOL : 0) == 0;
	line[length] = c;
	return matches;
}

/* The least length that matches: more than `none`, at most `all`. */
static size_t
prompt_search(struct framer *f, size_t none, size_t all)
{
	size_t middle;

	while (all - none > 1) {
		middle = none + (all - none) / 2;
		if (prompt_matches(f, middle))
			all = middle;
		else
			none = middle;
	}
	return all;
}

/* Forget the first half of a line that is too long. */
static void
prompt_cut(struct framer *f)
{
	struct prompt *p = (struct prompt *)f->state;

	if (buf_length(&f->kept) < 2 * PROMPT_LINE)
		return;
	buf_drain(&f->kept, PROMPT_LINE);
	p->cut = true;
}

/*
 * More bytes of the line, no LF among them: how many belong to the reply, all
 * of them where there is no prompt.
 */
static size_t
prompt_part(struct framer *f, const uint8_t *data, size_t size)
{
	size_t i, before = buf_length(&f->kept);
	uint8_t *room = buf_reserve(&f->kept, size + 1);

	if (room == NULL)
		return framer_fail(f, 0, "no memory for a line of it");
	/* regexec(3) would end at a zero byte. */
	for (i = 0; i < size; i++)
		room[i] = data[i] == '\0' ? '\1' : data[i];
	buf_commit(&f->kept, size);
	if (prompt_matches(f, before + size)) {
		f->phase = FRAMER_END;
		return prompt_search(f, before, before + size) - before;
	}
	prompt_cut(f);
	return size;
}

/* Bytes of one line, or its LF. */
static size_t
prompt_line(struct framer *f, const uint8_t *data, size_t size)
{
	struct prompt *p = (struct prompt *)f->state;
	size_t room = 2 * PROMPT_LINE - buf_length(&f->kept);
	const uint8_t *lf;

	if (data[0] == '\n') {
		buf_clear(&f->kept);
		p->cut = false;
		return 1;
	}
	lf = memchr(data, '\n', size < room ? size : room);
	if (lf != NULL)
		size = (size_t)(lf - data);
	return prompt_part(f, data, size < room ? size : room);
}

static size_t
prompt_reply(struct framer *f, const uint8_t *data, size_t size)
{
	size_t taken = 0;

	while (taken < size && f->phase == FRAMER_MORE)
		taken += prompt_line(f, data + taken, size - taken);
	return taken;
}

const struct framing framing_prompt = {
	.name = "prompt",
	.usage = "prompt:REGEX",
	.text = "A request is a line; a reply ends with a prompt, at the first "
	    "byte at which its last line matches the extended regular "
	    "expression.",
	.flags = FRAMING_GREETS | FRAMING_LOOSE | FRAMING_ONE_BY_ONE,
	.choose = prompt_choose,
	.request = prompt_request,
	.reply = prompt_reply,
};
