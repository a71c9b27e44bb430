#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "session/access.h"

#define ACCESS_BLANKS ", \t"
#define ACCESS_UID "uid:"
#define ACCESS_MAPPED 96        /* bits before an IPv4 address mapped */
#define ACCESS_SHOWN 56

/* --- one entry --- */

static int
access_fail(const char *word, const char *flaw, struct why *why)
{
	char shown[ACCESS_SHOWN];

	return why_fail(why, FAULT_USAGE, "\"%s\" %s",
	    words_vis(word, shown, sizeof(shown)), flaw);
}

static void
access_map(struct in6_addr *out, const struct in_addr *in)
{
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(out->s6_addr + 12, in, sizeof(*in));
}

/* The address alone; into *most how many bits it has, or -1. */
static int
access_address(struct access_rule *rule, const char *text)
{
	struct in_addr v4;

	rule->family = AF_INET6;
	if (inet_pton(AF_INET, text, &v4) == 1) {
		access_map(&rule->address, &v4);
		return 32;
	}
	return inet_pton(AF_INET6, text, &rule->address) == 1 ? 128 : -1;
}

static bool
access_bit(const struct in6_addr *a, unsigned bit)
{
	return a->s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

/* 192.0.2.1/24 is a mistake: is it the host that is meant, or its network? */
static bool
access_has_host(const struct access_rule *rule)
{
	unsigned bit;

	for (bit = rule->bits; bit < 128; bit++)
		if (access_bit(&rule->address, bit))
			return true;
	return false;
}

static int
access_network(struct access_rule *rule, char *word, struct why *why)
{
	char *slash = strchr(word, '/'), *end = strchr(word, ']');
	const char *flaw = NULL;
	int most;

	if (slash != NULL)
		*slash = '\0';
	if (word[0] == '[' && end != NULL)
		*end = '\0';
	most = access_address(rule, word + (word[0] == '[' && end != NULL));
	if (end != NULL)
		*end = ']';
	if (most == -1)
		return access_fail(word, "is no address, network or uid:NAME; "
		    "write 192.0.2.1, 10.0.0.0/8, 2001:db8::/32", why);
	rule->bits = (unsigned)most;
	if (slash != NULL)
		rule->bits = (unsigned)strtonum(slash + 1, 0, most, &flaw);
	if (slash != NULL)
		*slash = '/';
	if (flaw != NULL)
		return access_fail(word, most == 32 ? "is no network: after "
		    "the / comes a number from 0 to 32" : "is no network: "
		    "after the / comes a number from 0 to 128", why);
	rule->bits += most == 32 ? ACCESS_MAPPED : 0;
	return access_has_host(rule) ? access_fail(word, "is the address of "
	    "a host, not that of a network of this length", why) : 0;
}

static int
access_user(struct access_rule *rule, const char *word, struct why *why)
{
	const char *name = word + strlen(ACCESS_UID), *flaw = NULL;

	rule->family = AF_UNIX;
	rule->bits = 128;
	if (keeper_user(name, &rule->uid) == -1)
		rule->uid = (uid_t)strtonum(name, 0, (uid_t)-2, &flaw);
	return flaw == NULL ? 0 : access_fail(word, "names no user of this "
	    "system, by name or number", why);
}

/* --- both lists --- */

static int
access_add(struct access *a, char *word, bool allow, struct why *why)
{
	struct access_rule rule = { .allow = allow };

	if ((strncmp(word, ACCESS_UID, strlen(ACCESS_UID)) == 0 ?
	    access_user(&rule, word, why) :
	    access_network(&rule, word, why)) == -1)
		return -1;
	a->rules = xreallocarray(a->rules, a->n + 1, sizeof(*a->rules));
	a->rules[a->n++] = rule;
	a->some_allowed |= allow;
	return 0;
}

static int
access_list(struct access *a, const char *text, bool allow, struct why *why)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	int fine = 0;

	while (fine == 0 && (word = strsep(&rest, ACCESS_BLANKS)) != NULL)
		if (*word != '\0')
			fine = access_add(a, word, allow, why);
	free(copy);
	return fine;
}

int
access_parse(struct access *a, const char *allow, const char *deny,
    struct why *why)
{
	memset(a, 0, sizeof(*a));
	if ((allow == NULL || access_list(a, allow, true, why) == 0) &&
	    (deny == NULL || access_list(a, deny, false, why) == 0))
		return 0;
	access_clear(a);
	return -1;
}

void
access_clear(struct access *a)
{
	free(a->rules);
	memset(a, 0, sizeof(*a));
}

/* --- the answer --- */

static bool
access_in(const struct in6_addr *a, const struct access_rule *rule)
{
	unsigned whole = rule->bits / 8, rest = rule->bits % 8;

	if (memcmp(a, &rule->address, whole) != 0)
		return false;
	return rest == 0 || (a->s6_addr[whole] ^
	    rule->address.s6_addr[whole]) >> (8 - rest) == 0;
}

static bool
access_fits(const struct access_rule *rule, const struct access_client *who)
{
	const struct sockaddr *sa = who->address;
	struct in6_addr a;

	if (sa->sa_family == AF_UNIX)
		return rule->family == AF_UNIX && rule->uid == who->uid;
	if (rule->family == AF_UNIX)
		return false;
	if (sa->sa_family == AF_INET)
		access_map(&a, &((const struct sockaddr_in *)sa)->sin_addr);
	else
		a = ((const struct sockaddr_in6 *)sa)->sin6_addr;
	return access_in(&a, rule);
}

bool
access_allows(const struct access *a, const struct access_client *who)
{
	const struct access_rule *best = NULL, *rule;
	size_t i;

	for (i = 0; i < a->n; i++) {
		rule = &a->rules[i];
		if (!access_fits(rule, who))
			continue;
		if (best == NULL || rule->bits > best->bits ||
		    (rule->bits == best->bits && !rule->allow))
			best = rule;
	}
	return best != NULL ? best->allow : !a->some_allowed;
}
