#include <stdlib.h>
#include <string.h>
#include <sys/tree.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/held.h"
#include "keeper/held_file.h"

/* One allocation: the struct, the descriptors, the bytes, the key. */
struct held {
	RB_ENTRY(held) entry;
	const char *key;
	unsigned short nfds, n;         /* both are bounded */
	int fds[];
};

static int
held_compare(const struct held *a, const struct held *b)
{
	return strcmp(a->key, b->key);
}

static RB_HEAD(helds, held) helds = RB_INITIALIZER(&helds);
RB_PROTOTYPE(helds, held, entry, held_compare)
RB_GENERATE(helds, held, entry, held_compare)
static size_t helds_count;

/* A session's name can be one, and stands in a line for the service manager. */
bool
held_key_is_sound(const char *key)
{
	size_t n = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._@-");

	return n > 0 && n < KEEPER_HELD_KEY && key[n] == '\0';
}

static struct keeper_held
held_is(const struct held *h)
{
	return (struct keeper_held){ .key = h->key, .bytes = h->fds + h->nfds,
		.n = h->n, .fds = h->fds, .nfds = h->nfds };
}

static void
held_free(struct held *h)
{
	const struct keeper_held what = held_is(h);
	size_t i;

	RB_REMOVE(helds, &helds, h);
	helds_count--;
	held_file_drop(&what);
	for (i = 0; i < h->nfds; i++)
		close(h->fds[i]);
	free(h);
}

static struct held *
held_find(const char *key)
{
	struct held find = { .key = key };

	return RB_FIND(helds, &helds, &find);
}

void
held_put(const struct keeper_held *what)
{
	struct held *old = held_find(what->key), *h;
	size_t size = what->nfds * sizeof(int);
	char *bytes;

	h = xcalloc(1, sizeof(*h) + size + what->n + strlen(what->key) + 1);
	bytes = (char *)h->fds + size;
	h->nfds = (unsigned short)what->nfds;
	h->n = (unsigned short)what->n;
	h->key = bytes + what->n;
	if (size > 0)
		memcpy(h->fds, what->fds, size);
	if (what->n > 0)
		memcpy(bytes, what->bytes, what->n);
	strlcpy(bytes + what->n, what->key, strlen(what->key) + 1);
	if (old != NULL)
		held_free(old);
	RB_INSERT(helds, &helds, h);
	helds_count++;
	held_file_put(what);
}

void
held_drop(const char *key)
{
	struct held *h = held_find(key);

	if (h != NULL)
		held_free(h);
}

void
held_drop_all(void)
{
	struct held *h;

	while ((h = RB_MIN(helds, &helds)) != NULL)
		held_free(h);
}

bool
held_next(const char *after, struct keeper_held *out)
{
	struct held find = { .key = after }, *h;

	if (after == NULL)
		h = RB_MIN(helds, &helds);
	else
		h = RB_NFIND(helds, &helds, &find);
	if (h != NULL && after != NULL && strcmp(h->key, after) == 0)
		h = RB_NEXT(helds, &helds, h);
	if (h == NULL)
		return false;
	*out = held_is(h);
	return true;
}

size_t
held_count(void)
{
	return helds_count;
}

