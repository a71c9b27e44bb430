/*
 * What regcomp(3) would make of a regular expression: it writes repetitions
 * out, so that `((a{255}){255}){255}' costs it gigabytes, and goes all the
 * ways through them in which nothing is matched: for ever in `(a*){9}+{9}'.
 */
#include <string.h>

#include "framing/expression.h"
#include "framing/framing.h"

/* Beyond this a number is as good as any; what it multiplies is smaller. */
#define INTERVAL_MOST	((size_t)65536)

const char *
expression_bracket(const char *p)
{
	const char *end;
	char closing[3] = "?]";

	p += *p == '^';
	for (p += *p == ']'; *p != '\0' && *p != ']'; p++) {
		if (*p != '[' || p[1] == '\0' || strchr(".=:", p[1]) == NULL)
			continue;
		closing[0] = p[1];
		end = strstr(p + 2, closing);
		if (end != NULL)
			p = end + 1;
	}
	return p;
}

/* The greatest number behind a {; *p comes to stand on what is behind it. */
static size_t
interval_most(const char **p)
{
	size_t n = 0, most = 0;

	for (; **p == ',' || (**p >= '0' && **p <= '9'); (*p)++) {
		n = **p == ',' ? 0 : n * 10 + (size_t)(**p - '0');
		n = n < INTERVAL_MOST ? n : INTERVAL_MOST;
		most = n > most ? n : most;
	}
	return most;
}

/* What a repetition behind it would repeat, and what is around that. */
struct term {
	size_t weight;          /* characters, all written out */
	bool empty;             /* it may match nothing */
};

struct branch {
	size_t weight;          /* of the whole group so far */
	bool empty;             /* this branch may match nothing, */
	bool other;             /* or one before it in this group */
};

struct weight {
	struct branch groups[FRAMING_ARGUMENT];
	size_t depth;
	struct term term;
	bool loop;              /* it repeats what may be empty */
};

static void
weight_term(struct weight *w, size_t weight, bool empty)
{
	struct branch *b = &w->groups[w->depth];

	b->weight += w->term.weight;
	b->empty = b->empty && w->term.empty;
	w->term = (struct term){ weight, empty };
}

static void
weight_times(struct weight *w, size_t times, bool empty)
{
	if (w->term.empty && w->term.weight > 0)
		w->loop = true;
	w->term.weight *= times;
	w->term.empty = w->term.empty || empty;
}

static void
weight_open(struct weight *w)
{
	weight_term(w, 0, true);
	w->groups[++w->depth] = (struct branch){ 1, true, false };
}

static void
weight_branch(struct weight *w)
{
	struct branch *b = &w->groups[w->depth];

	weight_term(w, 0, true);
	b->weight++;
	b->other = b->other || b->empty;
	b->empty = true;
}

static void
weight_close(struct weight *w)
{
	weight_branch(w);
	w->term.weight = w->groups[w->depth].weight;
	w->term.empty = w->groups[w->depth].other;
	w->depth--;
}

void
expression_weigh(const char *p, size_t limit, struct expression_weight *result)
{
	struct weight w = { .groups[0].empty = true, .term.empty = true };
	size_t most;
	bool none;

	for (; *p != '\0' && w.term.weight <= limit; p++) {
		switch (*p) {
		case '(':
			weight_open(&w);
			break;
		case ')':
			if (w.depth > 0)
				weight_close(&w);
			else
				weight_term(&w, 1, false);
			break;
		case '|':
			weight_branch(&w);
			break;
		case '?':
			w.term.empty = true;
			break;
		case '*':
			weight_times(&w, 1, true);
			break;
		case '+':
			weight_times(&w, 2, false);
			break;
		case '{':
			none = p[1] == '0' || p[1] == ',';
			p++;
			most = interval_most(&p);
			weight_times(&w, most + 1, none);
			p -= *p != '}';
			break;
		case '\\':
			weight_term(&w, 1, false);
			p += p[1] != '\0';
			break;
		case '[':
			weight_term(&w, 1, false);
			p = expression_bracket(p + 1);
			p -= *p == '\0';
			break;
		default:
			weight_term(&w, 1, *p == '^');
		}
	}
	weight_term(&w, 0, true);
	result->characters = w.groups[w.depth].weight;
	result->loop = w.loop;
}
