/*
 * The child holds nothing of ours but the pipe it answers on, so that it can
 * never keep a client from its end of file.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "keeper/lookup.h"
#include "keeper/netns.h"
#include "keeper/sandbox.h"

static int
lookup_fail(struct why *why, const struct keeper_look_up *what, int code)
{
	const char *host = what->host;

	if (code == EAI_SERVICE)
		return why_fail(why, FAULT_RESOLVE, "port %s is not a number "
		    "and no known service", what->port);
	if (code == EAI_ADDRFAMILY || code == EAI_FAMILY || code == EAI_NODATA)
		return why_fail(why, FAULT_RESOLVE,
		    "%s has no address of this family", host);
	return why_fail(why, FAULT_RESOLVE, "%s: %s", host,
	    code == EAI_SYSTEM ? strerror(errno) :
	    code == EAI_AGAIN ? "the name server does not answer" :
	    code == EAI_NONAME ? "no such host name" : gai_strerror(code));
}

static struct lookup *
lookup_new(const struct addrinfo *found)
{
	const struct addrinfo *a;
	struct lookup *l;
	size_t n = 0;

	for (a = found; a != NULL && n < KEEPER_ADDRESSES; a = a->ai_next)
		n++;
	l = xcalloc(1, LOOKUP_SIZE(n));
	for (a = found; l->addresses.n < n; a = a->ai_next) {
		struct keeper_address *at = &l->addresses.at[l->addresses.n++];

		memcpy(&at->address, a->ai_addr, a->ai_addrlen);
		at->length = a->ai_addrlen;
	}
	return l;
}

struct lookup *
lookup_empty(void)
{
	return lookup_new(NULL);
}

/* getaddrinfo(3); NULL: only a look-up that is not `numeric` can tell. */
static struct lookup *
lookup_do(const struct keeper_look_up *what, bool numeric)
{
	/*
	 * No AI_ADDRCONFIG: it does not count loopback, and a family without a
	 * route is passed over by connect(2) at once.
	 */
	struct addrinfo hints = { .ai_family = what->family,
		.ai_socktype = SOCK_STREAM, .ai_flags =
		numeric ? AI_NUMERICHOST | AI_NUMERICSERV : 0 };
	struct addrinfo *found = NULL;
	struct lookup *l;
	int code;

	code = getaddrinfo(what->host, what->port, &hints, &found);
	if (numeric && code == EAI_NONAME)
		return NULL;
	l = lookup_new(found);
	if (found != NULL)
		freeaddrinfo(found);
	if (code != 0)
		lookup_fail(&l->why, what, code);
	return l;
}

/* A service's name is in a file, which is the keeper's to read. */
struct lookup *
lookup_numeric(const struct keeper_look_up *what)
{
	if (what->port != NULL &&
	    what->port[strspn(what->port, "0123456789")] != '\0')
		return NULL;
	return lookup_do(what, true);
}

static struct lookup *
lookup_in(const struct keeper_look_up *what)
{
	struct lookup *l = lookup_empty();

	if (netns_live_in(what->netns, &l->why) == -1) {
		why_prefix(&l->why, "%s", what->host);
		l->why.fault = FAULT_RESOLVE;
		return l;
	}
	sandbox_look_up();
	free(l);
	return lookup_do(what, false);
}

static bool
lookup_tell(int fd, const struct lookup *l)
{
	size_t done, size = LOOKUP_SIZE(l->addresses.n);
	ssize_t n = 1;

	for (done = 0; done < size && n > 0; done += n > 0 ? (size_t)n : 0)
		n = write(fd, (const char *)l + done, size - done);
	return n > 0;
}

void
lookup_child(int fd, const struct keeper_look_up *what)
{
	struct lookup *l;
	bool told;

	dup2(fd, 3);
	closefrom(4);
	l = lookup_in(what);
	told = lookup_tell(3, l);
	free(l);
	_exit(told ? 0 : 1);
}

/* Is it of the form that a child gives it?  Each length is used as one later. */
static bool
lookup_is_sound(const struct lookup *l, size_t n)
{
	size_t i;

	if (l->addresses.n > KEEPER_ADDRESSES ||
	    LOOKUP_SIZE(l->addresses.n) != n ||
	    memchr(l->why.text, '\0', sizeof(l->why.text)) == NULL)
		return false;
	if (l->addresses.n == 0 && (l->why.fault != FAULT_RESOLVE ||
	    l->why.text[0] == '\0'))
		return false;
	for (i = 0; i < l->addresses.n; i++)
		if (l->addresses.at[i].length > sizeof(struct sockaddr_storage))
			return false;
	return true;
}

struct lookup *
lookup_parse(const void *bytes, size_t n)
{
	struct lookup *l = xcalloc(1, n > sizeof(*l) ? n : sizeof(*l));

	if (n >= sizeof(*l))
		memcpy(l, bytes, n);
	if (n >= sizeof(*l) && lookup_is_sound(l, n))
		return l;
	l->addresses.n = 0;
	why_fail(&l->why, FAULT_RESOLVE,
	    "the look-up died without an answer");
	return l;
}
