/*
 * What the fuzz targets share.  A target is one function of some bytes that
 * asserts what is to hold of them; libFuzzer makes the bytes up, or fuzz_main.c
 * takes them from the corpus.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
fuzz_must(int condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, text);
	abort();
}

#define must(condition) fuzz_must(condition, #condition, __FILE__, __LINE__)

/* A string of these bytes, up to their first NUL, in memory of its size. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = xcalloc(size + 1, 1);

	if (size > 0)
		memcpy(text, data, size);
	return text;
}

/* The same bytes in memory of just their size: a look beyond them is seen. */
static inline uint8_t *
fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = xcalloc(size == 0 ? 1 : size, 1);

	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

#endif
