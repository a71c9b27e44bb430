/*
 * Metrics as OpenMetrics text 1.0
 * (https://github.com/OpenObservability/OpenMetrics).
 *
 * A metric is a row and takes its samples from plain text: a number; or with
 * `label' lines of "WORD NUMBER", a sample each.  No text is no sample.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdbool.h>

#include "base/buf.h"

enum metric_type {
	METRIC_NONE,            /* it is none */
	METRIC_GAUGE,
	METRIC_COUNTER,
	METRIC_STATESET,        /* the text is the word that holds */
	METRIC_INFO,            /* "KEY VALUE" lines, which become labels */
};

struct metric {
	enum metric_type type;
	const char *name;       /* behind a prefix; its end is the unit */
	const char *unit;       /* "bytes"; NULL: none */
	const char *label;      /* of lines; NULL: one number */
	/* Of a stateset: its words from 0 on, then NULL. */
	const char *(*word)(int i);
};

/* A row and what is before it and said of it; see each below. */
struct metric_family {
	const struct metric *metric;
	const char *prefix;     /* "fifod_session_" */
	const char *help;
	/*
	 * As Prometheus wants it that does not know OpenMetrics, text format
	 * 0.0.4: fewer types, no units, names as those of the samples.
	 */
	bool older;
};

/* The lines that begin a family; its samples must follow, and no others. */
void metric_head(struct buf *b, const struct metric_family *f);
/*
 * The samples that `text' has, which is cut up, with the label
 * session="NAME"; NULL: without one.
 */
void metric_samples(struct buf *b, const struct metric_family *f,
    const char *session, char *text);
/* The last line of all, in OpenMetrics. */
void metric_end(struct buf *b);

#endif
