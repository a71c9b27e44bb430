#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/memory.h"

int
memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	/* There may be secrets in it, and it is born 0777. */
	if (fd != -1)
		fchmod(fd, 0600);
	return fd;
}
