/*
 * What a user writes after the colon of a framing.
 */
#ifndef FRAMING_ARGUMENT_H
#define FRAMING_ARGUMENT_H

#include "framing/framing.h"

/*
 * A whole number, 1 to `most`, into choice->number; 0, or -1 + FAULT_USAGE.
 * `text` may be NULL; `unit` is a word for the sentence, "bytes".
 */
int argument_number(struct framing_choice *choice, const char *text,
    const char *unit, size_t most, struct why *why);

#endif
