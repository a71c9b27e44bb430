/*
 * metrics: numbers for a monitor, as OpenMetrics text; a piece at a time, for
 * there may be many sessions.  All samples of a metric stand together, so the
 * rows are gone through, and for each the sessions.
 */
#include <string.h>

#include "base/xalloc.h"
#include "command/call.h"
#include "command/metrics.h"
#include "session/status.h"

#define METRICS_PIECE 16384     /* bytes, and what one more session has */
#define METRICS_NAME 72         /* room for the longest name */

enum { METRICS_PROMETHEUS = 256 };

struct metrics {
	bool older;             /* see base/metric.h */
	size_t row;             /* of metrics_rows, then of the two others */
	bool begun;
	char after[METRICS_NAME];       /* the last session of this row */
	struct buf text;
};

/* The row of a session's facts that is under way; NULL: that was all. */
static const struct status_row *
metrics_session_row(const struct metrics *m)
{
	size_t i = m->row - metrics_nrows;

	if (i < status_nrows)
		return &status_rows[i];
	i -= status_nrows;
	return i < status_nmetrics ? &status_metrics[i] : NULL;
}

static void
metrics_next(struct metrics *m)
{
	m->row++;
	m->begun = false;
	m->after[0] = '\0';
}

static void
metrics_broker_step(struct metrics *m)
{
	const struct metrics_row *row = &metrics_rows[m->row];
	const struct metric_family family = { &row->metric, METRICS_PREFIX,
		row->text, m->older };
	char text[METRICS_TEXT] = "";

	row->value(text);
	metric_head(&m->text, &family);
	metric_samples(&m->text, &family, NULL, text);
	metrics_next(m);
}

static void
metrics_session_step(struct metrics *m, const struct status_row *row)
{
	const struct metric_family family = { &row->metric,
		METRICS_SESSION_PREFIX, row->text, m->older };
	struct entry *e = broker_after(m->after);
	char text[METRICS_TEXT] = "";

	if (!m->begun)
		metric_head(&m->text, &family);
	m->begun = true;
	if (e == NULL) {
		metrics_next(m);
		return;
	}
	strlcpy(m->after, e->name, sizeof(m->after));
	row->fact(e->session, text);
	metric_samples(&m->text, &family, e->name, text);
}

/* False: that was all. */
static bool
metrics_step(struct metrics *m)
{
	const struct status_row *row;

	if (m->row < metrics_nrows) {
		metrics_broker_step(m);
		return true;
	}
	row = metrics_session_row(m);
	if (row == NULL) {
		if (!m->older)
			metric_end(&m->text);
		return false;
	}
	if (row->metric.type == METRIC_NONE)
		metrics_next(m);
	else
		metrics_session_step(m, row);
	return true;
}

static void
metrics_more(struct call *c)
{
	struct metrics *m = c->state;
	bool more = true;

	while (more && buf_length(&m->text) < METRICS_PIECE)
		more = metrics_step(m);
	call_send_frame(c, FRAME_OUTPUT, buf_peek(&m->text),
	    buf_length(&m->text));
	buf_drain(&m->text, buf_length(&m->text));
	if (!more)
		call_finish(c, FAULT_NONE);
}

static void
metrics_clear(struct call *c)
{
	struct metrics *m = c->state;

	buf_clear(&m->text);
}

static void
metrics_run(struct call *c)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	buf_init(&m->text, 0);
	m->older = command_value(&c->args, METRICS_PROMETHEUS) != NULL;
	c->state = m;
	c->clear = metrics_clear;
	call_stream(c, metrics_more);
}

static const struct command_option metrics_options[] = {
	{ METRICS_PROMETHEUS, "prometheus", NULL, "Print them in the older "
	    "text format of Prometheus, which its textfile collector reads." },
	{ 0 }
};

const struct command command_metrics = {
	.name = "metrics",
	.usage = "",
	.text = "Print numbers about the broker and each session, as "
		"OpenMetrics text.",
	.options = metrics_options,
	.run = metrics_run,
};
