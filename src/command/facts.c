#include <stdlib.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "command/facts.h"

static void
facts_json_member(const char *key, const char *value, void *arg)
{
	char **text = arg, *safe = words_json(value), *longer;

	longer = xasprintf("%s%s\"%s\":%s", *text, **text != '\0' ? "," : "",
	    key, safe);
	free(safe);
	free(*text);
	*text = longer;
}

char *
facts_json(struct session *s)
{
	char *members = xstrdup(""), *object;

	session_facts(s, facts_json_member, &members);
	object = xasprintf("{%s}", members);
	free(members);
	return object;
}
