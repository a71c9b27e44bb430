/*
 * By proc(5), from two descriptors that are held: a confined process may open
 * neither file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/usage.h"

static int usage_memory_fd = -1;
static DIR *usage_files;

void
usage_init(void)
{
	usage_memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	usage_files = opendir("/proc/self/fd");
}

void
usage_end(void)
{
	if (usage_memory_fd != -1)
		close(usage_memory_fd);
	usage_memory_fd = -1;
	if (usage_files != NULL)
		closedir(usage_files);
	usage_files = NULL;
}

int64_t
usage_resident(void)
{
	char text[128];
	long long size, resident;
	ssize_t n;

	if (usage_memory_fd == -1)
		return -1;
	n = pread(usage_memory_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%lld %lld", &size, &resident) != 2)
		return -1;
	return resident * sysconf(_SC_PAGESIZE);
}

int64_t
usage_descriptors(void)
{
	struct dirent *d;
	int64_t n = 0;

	if (usage_files == NULL)
		return -1;
	rewinddir(usage_files);
	while ((d = readdir(usage_files)) != NULL)
		n += d->d_name[0] != '.';
	return n;
}
