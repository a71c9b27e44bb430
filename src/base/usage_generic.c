/*
 * Elsewhere: nothing is known.
 */
#include "base/usage.h"

void
usage_init(void)
{
}

void
usage_end(void)
{
}

int64_t
usage_resident(void)
{
	return -1;
}

int64_t
usage_descriptors(void)
{
	return -1;
}
