/*
 * Numbers as users write them: whole numbers, sizes, times and modes.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT	32	/* room for any of them, spelled */

/* Text to number: 0, or -1 where the whole text is none or too great. */
int number_read_int(const char *text, int64_t *n);      /* -5 */
int number_read_size(const char *text, int64_t *n);     /* 512, 64K: bytes */
int number_read_time(const char *text, int64_t *n);     /* 0.1: milliseconds */
int number_read_mode(const char *text, int64_t *n);     /* 0644 */

/* And back, so that it can be read again. */
void number_spell_int(int64_t n, char *out, size_t size);
void number_spell_size(int64_t n, char *out, size_t size);
void number_spell_time(int64_t ms, char *out, size_t size);
void number_spell_mode(int64_t n, char *out, size_t size);

#endif
