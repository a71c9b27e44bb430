#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "command/command.h"
#include "command/limit.h"
#include "command/metrics.h"
#include "framing/framing.h"
#include "keeper/request.h"
#include "main/tables.h"
#include "session/ctl.h"
#include "session/session.h"
#include "session/status.h"
#include "transport/prelude.h"
#include "transport/transport.h"
#include "transport/via.h"

#define MDOC_WIDTH 76

/* One word of running text; a control character at its start is hidden. */
static int
mdoc_word(const char *word, size_t length, bool first)
{
	int column = 0;
	size_t i;

	if (first && strchr(".'", word[0]) != NULL)
		column += printf("\\&");
	for (i = 0; i < length; i++)
		column += word[i] == '\\' ? printf("\\e") :
		    printf("%c", word[i]);
	return column;
}

/* Running text: lines that are not too long, each sentence on a new one. */
static void
mdoc_text(const char *text)
{
	int column = 0;
	size_t n;
	bool end = false;

	while (*text != '\0') {
		n = strcspn(text, " ");
		if (column > 0 && (end || column + (int)n > MDOC_WIDTH)) {
			printf("\n");
			column = 0;
		}
		if (column > 0)
			column += printf(" ");
		column += mdoc_word(text, n, column == 0);
		end = strchr(".!?", text[n - 1]) != NULL;
		text += n;
		text += strspn(text, " ");
	}
	printf("\n");
}

/* "KEY=VALUE" in a line of macros. */
static void
mdoc_argument(const char *argument)
{
	size_t n = strcspn(argument, "=");

	printf(" Ar %.*s", (int)n, argument);
	if (argument[n] == '=')
		printf(" Ns = Ns Ar %s", argument + n + 1);
}

/* One word of a usage: "NAME", "[KEY]", "[COMMAND", "|", "options". */
static void
mdoc_operand(const char *word, size_t length)
{
	char text[64];
	bool opens = word[0] == '[', closes = word[length - 1] == ']';

	snprintf(text, sizeof(text), "%.*s",
	    (int)(length - (size_t)opens - (size_t)closes), word + opens);
	if (opens)
		printf(" Oo");
	if (isupper((unsigned char)text[0]))
		mdoc_argument(text);
	else if (strcmp(text, "|") == 0)
		printf(" |");
	else
		printf(" Cm %s", text);
	if (closes)
		printf(" Oc");
}

static void
mdoc_operands(const char *usage)
{
	size_t n;

	while (*usage != '\0') {
		n = strcspn(usage, " ");
		mdoc_operand(usage, n);
		usage += n;
		usage += strspn(usage, " ");
	}
}

static void
mdoc_short(const struct command_option *o)
{
	printf(" Fl %c", o->code);
	if (o->argument != NULL)
		mdoc_argument(o->argument);
}

static void
mdoc_long(const struct command_option *o)
{
	printf(" Fl -%s", o->name);
	if (o->argument != NULL) {
		printf(" Ns = Ns");
		mdoc_argument(o->argument);
	}
}

static void
mdoc_command(const struct command *c)
{
	const struct command_option *o;

	printf(".It Cm %s", c->name);
	mdoc_operands(c->usage);
	for (o = c->options; o != NULL && o->name != NULL; o++) {
		printf(" Oo");
		(o->code < 256 ? mdoc_short : mdoc_long)(o);
		printf(" Oc");
	}
	printf("\n");
	mdoc_text(c->text);
	if (c->options == NULL)
		return;
	printf(".Bl -tag -width Ds\n");
	for (o = c->options; o->name != NULL; o++) {
		printf(".It");
		if (o->code < 256) {
			mdoc_short(o);
			printf(" ,");
		}
		mdoc_long(o);
		printf("\n");
		mdoc_text(o->text);
	}
	printf(".El\n");
}

void
tables_mdoc_commands(void)
{
	const struct command *const *c;

	printf(".Bl -tag -width Ds\n");
	for (c = command_table; *c != NULL; c++)
		mdoc_command(*c);
	printf(".El\n");
}

static void
mdoc_option(const struct option_row *row)
{
	const char *value = row->value != NULL ? row->value : "";
	char range[256], text[512];

	printf(".It Cm %s Ns = Ns Ar %s\n", row->name,
	    row->type == OPTION_PATH ? "path" : "value");
	option_range(row, range, sizeof(range));
	snprintf(text, sizeof(text), "%s%s%s%s%s.", range,
	    *range != '\0' ? "; " : "",
	    *value != '\0' ? "default " : "not set by default", value,
	    row->live ? "; live" : "");
	mdoc_text(text);
	printf(".br\n");
	mdoc_text(row->text);
}

void
tables_mdoc_options(void)
{
	const struct option_group *g;
	size_t i;

	for (g = option_groups; g->title != NULL; g++) {
		printf(".Ss Options: %s\n.Bl -tag -width Ds\n", g->title);
		for (i = 0; i < g->nrows; i++)
			mdoc_option(&g->rows[i]);
		printf(".El\n");
	}
}

