#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/ready.h"
#include "keeper/store.h"

#define STORE_FIRST 3           /* sd_listen_fds(3) */
#define STORE_MOST 65536

static struct {
	char *names;            /* "NAME:NAME:...", cut into words */
	struct stored {
		const char *name;
		int fd;         /* -1: taken */
	} *at;
	size_t n;
} store;

static long
store_number(const char *key, long most)
{
	const char *value = getenv(key);

	return value == NULL ? 0 : (long)strtonum(value, 0, most, NULL);
}

static void
store_read(size_t n, const char *names)
{
	char *rest, *name;

	store.names = rest = xstrdup(names);
	store.at = xcalloc(n, sizeof(*store.at));
	for (; store.n < n; store.n++) {
		name = strsep(&rest, ":");
		store.at[store.n].name = name != NULL ? name : "";
		store.at[store.n].fd = STORE_FIRST + (int)store.n;
		fcntl(store.at[store.n].fd, F_SETFD, FD_CLOEXEC);
	}
}

bool
store_begin(void)
{
	const char *names = getenv("LISTEN_FDNAMES");
	long n = store_number("LISTEN_FDS", STORE_MOST);

	if (n > 0 && names != NULL &&
	    store_number("LISTEN_PID", INT32_MAX) == getpid())
		store_read((size_t)n, names);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return ready_wanted();
}

int
store_take(const char *name)
{
	struct stored *s;
	size_t i;
	int fd;

	for (i = 0; i < store.n; i++) {
		s = &store.at[i];
		if (s->fd == -1 || strcmp(s->name, name) != 0)
			continue;
		fd = s->fd;
		s->fd = -1;
		return fd;
	}
	return -1;
}

void
store_forget(void)
{
	size_t i;

	for (i = 0; i < store.n; i++) {
		if (store.at[i].fd == -1)
			continue;
		store_drop(store.at[i].name);
		close(store.at[i].fd);
	}
	free(store.at);
	free(store.names);
	memset(&store, 0, sizeof(store));
}

void
store_put(const char *name, int fd)
{
	char state[256];

	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
	ready_tell_with(state, fd);
}

void
store_drop(const char *name)
{
	char state[256];

	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	ready_tell(state);
}
