/*
 * probe: can an endpoint be reached?  fifoctl looks at the words; the probing
 * is done by fifod, which has TLS (fifod --probe), and needs no broker.
 */
#ifndef COMMAND_PROBE_H
#define COMMAND_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/url.h"
#include "base/why.h"
#include "command/command.h"
#include "session/session.h"

#define PROBE_RANGES 32

/* What is to be probed. */
struct probe_target {
	struct url url;
	struct options options;
	const struct transport *transport;
	struct {
		int first, last;
	} ranges[PROBE_RANGES];
	size_t nranges;         /* 0: the URL's port alone */
	int timeout_ms;         /* of one attempt */
	bool json;
};

/* The command's words into a zeroed target; -1 + FAULT_USAGE. */
int probe_parse(struct probe_target *t, const struct command_args *args,
    const char *cwd, struct why *why);
void probe_clear(struct probe_target *t);
/* Is an option of this name there, and set? */
bool probe_has_option(const struct probe_target *t, const char *name);

/* fifod's part: argv[0] is "probe".  The exit status. */
int probing_run(int argc, char **argv);

#endif
