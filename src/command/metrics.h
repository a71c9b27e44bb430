/*
 * What `metrics' tells of the broker; of sessions see session/status.h.
 */
#ifndef COMMAND_METRICS_H
#define COMMAND_METRICS_H

#include <stddef.h>

#include "base/metric.h"

#define METRICS_PREFIX "fifod_"
#define METRICS_SESSION_PREFIX "fifod_session_"
#define METRICS_TEXT 512        /* of a value */

/* One metric: its value as text into out, see base/metric.h. */
struct metrics_row {
	struct metric metric;
	void (*value)(char *out);
	const char *text;       /* one sentence */
};
extern const struct metrics_row metrics_rows[];
extern const size_t metrics_nrows;

#endif
