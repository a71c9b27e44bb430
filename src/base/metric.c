#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/metric.h"
#include "base/words.h"

#define METRIC_VALUE 2048       /* the longest value of a label, by vis(3) */

static void metric_put(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
metric_put(struct buf *b, const char *fmt, ...)
{
	char text[METRIC_VALUE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		buf_append(b, text, strnlen(text, sizeof(text)));
}

/* An escaped string: of what vis(3) leaves, \ and " are left to escape. */
static void
metric_string(struct buf *b, const char *text)
{
	char safe[METRIC_VALUE], *p;

	words_vis(text, safe, sizeof(safe));
	for (p = safe; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			buf_append(b, "\\", 1);
		buf_append(b, p, 1);
	}
}

static const struct {
	const char *type, *older;       /* what it is called */
	const char *suffix;             /* of its samples' names */
} metric_types[] = {
	[METRIC_GAUGE] = { "gauge", "gauge", "" },
	[METRIC_COUNTER] = { "counter", "counter", "_total" },
	[METRIC_STATESET] = { "stateset", "gauge", "" },
	[METRIC_INFO] = { "info", "gauge", "_info" },
};

void
metric_head(struct buf *b, const struct metric_family *f)
{
	const struct metric *m = f->metric;
	const char *suffix = f->older ? metric_types[m->type].suffix : "";

	metric_put(b, "# TYPE %s%s%s %s\n", f->prefix, m->name, suffix,
	    f->older ? metric_types[m->type].older :
	    metric_types[m->type].type);
	if (m->unit != NULL && !f->older)
		metric_put(b, "# UNIT %s%s %s\n", f->prefix, m->name, m->unit);
	metric_put(b, "# HELP %s%s%s ", f->prefix, m->name, suffix);
	metric_string(b, f->help);
	metric_put(b, "\n");
}

/* Another label; the first one opens the braces. */
static void
metric_label(struct buf *b, bool *any, const char *key, const char *value)
{
	metric_put(b, "%s%s=\"", *any ? "," : "{", key);
	metric_string(b, value);
	metric_put(b, "\"");
	*any = true;
}

/* The name of a sample and the session's label: true, the braces are open. */
static bool
metric_begin(struct buf *b, const struct metric_family *f,
    const char *session)
{
	bool any = false;

	metric_put(b, "%s%s%s", f->prefix, f->metric->name,
	    metric_types[f->metric->type].suffix);
	if (session != NULL)
		metric_label(b, &any, "session", session);
	return any;
}

static void
metric_value(struct buf *b, bool open, const char *value)
{
	metric_put(b, "%s %s\n", open ? "}" : "", value);
}

static void
metric_words(struct buf *b, const struct metric_family *f,
    const char *session, const char *text)
{
	char name[64];
	const char *word;
	bool any;
	int i;

	/* The label of a stateset is its own name. */
	snprintf(name, sizeof(name), "%s%s", f->prefix, f->metric->name);
	for (i = 0; (word = f->metric->word(i)) != NULL; i++) {
		any = metric_begin(b, f, session);
		metric_label(b, &any, name, word);
		metric_value(b, any, strcmp(word, text) == 0 ? "1" : "0");
	}
}

/* "WORD REST" of the next line; the word alone has an empty rest. */
static char *
metric_line(char **text, char **rest)
{
	char *line = strsep(text, "\n");

	if (line == NULL || *line == '\0')
		return NULL;
	*rest = strchr(line, ' ');
	if (*rest != NULL)
		*(*rest)++ = '\0';
	else
		*rest = line + strlen(line);
	return line;
}

static void
metric_info(struct buf *b, const struct metric_family *f,
    const char *session, char *text)
{
	bool any = metric_begin(b, f, session);
	char *key, *value;

	while ((key = metric_line(&text, &value)) != NULL)
		metric_label(b, &any, key, value);
	metric_value(b, any, "1");
}

static void
metric_lines(struct buf *b, const struct metric_family *f,
    const char *session, char *text)
{
	char *word, *number;
	bool any;

	while ((word = metric_line(&text, &number)) != NULL) {
		any = metric_begin(b, f, session);
		metric_label(b, &any, f->metric->label, word);
		metric_value(b, any, number);
	}
}

void
metric_samples(struct buf *b, const struct metric_family *f,
    const char *session, char *text)
{
	bool any;

	if (*text == '\0')
		return;
	if (f->metric->type == METRIC_STATESET) {
		metric_words(b, f, session, text);
	} else if (f->metric->type == METRIC_INFO) {
		metric_info(b, f, session, text);
	} else if (f->metric->label != NULL) {
		metric_lines(b, f, session, text);
	} else {
		any = metric_begin(b, f, session);
		metric_value(b, any, text);
	}
}

void
metric_end(struct buf *b)
{
	metric_put(b, "# EOF\n");
}
