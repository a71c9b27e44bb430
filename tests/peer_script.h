/* A script as it is parsed (peer_script_parse.c) and run (peer_script.c). */
#ifndef TESTS_PEER_SCRIPT_H
#define TESTS_PEER_SCRIPT_H

#include "peer.h"

enum next { NEXT, AGAIN, END };

struct run;
struct step;

/*
 * The operands are letters: n a number (K, M, G), s a string with C escapes
 * that runs to the end of the line and may be quoted, p the same without
 * escapes.
 */
struct verb {
	const char *name, *operands;
	enum next (*run)(struct run *, const struct step *);
};

struct step {
	const struct verb *verb;
	uint64_t number[2];
	uint8_t *text;			/* NUL-terminated behind its length */
	size_t length;
	unsigned int first, last;	/* the connections it is for */
	unsigned int line;
};

/* NULL where there is no such verb. */
const struct verb *verb_find(const char *name);
/* The step of that number, from 0; NULL behind the last. */
const struct step *script_step(size_t i);

#endif
