/*
 * Any build that is to be used.
 */
#include <stddef.h>

#include "keeper/sandbox_internal.h"

static const int no_calls[] = { -1 };
static const char *const no_paths[] = { NULL };

const struct sandbox_build sandbox_build = {
	.calls = no_calls, .readable = no_paths, .writable = no_paths,
};
