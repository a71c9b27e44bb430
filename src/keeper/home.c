/*
 * Where children run: a directory, an environment, a umask.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/home.h"

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

static size_t
home_count(const char *strings, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += strings[i] == '\0';
	return count;
}

/* All in one allocation: the struct, the pointers, the bytes. */
struct keeper_home *
keeper_home_new(const char *cwd, const char *strings, size_t n)
{
	size_t count = home_count(strings, n), length = strlen(cwd) + 1, i;
	size_t pointers = (count + 1) * sizeof(char *);
	struct keeper_home *h;
	char *at;

	h = xcalloc(1, sizeof(*h) + pointers + length + n);
	h->holders = 1;
	h->mask = home_own.mask;
	h->environ = (char **)(h + 1);
	h->cwd = (char *)(h + 1) + pointers;
	memcpy(h->cwd, cwd, length);
	at = h->cwd + length;
	memcpy(at, strings, n);
	for (i = 0; i < count; i++, at += strlen(at) + 1) {
		if (i == 0)
			h->mask = (mode_t)strtoul(at, NULL, 8) & 0777;
		else
			h->environ[i - 1] = at;
	}
	return h;
}

struct keeper_home *
keeper_home_hold(struct keeper_home *h)
{
	if (h != NULL)
		h->holders++;
	return h;
}

void
keeper_home_release(struct keeper_home *h)
{
	if (h != NULL && --h->holders == 0)
		free(h);
}

int
home_enter(const struct keeper_home *h)
{
	umask(h != NULL ? h->mask : home_own.mask);
	if (home_own.files.rlim_max > 0)
		setrlimit(RLIMIT_NOFILE, &home_own.files);
	if (home_own.core.rlim_max > 0)
		setrlimit(RLIMIT_CORE, &home_own.core);
	return chdir(h != NULL ? h->cwd : "/");
}

char *const *
home_environ(const struct keeper_home *h)
{
	return h != NULL ? h->environ : environ;
}
