/*
 * What is measured of a session and is no fact of `status'.
 */
#include <stdio.h>
#include <string.h>

#include "session/status.h"

static void
metric_info_line(char *out, const char *key, const char *value)
{
	char line[384], *p;

	snprintf(line, sizeof(line), "%s %s", key, value);
	for (p = line; (p = strchr(p, '\n')) != NULL;)
		*p = '?';
	strlcat(line, "\n", sizeof(line));
	strlcat(out, line, STATUS_FACT);
}

/* A command may hold what is not for everybody who sees the numbers. */
static void
metric_info(struct session *s, char *out)
{
	bool runs = s->transport->flags & TRANSPORT_RUNS;
	char tls[96] = "", verified[32] = "";

	status_link(s, LINK_TLS, tls, sizeof(tls));
	status_link(s, LINK_VERIFIED, verified, sizeof(verified));
	metric_info_line(out, "endpoint", runs ? s->url.scheme : s->url.text);
	metric_info_line(out, "framing", s->options.session.framing);
	metric_info_line(out, "tls", tls);
	metric_info_line(out, "verified", verified);
}

static void
metric_state_seconds(struct session *s, char *out)
{
	snprintf(out, STATUS_FACT, "%.3f",
	    (double)(loop_now_ms() - s->since_ms) / 1e3);
}

static void
metric_up_in(struct session *s, char *out)
{
	if (s->up_in_us > 0)
		snprintf(out, STATUS_FACT, "%.6f", (double)s->up_in_us / 1e6);
}

static void
metric_expires(struct session *s, char *out)
{
	status_link(s, LINK_EXPIRES, out, STATUS_FACT);
}

const struct status_row status_metrics[] = {
	{ "", metric_info, "What it connects to, its framing, TLS and whether "
	    "the certificate was verified.",
	    .metric = { METRIC_INFO, "endpoint" } },
	{ "", metric_state_seconds, "How long it has been in its state.",
	    .metric = { METRIC_GAUGE, "state_seconds", "seconds" } },
	{ "", metric_up_in, "How long it took to make the newest connection.",
	    .metric = { METRIC_GAUGE, "up_in_seconds", "seconds" } },
	{ "", metric_expires, "When the peer's certificate ends to be valid, "
	    "since 1970.", .metric = { METRIC_GAUGE,
	    "certificate_expiry_timestamp_seconds", "seconds" } },
};
const size_t status_nmetrics =
    sizeof(status_metrics) / sizeof(status_metrics[0]);
