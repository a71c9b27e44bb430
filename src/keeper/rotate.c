/*
 * Files that grow: their older parts, and the directory they stand in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/direct.h"

int
direct_rotate(const char *path, int keep, const char *what, struct why *why)
{
	char *from, *to;
	int i, error = 0;

	for (i = keep - 1; i >= 0 && error == 0; i--) {
		to = xasprintf("%s.%d", path, i);
		from = i == 0 ? xstrdup(path) : xasprintf("%s.%d", path, i - 1);
		if (rename(from, to) == -1 && (i == 0 || errno != ENOENT))
			error = errno;
		free(from);
		free(to);
	}
	if (error == 0)
		return 0;
	return why_fail(why, FAULT_REFUSED, "%s: %s cannot be renamed: %s",
	    what, path, strerror(error));
}

int
direct_directory(const char *path)
{
	char *copy = xstrdup(path), *slash = strrchr(copy, '/');
	int fd;

	if (slash != NULL)
		slash[slash == copy] = '\0';
	fd = open(slash != NULL ? copy : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	return fd;
}
