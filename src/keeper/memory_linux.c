#include <sys/mman.h>
#include <unistd.h>

#include "keeper/memory.h"

int
memory_file(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}
