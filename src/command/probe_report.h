/*
 * What one attempt of a probe came to, and telling it.
 */
#ifndef COMMAND_PROBE_REPORT_H
#define COMMAND_PROBE_REPORT_H

#include <stdbool.h>

#include "base/why.h"
#include "transport/link.h"

#define PROBE_FACTS 9

struct probe_result {
	char address[512];
	double began_ms, connected_ms, ended_ms;        /* 0: not yet */
	bool open;                      /* there is a listener */
	struct why why;                 /* of a failure */
	char facts[PROBE_FACTS][512];   /* as the rows in probe_report.c */
};

/* Take what is known of the link, which is up or has failed. */
void probe_result_take(struct probe_result *r, const struct link *l,
    const struct why *why);
void probe_report(const struct probe_result *r, bool json);

#endif
