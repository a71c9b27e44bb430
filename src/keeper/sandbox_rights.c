/*
 * Capabilities, by the system calls themselves (capget(2)): two calls are no
 * reason for a library.
 */
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/sandbox_internal.h"

void
sandbox_rights(uint64_t keep, bool inherit)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	size_t i;

	if (syscall(SYS_capget, &header, data) == -1)
		return;
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		if (!inherit)
			data[i].inheritable = 0;
	}
	syscall(SYS_capset, &header, data);
}
