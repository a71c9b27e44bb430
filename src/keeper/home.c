/*
 * Where programs run, as the engine knows it: by the keeper's number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/ask.h"
#include "keeper/memory.h"
#include "keeper/spawn.h"

/* The keeper has none of that number: a program is refused. */
#define HOME_LOST UINT64_MAX

struct keeper_home {
	size_t holders;
	uint64_t number;
};

static struct keeper_home *
home_new(uint64_t number)
{
	struct keeper_home *h;

	if (number == 0)
		return NULL;
	h = xcalloc(1, sizeof(*h));
	h->holders = 1;
	h->number = number;
	return h;
}

/* It may be longer than a message can be: it goes as a file. */
struct keeper_home *
keeper_home_new(const char *cwd, const char *strings, size_t n,
    struct why *why)
{
	int fd = memory_file("home");
	struct keeper_home *h = NULL;

	if (fd == -1 || memory_write(fd, cwd, strlen(cwd) + 1) == -1 ||
	    memory_write(fd, strings, n) == -1)
		why_fail(why, FAULT_REFUSED, "the environment cannot be "
		    "kept: %s", strerror(errno));
	else
		h = home_new(ask_home_new(fd, why));
	if (fd != -1)
		close(fd);
	return h;
}

struct keeper_home *
keeper_home_again(uint64_t number)
{
	return home_new(number == 0 || ask_home_again(number) ? number :
	    HOME_LOST);
}

uint64_t
keeper_home_number(const struct keeper_home *h)
{
	return h != NULL ? h->number : 0;
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
	if (h == NULL || --h->holders > 0)
		return;
	ask_home_end(h->number);
	free(h);
}
