#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "command/facts.h"

/* Members so far, and the one that may have another value. */
struct facts_object {
	char *members;
	char key[64];
	char *value;            /* NULL: none yet */
};

static void
facts_json_member(struct facts_object *o)
{
	char *safe, *longer;

	if (o->value == NULL)
		return;
	safe = words_json(o->value);
	longer = xasprintf("%s%s\"%s\":%s", o->members,
	    *o->members != '\0' ? "," : "", o->key, safe);
	free(safe);
	free(o->members);
	free(o->value);
	o->members = longer;
	o->value = NULL;
}

/* Several values are the lines of one. */
static void
facts_json_fact(const char *key, const char *value, void *arg)
{
	struct facts_object *o = arg;
	char *lines;

	if (o->value != NULL && strcmp(o->key, key) == 0) {
		lines = xasprintf("%s\n%s", o->value, value);
		free(o->value);
		o->value = lines;
		return;
	}
	facts_json_member(o);
	strlcpy(o->key, key, sizeof(o->key));
	o->value = xstrdup(value);
}

char *
facts_json(struct session *s)
{
	struct facts_object o = { .members = xstrdup("") };
	char *object;

	session_facts(s, facts_json_fact, &o);
	facts_json_member(&o);
	object = xasprintf("{%s}", o.members);
	free(o.members);
	return object;
}
