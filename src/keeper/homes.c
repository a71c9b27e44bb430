/*
 * Where programs run: a directory, an environment and a umask, as the engine
 * gave them, in the keeper's memory, and in the file for the next keeper.
 * Nothing of it is looked at before a child does that lives by it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/tree.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/direct.h"
#include "keeper/held_file.h"
#include "keeper/ready.h"

#define HOME_MAX ((size_t)2 * 1024 * 1024)      /* over what fifoctl sends */
#define HOMES_MAX 65536

struct home {
	RB_ENTRY(home) entry;
	uint64_t number;
	bool orphan;            /* of an engine that is gone */
	size_t n;
	char bytes[];           /* n of them: strings, each with its NUL */
};

static int
home_compare(const struct home *a, const struct home *b)
{
	return (a->number > b->number) - (a->number < b->number);
}

static RB_HEAD(homes, home) homes = RB_INITIALIZER(&homes);
RB_PROTOTYPE(homes, home, entry, home_compare)
RB_GENERATE(homes, home, entry, home_compare)
static uint64_t homes_newest;
static size_t homes_count;

static struct {
	mode_t mask;
	struct rlimit files, core;
} home_own = { .mask = 077 };

void
keeper_home_own(mode_t mask, const struct rlimit *files)
{
	home_own.mask = mask;
	home_own.files = *files;
}

void
keeper_home_core(const struct rlimit *core)
{
	home_own.core = *core;
}

static struct home *
home_get(uint64_t number)
{
	struct home key = { .number = number };

	return RB_FIND(homes, &homes, &key);
}

const struct home *
home_find(uint64_t number)
{
	return home_get(number);
}

static void
home_free(struct home *h)
{
	RB_REMOVE(homes, &homes, h);
	homes_count--;
	held_file_home_drop(h->number, h->n);
	free(h);
}

static void
home_add(struct home *h, uint64_t number)
{
	h->number = number;
	if (homes_newest < number)
		homes_newest = number;
	RB_INSERT(homes, &homes, h);
	homes_count++;
	held_file_home_put(number, h->bytes, h->n);
}

uint64_t
direct_home_new(int fd, struct why *why)
{
	struct stat st;
	struct home *h;
	size_t n;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (size_t)st.st_size > HOME_MAX || homes_count == HOMES_MAX) {
		why_fail(why, FAULT_REFUSED, "the environment is too long to "
		    "be kept, or too many are");
		return 0;
	}
	n = (size_t)st.st_size;
	h = xcalloc(1, sizeof(*h) + n);
	h->n = n;
	if (pread(fd, h->bytes, n, 0) != st.st_size ||
	    h->bytes[n - 1] != '\0') {
		free(h);
		why_fail(why, FAULT_REFUSED, "the environment is not whole");
		return 0;
	}
	home_add(h, homes_newest + 1);
	return h->number;
}

void
direct_home_put(uint64_t number, const char *bytes, size_t n)
{
	struct home *h;

	direct_home_end(number);
	if (n == 0 || n > HOME_MAX || bytes[n - 1] != '\0' ||
	    homes_count == HOMES_MAX)
		return;
	h = xcalloc(1, sizeof(*h) + n);
	h->n = n;
	h->orphan = true;
	memcpy(h->bytes, bytes, n);
	home_add(h, number);
}

void
direct_home_each(void (*each)(uint64_t number, const char *bytes, size_t n))
{
	struct home *h;

	RB_FOREACH(h, homes, &homes)
		each(h->number, h->bytes, h->n);
}

bool
direct_home_again(uint64_t number)
{
	struct home *h = home_get(number);

	if (h != NULL)
		h->orphan = false;
	return h != NULL;
}

void
direct_home_end(uint64_t number)
{
	struct home *h = home_get(number);

	if (h != NULL)
		home_free(h);
}

void
direct_home_orphan(void)
{
	struct home *h;

	RB_FOREACH(h, homes, &homes)
		h->orphan = true;
}

void
direct_home_drop(void)
{
	struct home *h, *next;

	RB_FOREACH_SAFE(h, homes, &homes, next)
		if (h->orphan)
			home_free(h);
}

/* --- in the child --- */

/* The directory, the umask in octal, then the environment. */
static const char *
home_string(const struct home *h, size_t *at)
{
	const char *s = *at < h->n ? h->bytes + *at : "";

	*at += strlen(s) + 1;
	return s;
}

const char *
home_directory(const struct home *h)
{
	return h != NULL ? h->bytes : "/";
}

int
home_enter(const struct home *h)
{
	mode_t mask = home_own.mask;
	size_t at = 0;

	if (h != NULL) {
		home_string(h, &at);
		if (at < h->n)
			mask = (mode_t)strtoul(home_string(h, &at), NULL, 8) &
			    0777;
	}
	ready_forget();
	umask(mask);
	if (home_own.files.rlim_max > 0)
		setrlimit(RLIMIT_NOFILE, &home_own.files);
	if (home_own.core.rlim_max > 0)
		setrlimit(RLIMIT_CORE, &home_own.core);
	return chdir(home_directory(h));
}

char **
home_environ(const struct home *h)
{
	size_t at = 0, count = 0;
	char **strings;

	if (h == NULL)
		return environ;
	home_string(h, &at);
	home_string(h, &at);
	strings = xcalloc(h->n, sizeof(*strings));
	while (at < h->n)
		strings[count++] = (char *)(uintptr_t)home_string(h, &at);
	return strings;
}