void
tables_mdoc_endpoints(void)
{
	const struct transport *const *t;
	const struct imply_row *row;

	printf(".Bl -tag -width Ds\n");
	for (t = transport_table; *t != NULL; t++) {
		printf(".It Sy %s\n", (*t)->usage);
		mdoc_text((*t)->text);
	}
	for (row = imply_rows; row->scheme != NULL; row++) {
		printf(".It Sy %s\n", row->usage);
		mdoc_text(row->text);
	}
	printf(".El\n");
}

void
tables_mdoc_proxies(void)
{
	size_t i;

	printf(".Bl -tag -width Ds\n");
	for (i = 0; via_kinds[i] != NULL; i++) {
		printf(".It Sy %s\n", via_kinds[i]->usage);
		mdoc_text(via_kinds[i]->text);
	}
	printf(".El\n");
}

void
tables_mdoc_starttls(void)
{
	size_t i;

	printf(".Bl -tag -width postgres -compact\n");
	for (i = 1; i < prelude_nstarttls; i++) {
		printf(".It Cm %s\n", prelude_starttls[i]->name);
		mdoc_text(prelude_starttls[i]->text);
	}
	printf(".El\n");
}

void
tables_mdoc_framings(void)
{
	const struct framing *const *f;

	printf(".Bl -tag -width Ds\n");
	for (f = framing_table; *f != NULL; f++) {
		printf(".It Cm %s\n", (*f)->usage);
		mdoc_text((*f)->text);
	}
	printf(".El\n");
}

void
tables_mdoc_facts(void)
{
	size_t i;

	printf(".Bl -tag -width alpn-chosen\n");
	for (i = 0; i < status_nrows; i++) {
		printf(".It Cm %s\n", status_rows[i].key);
		mdoc_text(status_rows[i].text);
	}
	printf(".El\n");
}

/* A row that is a metric: its name as that of its samples. */
static void
mdoc_metric(const char *prefix, const struct metric *m, const char *text)
{
	if (m->type == METRIC_NONE)
		return;
	printf(".It Cm %s%s%s\n", prefix, m->name,
	    m->type == METRIC_COUNTER ? "_total" :
	    m->type == METRIC_INFO ? "_info" : "");
	mdoc_text(text);
	if (m->label != NULL)
		printf("Label\n.Cm %s .\n", m->label);
}

void
tables_mdoc_metrics(void)
{
	size_t i;

	printf(".Bl -tag -width Ds\n");
	for (i = 0; i < metrics_nrows; i++)
		mdoc_metric(METRICS_PREFIX, &metrics_rows[i].metric,
		    metrics_rows[i].text);
	for (i = 0; i < status_nrows; i++)
		mdoc_metric(METRICS_SESSION_PREFIX, &status_rows[i].metric,
		    status_rows[i].text);
	for (i = 0; i < status_nmetrics; i++)
		mdoc_metric(METRICS_SESSION_PREFIX, &status_metrics[i].metric,
		    status_metrics[i].text);
	printf(".El\n");
}

void
tables_mdoc_ctl(void)
{
	const struct ctl_row *row;

	printf(".Bl -tag -width Ds\n");
	for (row = ctl_rows; row->name != NULL; row++) {
		printf(".It Cm %s", row->name);
		mdoc_operands(row->usage + strcspn(row->usage, " ") +
		    strspn(row->usage + strcspn(row->usage, " "), " "));
		printf("\n");
		mdoc_text(row->text);
	}
	printf(".El\n");
}

void
tables_mdoc_limit_options(void)
{
	size_t i;

	printf(".Bl -tag -width Ds\n");
	for (i = 0; i < limit_groups->nrows; i++)
		mdoc_option(&limit_groups->rows[i]);
	printf(".El\n");
}

void
tables_mdoc_limits(void)
{
	const struct limit_row *r;

	printf(".Bl -tag -width Ds\n");
	for (r = limit_rows; r < limit_rows + limit_nrows; r++) {
		printf(".It \\&%s: %s\n", r->of, r->most);
		mdoc_text(r->then);
	}
	printf(".El\n");
}

void
tables_mdoc_exit(void)
{
	size_t i;

	printf(".Bl -tag -width 130\n");
	for (i = 0; i < fault_nrows; i++) {
		printf(".It %d\n", fault_rows[i].fault);
		mdoc_text(fault_rows[i].text);
	}
	printf(".El\n");
}

/* What the engine may ask, and when. */
void
tables_mdoc_questions(void)
{
	int i;

	printf(".Bl -tag -width symlink-remove\n");
	for (i = 0; i < NREQUESTS; i++) {
		printf(".It Cm %s\n", request_name(i));
		if (request_texts[i] != NULL)
			mdoc_text(request_texts[i]);
		printf("(%s)\n", request_when(i));
	}
	printf(".El\n");
}
