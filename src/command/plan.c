#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "command/plan.h"
#include "transport/transport.h"

static int
plan_alias(struct plan *p, const char *path, const char *cwd, struct why *why)
{
	if (path[0] == '\0')
		return why_fail(why, FAULT_USAGE, "-d: an empty path");
	if (path[0] != '/' && cwd == NULL)
		return why_fail(why, FAULT_USAGE,
		    "-d: the path must be absolute here");
	p->alias = words_absolute(cwd, path);
	words_tidy(p->alias);
	return 0;
}

/* The endpoint; a path in it is the caller's. */
static int
plan_endpoint(struct plan *p, const char *text, const char *cwd,
    struct why *why)
{
	const struct transport *t;
	char *absolute, *path;
	int parsed;

	if (url_parse(&p->url, text, why) == -1)
		return -1;
	t = transport_find(p->url.scheme, NULL);
	if (t == NULL || !(t->flags & TRANSPORT_PATH) || p->url.host != NULL ||
	    strchr("/@", p->url.rest[0]) != NULL)
		return 0;
	if (cwd == NULL)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": the path must be "
		    "absolute here", text);
	path = words_absolute(cwd, p->url.rest);
	words_tidy(path);
	absolute = xasprintf("%s:%s", p->url.scheme, path);
	url_clear(&p->url);
	parsed = url_parse(&p->url, absolute, why);
	free(absolute);
	free(path);
	return parsed;
}

static int
plan_options(struct plan *p, const struct command_args *args,
    const char *cwd, struct why *why)
{
	size_t i;

	for (i = 0; i < args->ngiven; i++)
		if (args->given[i].option->code == PLAN_OPTION &&
		    option_assign(option_groups, &p->options,
		    args->given[i].value, cwd, why) == -1)
			return -1;
	return 0;
}

int
plan_parse(struct plan *p, const struct command_args *args,
    const struct options *defaults, const char *cwd, struct why *why)
{
	const char *alias = command_value(args, PLAN_DIRECTORY);

	p->name = xstrdup(args->operands[0]);
	if (defaults != NULL)
		option_copy(option_groups, &p->options, defaults);
	else
		option_init(option_groups, &p->options);
	if (session_name_check(p->name, why) == -1 ||
	    plan_endpoint(p, args->operands[1], cwd, why) == -1 ||
	    plan_options(p, args, cwd, why) == -1 ||
	    session_imply(&p->url, &p->options, why) == -1 ||
	    session_transport(p->url.scheme, why) == NULL ||
	    (alias != NULL && plan_alias(p, alias, cwd, why) == -1)) {
		plan_clear(p);
		return -1;
	}
	return 0;
}

bool
plan_runs(const struct plan *p)
{
	return p->options.child.on_connect != NULL ||
	    session_transport(p->url.scheme, NULL)->flags & TRANSPORT_RUNS;
}

int
plan_check(const struct plan *p, struct why *why)
{
	return session_check(p->name, &p->url, &p->options, why);
}

void
plan_clear(struct plan *p)
{
	free(p->name);
	free(p->alias);
	keeper_home_release(p->home);
	url_clear(&p->url);
	option_clear(option_groups, &p->options);
	memset(p, 0, sizeof(*p));
}

/* The table's.  Made once: each is a text that has to be read. */
static const struct options *
plan_defaults(void)
{
	static struct options defaults;
	static bool made;

	if (!made)
		option_init(option_groups, &defaults);
	made = true;
	return &defaults;
}

/* Words one behind the other, each with its NUL. */
struct plan_words {
	char *text;
	size_t n;
};

static void
plan_add(struct plan_words *words, const char *bytes, size_t n)
{
	words->text = xreallocarray(words->text, words->n + n, 1);
	memcpy(words->text + words->n, bytes, n);
	words->n += n;
}

static void
plan_add_rows(struct plan_words *words, const struct option_group *g,
    const struct options *options, const struct options *than)
{
	char now[OPTION_TEXT_MAX + 1];
	const struct option_row *row;

	for (row = g->rows; row < g->rows + g->nrows; row++) {
		if (option_is_same(g, row, options, than))
			continue;
		option_text(g, row, options, now, sizeof(now));
		plan_add(words, row->name, strlen(row->name));
		plan_add(words, "=", 1);
		plan_add(words, now, strlen(now) + 1);
	}
}

char *
plan_spell(const struct options *options, const struct options *than)
{
	const struct option_group *g;
	struct plan_words words = { 0 };

	if (than == NULL)
		than = plan_defaults();
	for (g = option_groups; g->title != NULL; g++)
		plan_add_rows(&words, g, options, than);
	plan_add(&words, "", 1);
	return words.text;
}

/* They were checked when they were new. */
void
plan_read(struct options *options, const char *words)
{
	option_copy(option_groups, options, plan_defaults());
	for (; *words != '\0'; words += strlen(words) + 1)
		(void)option_assign(option_groups, options, words, NULL, NULL);
}

/* One pair of texts; 1 if they differ. */
static int
plan_differ(const struct plan_difference *d, plan_difference_cb *cb,
    void *arg)
{
	if (strcmp(d->old, d->new) == 0)
		return 0;
	cb(d, arg);
	return 1;
}

static int
plan_compare_row(const struct option_group *g, const struct option_row *row,
    const struct plan *old, const struct plan *new, plan_difference_cb *cb,
    void *arg)
{
	char a[OPTION_TEXT_MAX + 1], b[OPTION_TEXT_MAX + 1];

	return plan_differ(&(struct plan_difference){ row->name,
	    option_text(g, row, &old->options, a, sizeof(a)),
	    option_text(g, row, &new->options, b, sizeof(b)), row->live },
	    cb, arg);
}

int
plan_compare(const struct plan *old, const struct plan *new,
    plan_difference_cb *cb, void *arg)
{
	const struct option_group *g;
	size_t i;
	int n;

	n = plan_differ(&(struct plan_difference){ "endpoint",
	    old->url.text, new->url.text, false }, cb, arg);
	for (g = option_groups; g->title != NULL; g++)
		for (i = 0; i < g->nrows; i++)
			n += plan_compare_row(g, &g->rows[i], old, new, cb,
			    arg);
	if (old->alias != NULL && new->alias != NULL)
		n += plan_differ(&(struct plan_difference){ "directory",
		    old->alias, new->alias, false }, cb, arg);
	return n;
}

struct plan_change {
	struct session *session;
	struct why *why;
	bool possible;
	int result;
};

static void
plan_change_possible(const struct plan_difference *d, void *arg)
{
	struct plan_change *change = arg;

	change->possible &= d->live;
}

static void
plan_change_set(const struct plan_difference *d, void *arg)
{
	struct plan_change *change = arg;

	if (change->result == 0)
		change->result = session_set(change->session, d->key, d->new,
		    NULL, change->why);
}

int
plan_adapt(const struct plan *plan, const struct plan *new,
    struct session *s, struct why *why)
{
	struct plan_change change = { s, why, true, 0 };

	plan_compare(plan, new, plan_change_possible, &change);
	if (!change.possible)
		return 0;
	plan_compare(plan, new, plan_change_set, &change);
	return change.result == -1 ? -1 : 1;
}
