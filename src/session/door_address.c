#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "session/door_address.h"

#define DOOR_BLANKS ", \t"
#define DOOR_SHOWN 56

static int
door_tcp(struct door_address *a, const char *rest, struct why *why)
{
	size_t n = strlen(rest);
	char *text;
	int fine;

	if (strncmp(rest, "//", 2) == 0)
		rest += 2, n -= 2;
	if (n > 0 && rest[n - 1] == '/')
		n--;
	/* A number alone is a port, on any address. */
	text = xasprintf("%s%.*s", n > 0 && strspn(rest, "0123456789") == n ?
	    ":" : "", (int)n, rest);
	fine = strchr(text, ':') == NULL ? why_fail(why, FAULT_USAGE,
	    "\"%.60s\" has no port; write %.60s:PORT, where 0 picks one",
	    text, text) : keeper_address(text, AF_UNSPEC, &a->at, why);
	free(text);
	return fine;
}

static int
door_unix(struct door_address *a, const char *rest, struct why *why)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->at.address;
	size_t n = strlen(rest);

	if (rest[0] != '/' && rest[0] != '@')
		return why_fail(why, FAULT_USAGE, "unix-listen:%.60s: write "
		    "an absolute path, or @NAME", rest);
	if (n < 2 || n >= sizeof(un->sun_path))
		return why_fail(why, FAULT_USAGE, "unix-listen:%.60s: a path "
		    "or name is 1 to %zu bytes long", rest,
		    sizeof(un->sun_path) - 2);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, rest, n);
	if (rest[0] == '@')
		un->sun_path[0] = '\0';
	a->at.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
	    (rest[0] == '@' ? 0 : 1));
	return 0;
}

const struct door_scheme door_schemes[] = {
	{ "tcp-listen", "tcp-listen://[ADDR]:PORT",
	    "TCP; ADDR in numbers, else any; port 0 picks one.", false,
	    door_tcp },
	{ "unix-listen", "unix-listen:PATH",
	    "A UNIX-domain socket, or unix-listen:@NAME, an abstract one.",
	    false, door_unix },
	{ NULL, NULL, NULL, false, NULL },
};

static int
door_unknown(const char *text, struct why *why)
{
	const struct door_scheme *row;
	char known[160] = "", shown[DOOR_SHOWN];

	for (row = door_schemes; row->name != NULL; row++) {
		strlcat(known, row->usage, sizeof(known));
		strlcat(known, ", ", sizeof(known));
	}
	return why_fail(why, FAULT_USAGE, "\"%s\" is no address to listen "
	    "at; there are %sand ADDR:PORT, :PORT, PORT for TCP",
	    words_vis(text, shown, sizeof(shown)), known);
}

int
door_address_parse(struct door_address *a, const char *text,
    struct why *why)
{
	const struct door_scheme *row;
	size_t n = strcspn(text, ":");

	memset(a, 0, sizeof(*a));
	for (row = door_schemes; row->name != NULL; row++) {
		if (text[n] != ':' || strncmp(row->name, text, n) != 0 ||
		    row->name[n] != '\0')
			continue;
		a->tls = row->tls;
		return row->parse(a, text + n + 1, why);
	}
	if (strpbrk(text, "/@") != NULL || strstr(text, "-listen") != NULL)
		return door_unknown(text, why);
	return door_tcp(a, text, why);
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
