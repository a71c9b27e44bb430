/*
 * Limits: what the broker bounds for all sessions together, which fifod -l and
 * the configuration file set; and the rows of every bound there is, for help
 * and the manual.
 */
#ifndef COMMAND_LIMIT_H
#define COMMAND_LIMIT_H

#include <stddef.h>

#include "base/option.h"

struct limits {
	int sessions;
	int clients;            /* of the control socket */
	size_t buffers;         /* bytes that wait in chunks; 0: any */
};

/* Those in force. */
extern struct limits limits;
/* Their rows, one group. */
extern const struct option_group limit_groups[];

/* The defaults, into l. */
void limits_init(struct limits *l);
/* "KEY=VALUE" of a file into l; 0, or -1 + why as option_assign(). */
int limits_assign(struct limits *l, const char *assignment, struct why *why);
/* The same of the command line: remembered, and stronger than a file's. */
int limits_give(const char *assignment, struct why *why);
/* Be in force from now on, but for what the command line said. */
void limits_apply(const struct limits *l);

/* Every bound: of what, how much, and what happens at it. */
struct limit_row {
	const char *of, *most, *then;
};
extern const struct limit_row limit_rows[];
extern const size_t limit_nrows;

#endif
