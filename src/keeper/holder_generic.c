#include "keeper/holder.h"

void
holder_find(const struct sockaddr *address, int type, char *out, size_t size)
{
	(void)address;
	(void)type;
	if (size > 0)
		out[0] = '\0';
}
