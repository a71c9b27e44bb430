/*
 * Tests that print TAP (testanything.org): each ok() or is…() is one test and
 * returns whether it passed; main() ends with `return tap_done();`.
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static inline bool
tap_result(bool passed, const char *name, const char *file, int line)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tap_count, name);
	if (!passed) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	return passed;
}

static inline bool
tap_is(const char *got, const char *want, const char *name, const char *file,
    int line)
{
	bool same = got == NULL || want == NULL ? got == want :
	    strcmp(got, want) == 0;

	tap_result(same, name, file, line);
	if (!same)
		printf("#  got: %s\n# want: %s\n", got == NULL ? "(null)" : got,
		    want == NULL ? "(null)" : want);
	return same;
}

static inline bool
tap_is_int(long long got, long long want, const char *name, const char *file,
    int line)
{
	tap_result(got == want, name, file, line);
	if (got != want)
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return got == want;
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#define ok(passed, name)	tap_result(passed, name, __FILE__, __LINE__)
#define is(got, want, name)	tap_is(got, want, name, __FILE__, __LINE__)
#define is_int(got, want, name) \
	tap_is_int((long long)(got), (long long)(want), name, __FILE__, \
	    __LINE__)

#endif
