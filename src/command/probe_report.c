#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "command/probe_report.h"

/* What is known of a link that is up, or whose certificate was refused. */
static const struct fact_row {
	enum link_fact fact;
	const char *key;
} fact_rows[PROBE_FACTS] = {
	{ LINK_TLS, "tls" },
	{ LINK_ALPN, "alpn" },
	{ LINK_SUBJECT, "subject" },
	{ LINK_NAMES, "names" },
	{ LINK_ISSUER, "issuer" },
	{ LINK_BEGINS, "valid-from" },
	{ LINK_ENDS, "valid-until" },
	{ LINK_DAYS, "days-left" },
	{ LINK_VERIFIED, "verified" },
};

/* What a failure to connect means, by its words; the last row is any other. */
static const struct outcome_row {
	enum fault fault;               /* NONE: any */
	const char *words;
	const char *name, *text;
} outcome_rows[] = {
	/* Of a proxy: what it says of the host is not what we have seen. */
	{ FAULT_CONNECT, "proxy ", "failed", "" },
	{ FAULT_TIMEOUT, "", "filtered",
	    "no answer: a firewall drops it, or the host is down" },
	{ FAULT_NONE, "timed out", "filtered",
	    "no answer: a firewall drops it, or the host is down" },
	{ FAULT_NONE, "stopped answering", "filtered",
	    "no answer: a firewall drops it, or the host is down" },
	{ FAULT_NONE, "refused", "refused",
	    "nothing listens there, its system says so" },
	{ FAULT_NONE, "unreachable", "unreachable", "there is no way to it" },
	{ FAULT_NONE, "No route to host", "unreachable",
	    "the host does not answer, or a firewall says so" },
	{ FAULT_NONE, "not permitted", "forbidden",
	    "a firewall here does not let it out" },
	{ FAULT_NONE, "Permission denied", "forbidden",
	    "it is not ours to connect to" },
	{ FAULT_NONE, "no such socket", "absent", "" },
	{ FAULT_NONE, "", "failed", "" },
};

static const struct outcome_row *
outcome_of(const struct why *why)
{
	const struct outcome_row *row = outcome_rows;

	while ((row->fault != FAULT_NONE && row->fault != why->fault) ||
	    strcasestr(why->text, row->words) == NULL)
		row++;
	return row;
}

void
probe_result_take(struct probe_result *r, const struct link *l,
    const struct why *why)
{
	size_t i;

	r->why = *why;
	/* What is below a layer is up, or it would have no descriptor. */
	r->open = why->fault == FAULT_NONE || (l->below != NULL && l->fd != -1);
	if (r->connected_ms == 0)
		r->connected_ms = r->ended_ms;
	for (i = 0; i < PROBE_FACTS; i++)
		link_fact(l, fact_rows[i].fact, r->facts[i],
		    sizeof(r->facts[i]));
}

/* The reason, without the address that stands before it anyway. */
static const char *
report_why(const struct probe_result *r)
{
	size_t n = strlen(r->address);

	if (strncmp(r->why.text, r->address, n) == 0 &&
	    strncmp(r->why.text + n, ": ", 2) == 0)
		return r->why.text + n + 2;
	return r->why.text;
}

/* One key and value of a result. */
typedef void report_emit(const char *key, const char *value, bool *any);

static void
report_text(const char *key, const char *value, bool *any)
{
	char safe[2048];

	(void)any;
	printf("    %-12s %s\n", key, words_vis(value, safe, sizeof(safe)));
}

static void
report_json(const char *key, const char *value, bool *any)
{
	char *name = words_json(key), *text = words_json(value);

	printf("%s%s: %s", *any ? ", " : "", name, text);
	*any = true;
	free(name);
	free(text);
}

static void
report_facts(const struct probe_result *r, report_emit *emit, bool *any)
{
	bool tls = r->facts[0][0] != '\0';
	char text[32];
	size_t i;

	for (i = 0; i < PROBE_FACTS; i++)
		if (r->facts[i][0] != '\0')
			emit(fact_rows[i].key, r->facts[i], any);
	if (tls && r->why.fault == FAULT_NONE) {
		snprintf(text, sizeof(text), "%.1f ms",
		    r->ended_ms - r->connected_ms);
		emit("handshake", text, any);
	}
	if (r->open && r->why.fault == FAULT_CERTIFICATE)
		emit("verified", "no", any);
	if (r->open && r->why.fault != FAULT_NONE)
		emit("error", report_why(r), any);
}

static void
report_object(const struct probe_result *r)
{
	const struct outcome_row *row = outcome_of(&r->why);
	char number[32];
	bool any = false;

	printf("{");
	report_json("address", r->address, &any);
	report_json("result", r->open ? "open" : row->name, &any);
	snprintf(number, sizeof(number), "%.3f", r->connected_ms - r->began_ms);
	report_json("ms", number, &any);
	report_facts(r, report_json, &any);
	if (!r->open)
		report_json("error", report_why(r), &any);
	snprintf(number, sizeof(number), "%d", r->why.fault);
	report_json("status", number, &any);
	printf("}\n");
}

void
probe_report(const struct probe_result *r, bool json)
{
	const struct outcome_row *row = outcome_of(&r->why);
	char safe[2048];
	bool any = false;

	if (json) {
		report_object(r);
		return;
	}
	printf("%s  %s", words_vis(r->address, safe, sizeof(safe)),
	    r->open ? "open" : row->name);
	if (r->open || r->why.fault != FAULT_TIMEOUT)
		printf("  %.1f ms", r->connected_ms - r->began_ms);
	if (!r->open)
		printf("  %s%s%s", row->text, row->text[0] != '\0' ? ": " : "",
		    words_vis(report_why(r), safe, sizeof(safe)));
	printf("\n");
	report_facts(r, report_text, &any);
}
