#include <stddef.h>

#include "base/chunk.h"
#include "base/xalloc.h"
#include "command/limit.h"

#define LIMIT_ROW(field) .offset = offsetof(struct limits, field)

static const struct option_row limit_option_rows[] = {
	{ .name = "sessions",
	    .type = OPTION_INT,
	    LIMIT_ROW(sessions),
	    .min = 1,
	    .max = 1000000,
	    .value = "65536",
	    .live = true,
	    .text = "The most sessions; peers of accept=each are not counted."
	},
	{ .name = "clients",
	    .type = OPTION_INT,
	    LIMIT_ROW(clients),
	    .min = 8,
	    .max = 1000000,
	    .value = "1000",
	    .live = true,
	    .text = "The most fifoctl commands that are served at a time." },
	{ .name = "buffers",
	    .type = OPTION_SIZE,
	    LIMIT_ROW(buffers),
	    .min = 0,
	    .max = (int64_t)1 << 40,
	    .value = "1G",
	    .live = true,
	    .text = "The most memory for bytes on their way through all "
		    "sessions; 0: as much as there is." },
};

const struct option_group limit_groups[] = {
	{ .title = "limits", .rows = limit_option_rows,
	    .nrows = sizeof(limit_option_rows) / sizeof(limit_option_rows[0]),
	    .offset = 0 },
	{ .title = NULL },
};

struct limits limits = { .sessions = 65536, .clients = 1000 };

/* What the command line said. */
static char **limits_given;
static size_t limits_ngiven;

void
limits_init(struct limits *l)
{
	*l = (struct limits){ 0 };
	option_init(limit_groups, l);
}

int
limits_assign(struct limits *l, const char *assignment, struct why *why)
{
	return option_assign(limit_groups, l, assignment, NULL, why);
}

int
limits_give(const char *assignment, struct why *why)
{
	struct limits l;

	limits_init(&l);
	if (limits_assign(&l, assignment, why) == -1)
		return -1;
	limits_given = xreallocarray(limits_given, limits_ngiven + 1,
	    sizeof(*limits_given));
	limits_given[limits_ngiven++] = xstrdup(assignment);
	return 0;
}

void
limits_apply(const struct limits *l)
{
	size_t i;

	limits = *l;
	for (i = 0; i < limits_ngiven; i++)
		limits_assign(&limits, limits_given[i], NULL);
	chunk_limit(limits.buffers);
}
