/*
 * Tables of /proc/net, whose names are other users': the first byte picks an
 * address, the next is the length of what it has of a name, and the rest is the
 * table.  Nobody is said to hold an address whose row is not there.
 */
#include <dirent.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "fuzz.h"
#include "keeper/holder.h"

#define PORT 8080
#define ROW_MOST 512            /* of which holder_linux.c reads the beginning */

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);

static const uint8_t *table;
static size_t table_size;
static bool found;

/* Other files are libFuzzer's. */
FILE *
__wrap_fopen(const char *path, const char *mode)
{
	static const char net[] = "/proc/thread-self/net/";

	if (strncmp(path, net, strlen(net)) != 0)
		return __real_fopen(path, mode);
	return table_size == 0 ? NULL :
	    fmemopen((void *)(uintptr_t)table, table_size, "r");
}

/* Who it is would be looked for now. */
DIR *
__wrap_opendir(const char *path)
{
	if (strcmp(path, "/proc") != 0)
		return __real_opendir(path);
	found = true;
	return NULL;
}

/* Does a row end so? */
static bool
has_row(const char *end)
{
	size_t n = strlen(end);
	FILE *f = __wrap_fopen("/proc/thread-self/net/", "r");
	char row[ROW_MOST];
	bool has = false;

	while (f != NULL && !has && fgets(row, sizeof(row), f) != NULL)
		has = strlen(row) > n &&
		    strcmp(row + strlen(row) - n, end) == 0;
	if (f != NULL)
		fclose(f);
	return has;
}

static void
try_inet(int family, int type)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(PORT) };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(PORT) };
	char out[96];

	holder_find(family == AF_INET6 ? (struct sockaddr *)&in6 :
	    (struct sockaddr *)&in, type, out, sizeof(out));
	must(out[0] == '\0');
	must(!found || memmem(table, table_size, "1F90", 4) != NULL ||
	    memmem(table, table_size, "1f90", 4) != NULL);
}

/* Before its name an abstract one has a NUL, and an @ in the table. */
static void
try_unix(const char *name, bool abstract, int type)
{
	struct sockaddr_storage storage = { .ss_family = AF_UNIX };
	struct sockaddr_un *un = (struct sockaddr_un *)&storage;
	char out[96], *end;

	if (*name == '\0' || strchr(name, '\n') != NULL)
		return;
	snprintf(un->sun_path + abstract, sizeof(un->sun_path) - abstract,
	    "%s", name);
	holder_find((struct sockaddr *)un, type, out, sizeof(out));
	end = xasprintf("%s%s\n", abstract ? "@" : "",
	    un->sun_path + abstract);
	must(out[0] == '\0' && (!found || has_row(end)));
	free(end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int type = size > 0 && data[0] & 1 ? SOCK_DGRAM : SOCK_STREAM;
	size_t n;
	char *name;

	if (size < 2)
		return 0;
	n = data[1] < size - 2 ? data[1] : size - 2;
	name = fuzz_text(data + 2, n);
	table = data + 2 + n;
	table_size = size - 2 - n;
	found = false;
	if (data[0] & 2)
		try_unix(name, (data[0] & 4) != 0, type);
	else
		try_inet(data[0] & 4 ? AF_INET6 : AF_INET, type);
	free(name);
	return 0;
}
