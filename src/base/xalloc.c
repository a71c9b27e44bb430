#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/xalloc.h"

/* Never written to, so that it costs addresses and no memory. */
#define XALLOC_RESERVE ((size_t)1024 * 1024)

static void *xalloc_kept;
static bool xalloc_keeps;

void
xalloc_keep(void)
{
	xalloc_keeps = true;
	xalloc_kept = malloc(XALLOC_RESERVE);
}

bool
xalloc_short(void)
{
	if (xalloc_keeps && xalloc_kept == NULL)
		xalloc_kept = malloc(XALLOC_RESERVE);
	return xalloc_keeps && xalloc_kept == NULL;
}

bool
xalloc_again(void)
{
	bool kept = xalloc_kept != NULL;

	free(xalloc_kept);
	xalloc_kept = NULL;
	return kept;
}

void *
xalloc_try(void *old, size_t size)
{
	void *p;

	do
		p = realloc(old, size ? size : 1);
	while (p == NULL && xalloc_again());
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	do
		p = calloc(n ? n : 1, size ? size : 1);
	while (p == NULL && xalloc_again());
	if (p == NULL)
		err(1, "%zu objects of %zu bytes", n, size);
	return p;
}

void *
xreallocarray(void *old, size_t n, size_t size)
{
	void *p;

	do
		p = reallocarray(old, n ? n : 1, size ? size : 1);
	while (p == NULL && xalloc_again());
	if (p == NULL)
		err(1, "%zu objects of %zu bytes", n, size);
	return p;
}

char *
xstrdup(const char *s)
{
	char *copy;

	if (s == NULL)
		return NULL;
	do
		copy = strdup(s);
	while (copy == NULL && xalloc_again());
	if (copy == NULL)
		err(1, "strdup");
	return copy;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	do {
		va_start(ap, fmt);
		n = vasprintf(&text, fmt, ap);
		va_end(ap);
	} while (n == -1 && xalloc_again());
	if (n == -1)
		err(1, "asprintf");
	return text;
}

void
xtrim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
