#include <stdlib.h>

#include "base/chunk.h"

/* The most free chunks kept warm: one for each step of a TLS turn. */
#define CHUNK_CACHE 4

static struct chunk *chunk_cache;
static int chunk_ncached;
static size_t chunk_ntaken;
static size_t chunk_n, chunk_most = SIZE_MAX;   /* cached ones included */

void
chunk_limit(size_t bytes)
{
	chunk_most = bytes == 0 ? SIZE_MAX : bytes / sizeof(struct chunk);
	if (chunk_most == 0)
		chunk_most = 1;
}

static struct chunk *
chunk_new(void)
{
	struct chunk *c = malloc(sizeof(*c));

	if (c != NULL)
		chunk_n++;
	return c;
}

bool
chunk_is_full(size_t beside)
{
	return chunk_ntaken + beside / sizeof(struct chunk) >= chunk_most;
}

struct chunk *
chunk_take(void)
{
	return chunk_is_full(0) ? NULL : chunk_need();
}

struct chunk *
chunk_need(void)
{
	struct chunk *c = chunk_cache;

	if (c != NULL) {
		chunk_cache = c->next;
		chunk_ncached--;
	} else if ((c = chunk_new()) == NULL) {
		return NULL;
	}
	chunk_ntaken++;
	c->next = NULL;
	c->start = c->end = 0;
	return c;
}

void
chunk_give(struct chunk *c)
{
	if (c == NULL)
		return;
	chunk_ntaken--;
	if (chunk_ncached >= CHUNK_CACHE || chunk_n > chunk_most) {
		chunk_n--;
		free(c);
		return;
	}
	c->next = chunk_cache;
	chunk_cache = c;
	chunk_ncached++;
}

void
chunk_settle(struct chunk **c)
{
	if (*c == NULL || (*c)->start != (*c)->end)
		return;
	chunk_give(*c);
	*c = NULL;
}

uint32_t
chunk_length(const struct chunk *c)
{
	return c == NULL ? 0 : c->end - c->start;
}

size_t
chunk_count(void)
{
	return chunk_ntaken;
}

void
chunk_free_all(void)
{
	struct chunk *c;

	while ((c = chunk_cache) != NULL) {
		chunk_cache = c->next;
		free(c);
		chunk_n--;
	}
	chunk_ncached = 0;
}
