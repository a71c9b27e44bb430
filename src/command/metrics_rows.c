#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/chunk.h"
#include "base/usage.h"
#include "command/broker.h"
#include "command/metrics.h"
#include "keeper/anchor.h"
#include "session/status.h"

static void
metrics_number(int64_t n, char *out)
{
	if (n >= 0)
		snprintf(out, METRICS_TEXT, "%" PRId64, n);
}

static void
metrics_build(char *out)
{
	snprintf(out, METRICS_TEXT, "version %s", PACKAGE_VERSION);
}

static void
metrics_start(char *out)
{
	const struct timespec *began = broker_began();

	snprintf(out, METRICS_TEXT, "%jd.%03d", (intmax_t)began->tv_sec,
	    (int)(began->tv_nsec / 1000000));
}

/* "up 3", a line for each state. */
static void
metrics_sessions(char *out)
{
	unsigned count[SESSION_CLOSED] = { 0 };
	const struct entry *e;
	char line[48];
	int i;

	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		if (e->session->state < SESSION_CLOSED)
			count[e->session->state]++;
	for (i = 0; i < SESSION_CLOSED; i++) {
		snprintf(line, sizeof(line), "%s %u\n",
		    session_state_name((enum session_state)i), count[i]);
		strlcat(out, line, METRICS_TEXT);
	}
}

/* Of all sessions together. */
static uint64_t
metrics_sum(uint64_t (*of)(const struct session *s))
{
	const struct entry *e;
	uint64_t n = 0;

	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		n += of(e->session);
	return n;
}

static void
metrics_links(char *out)
{
	metrics_number((int64_t)metrics_sum(status_links), out);
}

static void
metrics_channels(char *out)
{
	metrics_number((int64_t)metrics_sum(status_channels), out);
}

static void
metrics_anchor(char *out)
{
	metrics_number(anchor_pid() > 0, out);
}

static void
metrics_descriptors(char *out)
{
	metrics_number(usage_descriptors(), out);
}

static void
metrics_descriptors_limit(char *out)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		metrics_number((int64_t)limit.rlim_cur, out);
}

static void
metrics_chunks(char *out)
{
	metrics_number((int64_t)chunk_count(), out);
}

static void
metrics_chunk_bytes(char *out)
{
	metrics_number((int64_t)(chunk_count() * sizeof(struct chunk)), out);
}

static void
metrics_resident(char *out)
{
	metrics_number(usage_resident(), out);
}

static void
metrics_cpu(char *out)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) == -1)
		return;
	timeradd(&used.ru_utime, &used.ru_stime, &used.ru_utime);
	snprintf(out, METRICS_TEXT, "%jd.%06d",
	    (intmax_t)used.ru_utime.tv_sec, (int)used.ru_utime.tv_usec);
}

const struct metrics_row metrics_rows[] = {
	{ { METRIC_INFO, "build" }, metrics_build, "Version of the broker." },
	{ { METRIC_GAUGE, "start_time_seconds", "seconds" }, metrics_start,
	    "When the engine was started, since 1970." },
	{ { METRIC_GAUGE, "sessions", .label = "state" }, metrics_sessions,
	    "Sessions in each state." },
	{ { METRIC_GAUGE, "links" }, metrics_links,
	    "Connections that are up, of all sessions." },
	{ { METRIC_GAUGE, "channels" }, metrics_channels,
	    "Further channels, of all sessions." },
	{ { METRIC_GAUGE, "anchor" }, metrics_anchor,
	    "Whether there is an anchor: without, nothing outlives the "
	    "engine." },
	{ { METRIC_GAUGE, "open_descriptors" }, metrics_descriptors,
	    "Descriptors that are open." },
	{ { METRIC_GAUGE, "max_descriptors" }, metrics_descriptors_limit,
	    "The most descriptors that may be open." },
	{ { METRIC_GAUGE, "chunks" }, metrics_chunks,
	    "Buffers that hold bytes on their way." },
	{ { METRIC_GAUGE, "chunk_memory_bytes", "bytes" },
	    metrics_chunk_bytes, "Memory of these." },
	{ { METRIC_GAUGE, "resident_memory_bytes", "bytes" },
	    metrics_resident, "Memory of the process." },
	{ { METRIC_COUNTER, "cpu_seconds", "seconds" }, metrics_cpu,
	    "Time of the processor that was used." },
};
const size_t metrics_nrows = sizeof(metrics_rows) / sizeof(metrics_rows[0]);
