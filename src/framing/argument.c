#include "framing/argument.h"

/* A decimal number and nothing else; more than `most` is most + 1. */
static bool
argument_digits(const char *text, size_t most, size_t *number)
{
	const char *p;

	*number = 0;
	for (p = text; *p >= '0' && *p <= '9'; p++) {
		if (*number <= most)
			*number = *number * 10 + (size_t)(*p - '0');
		if (*number > most)
			*number = most + 1;
	}
	return p > text && *p == '\0';
}

int
argument_number(struct framing_choice *choice, const char *text,
    const char *unit, size_t most, struct why *why)
{
	size_t number;

	if (text != NULL && argument_digits(text, most, &number) &&
	    number >= 1 && number <= most) {
		choice->number = number;
		return 0;
	}
	return why_fail(why, FAULT_USAGE, "\"%s%s%.40s\": write %s, a whole "
	    "number of %s, 1 to %zu", choice->framing->name,
	    text == NULL ? "" : ":", text == NULL ? "" : text,
	    choice->framing->usage, unit, most);
}
