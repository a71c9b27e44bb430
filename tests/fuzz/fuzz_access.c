/*
 * Who may come in, allow= and deny=: the first line is the one list, the
 * second the other, and the bytes behind them are addresses.  It does not
 * matter in which order the entries stand, the two lists are each other's
 * mirror, and an entry of one address is that address's.
 */
#include <arpa/inet.h>

#include "fuzz.h"
#include "session/access.h"

#define ENTRIES 64

/* The entries of a list from the last to the first. */
static char *
turned(const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word, *words[ENTRIES];
	char *out = xcalloc(strlen(list) + 2, 1);
	size_t n = 0;

	while (n < ENTRIES && (word = strsep(&rest, ", \t")) != NULL)
		words[n++] = word;
	must(rest == NULL);
	while (n-- > 0) {
		strcat(out, words[n]);
		if (n > 0)
			strcat(out, ",");
	}
	free(copy);
	return out;
}

static size_t
entries(const char *list)
{
	size_t n = 1;

	for (; *list != '\0'; list++)
		n += strchr(", \t", *list) != NULL;
	return n;
}

static struct access_client
client(const uint8_t *data, size_t size, struct sockaddr_in6 *in6)
{
	struct access_client who = { (const struct sockaddr *)in6, 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)in6;

	memset(in6, 0, sizeof(*in6));
	if (size >= 16) {
		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, data, 16);
	} else if (size >= 4) {
		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, data, 4);
	} else {
		in6->sin6_family = AF_UNIX;
		who.uid = size > 0 ? data[0] : 0;
	}
	return who;
}

static void
try(const char *allow, const char *deny, const struct access_client *who)
{
	struct access a = { 0 }, b = { 0 };
	char *allow_turned, *deny_turned;
	struct why why = { 0 };

	if (access_parse(&a, allow, deny, &why) == -1) {
		must(why.fault == FAULT_USAGE && why.text[0] != '\0');
		must(a.rules == NULL && a.n == 0);
		return;
	}
	must(a.n <= entries(allow) + entries(deny));
	allow_turned = turned(allow);
	deny_turned = turned(deny);
	must(access_parse(&b, allow_turned, deny_turned, &why) == 0);
	must(a.n == b.n && a.some_allowed == b.some_allowed);
	must(access_allows(&a, who) == access_allows(&b, who));
	free(allow_turned);
	free(deny_turned);
	access_clear(&a);
	access_clear(&b);
}

/* The address itself, said to be allowed, or not. */
static void
try_itself(const struct access_client *who)
{
	char text[INET6_ADDRSTRLEN + 8] = "uid:0";
	const struct sockaddr_in6 *in6 = (const void *)who->address;
	const struct sockaddr_in *in = (const void *)who->address;
	struct access a;
	struct why why;

	if (who->address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
	else if (who->address->sa_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	else if (who->uid != 0)
		return;
	must(access_parse(&a, text, "0.0.0.0/0,::/0", &why) == 0);
	must(access_allows(&a, who));
	access_clear(&a);
	must(access_parse(&a, NULL, text, &why) == 0);
	must(!access_allows(&a, who));
	access_clear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	const char *allow = strsep(&rest, "\n");
	const char *deny = strsep(&rest, "\n");
	struct access_client who;
	struct sockaddr_in6 in6;
	size_t used;

	if (deny != NULL && entries(allow) < ENTRIES &&
	    entries(deny) < ENTRIES) {
		used = rest == NULL ? size : (size_t)(rest - text);
		who = client(data + used, size - used, &in6);
		try(allow, deny, &who);
		try_itself(&who);
	}
	free(text);
	return 0;
}
