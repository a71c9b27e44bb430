#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/door_address.h"

#define DOOR_BLANKS ", \t"

/* TCP, where nothing else is said; a number alone is a port. */
static char *
door_address_whole(const char *text)
{
	if (strstr(text, "//") != NULL || strstr(text, "-listen:") != NULL)
		return xstrdup(text);
	return xasprintf("tcp-listen://%s%s",
	    text[strspn(text, "0123456789")] == '\0' ? ":" : "", text);
}

/* Bytes that come one after the other, not datagrams. */
static bool
door_address_streams(const struct transport *t)
{
	const struct transport *link = t->accepts == NULL ? NULL :
	    transport_find(t->accepts, NULL);

	return link != NULL && (link->flags & TRANSPORT_PLAIN ||
	    link->over != NULL);
}

const struct transport *
door_address_parse(struct url *url, const char *text, struct why *why)
{
	char *whole = door_address_whole(text);
	const struct transport *t = NULL;

	if (url_parse(url, whole, why) == 0)
		t = transport_find(url->scheme, why);
	if (t != NULL && !door_address_streams(t)) {
		why_fail(why, FAULT_USAGE, "\"%.60s\" is nowhere that clients "
		    "of a stream can connect to; there are tcp-listen://, "
		    "tls-listen:// and unix-listen:", text);
		t = NULL;
	}
	if (t != NULL && transport_check(t, url, why) == -1)
		t = NULL;
	if (t == NULL)
		url_clear(url);
	free(whole);
	return t;
}

int
door_address_each(const char *list,
    int (*cb)(const char *text, void *arg, struct why *why), void *arg,
    struct why *why)
{
	char *copy = xstrdup(list == NULL ? "" : list), *rest = copy, *word;
	int fine = 0;

	while (fine == 0 && (word = strsep(&rest, DOOR_BLANKS)) != NULL)
		if (*word != '\0')
			fine = cb(word, arg, why);
	free(copy);
	return fine;
}
