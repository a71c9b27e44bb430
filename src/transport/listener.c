#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "transport/listener.h"
#include "transport/sock.h"

#define LISTENER_SOCKETS 8      /* the most addresses of one name */
#define LISTENER_REST_MS 1000   /* after descriptors have run out */
/* So many are taken before others have their turn. */
#define LISTENER_BURST 16

struct listener {
	LIST_ENTRY(listener) entry;
	struct listener_plan plan;
	struct keeper_resolve *resolve;
	struct deferred begin;
	struct timer rest;
	bool wanted;
	size_t spare;
	size_t n;
	struct {
		int fd;
		struct watch readable;
		struct ledger_row *row;
	} at[LISTENER_SOCKETS];
};

/* All of them, to tell who has an address that is in use. */
static LIST_HEAD(, listener) listeners = LIST_HEAD_INITIALIZER(listeners);

/* --- in use: by whom? --- */

static in_port_t
address_port(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ?
	    ((const struct sockaddr_in *)a)->sin_port :
	    a->ss_family == AF_INET6 ?
	    ((const struct sockaddr_in6 *)a)->sin6_port : 0;
}

/*
 * Would they be in each other's way?  Of those that have a port it decides:
 * the system has said so.
 */
static bool
address_meets(const struct keeper_address *a, const struct keeper_address *b)
{
	if (address_port(&a->address) == 0 || address_port(&b->address) == 0)
		return a->length == b->length &&
		    memcmp(&a->address, &b->address, a->length) == 0;
	return address_port(&a->address) == address_port(&b->address);
}

static bool
place_same(const struct link_options *a, const struct link_options *b)
{
	const char *x = a->place.netns, *y = b->place.netns;

	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static bool
listener_has(const struct listener *l, const struct keeper_address *at)
{
	struct keeper_address own;
	size_t i;

	for (i = 0; i < l->n; i++) {
		own.length = sizeof(own.address);
		memset(&own.address, 0, sizeof(own.address));
		if (getsockname(l->at[i].fd, (struct sockaddr *)&own.address,
		    &own.length) == 0 && address_meets(&own, at))
			return true;
	}
	return false;
}

/* One of ours is known by its name, better than by our process id. */
static void
listener_say_holder(const struct listener *l, const struct keeper_address *at,
    struct why *why)
{
	const struct listener *other;

	LIST_FOREACH(other, &listeners, entry)
		if (other != l && place_same(other->plan.link, l->plan.link) &&
		    listener_has(other, at))
			break;
	if (other != NULL)
		why_fail(why, FAULT_CONNECT, "the address is in use by session "
		    "%s", other->plan.name);
}

/* --- the sockets --- */

static void listener_readable(void *arg);

static void
listener_watch(struct listener *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		watch_want(&l->at[i].readable, l->wanted && !l->rest.set);
}

static void
listener_rested(void *arg)
{
	listener_watch(arg);
}

static void
listener_rest(struct listener *l)
{
	l->plan.note(l->plan.arg, errno == EINVAL ?
	    "a peer cannot be accepted: the socket was shut down" :
	    "a peer cannot be accepted: no descriptor or no memory is left "
	    "(tried again in a second)");
	timer_set(&l->rest, LISTENER_REST_MS, listener_rested, l);
	listener_watch(l);
}

/* Which one it is matters little: each that is ready has its turn. */
static void
listener_readable(void *arg)
{
	struct listener *l = arg;
	size_t i, n;
	int fd = -1;

	for (i = 0; i < l->n && l->wanted; i++) {
		for (n = 0; n < LISTENER_BURST && l->wanted; n++) {
			fd = keeper_accept(l->at[i].fd,
			    l->spare);
			if (fd == -1)
				break;
			l->plan.arrived(l->plan.arg, fd);
		}
		if (fd == -1 && keeper_accept_rests(errno))
			listener_rest(l);
	}
}

static void
listener_hold(struct listener *l, int fd)
{
	struct ledger_row *row = ledger_new(LEDGER_SOCKET, l->plan.row,
	    l->plan.url->text);

	row->fd[LEDGER_PEER] = fd;
	l->at[l->n].row = row;
	l->at[l->n].fd = fd;
	watch_init(&l->at[l->n].readable, fd, LOOP_READ, listener_readable, l);
	l->n++;
}

static int
listener_add(struct listener *l, const struct keeper_address *at,
    struct why *why)
{
	char text[80];
	int fd = keeper_listen(at, SOCK_STREAM, &l->plan.link->place, why);

	if (fd != -1) {
		if (at->address.ss_family != AF_UNIX)
			sock_tune_fd(fd, l->plan.link);
		listener_hold(l, fd);
		return 0;
	}
	if (errno == EADDRINUSE)
		listener_say_holder(l, at, why);
	fd = errno;
	sock_text((const struct sockaddr *)&at->address, at->length, text,
	    sizeof(text));
	why_prefix(why, "%s", text);
	errno = fd;
	return -1;
}

/* Port 0 is one port: where the first got it the others want it. */
static void
listener_same_port(const struct listener *l, struct keeper_address *at)
{
	struct sockaddr_storage first;
	socklen_t length = sizeof(first);

	if (l->n == 0 || address_port(&at->address) != 0 ||
	    getsockname(l->at[0].fd, (struct sockaddr *)&first, &length) == -1)
		return;
	if (at->address.ss_family == AF_INET)
		((struct sockaddr_in *)&at->address)->sin_port =
		    address_port(&first);
	else if (at->address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&at->address)->sin6_port =
		    address_port(&first);
}

/*
 * At all addresses of the name.  One that this system lacks is no harm where
 * there is another; whatever else is wrong with one is.
 */
static int
listener_stand(struct listener *l, const struct keeper_addresses *found,
    struct why *why)
{
	struct keeper_address at;
	size_t i;

	for (i = 0; i < found->n && l->n < LISTENER_SOCKETS; i++) {
		at = found->at[i];
		listener_same_port(l, &at);
		if (listener_add(l, &at, why) == -1 &&
		    errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT)
			return -1;
	}
	return l->n > 0 ? 0 : -1;
}

/* --- beginning --- */

static void
listener_tell(struct listener *l, const struct why *why)
{
	l->plan.stands(l->plan.arg, why);
}

/* Without IPv6 "any address" is IPv4's. */
static bool
listener_is_any(const struct listener *l)
{
	const char *host = l->plan.url->host;

	return *host == '\0' || strcmp(host, "*") == 0;
}

static void
listener_resolved(const struct keeper_addresses *found, const struct why *why,
    void *arg)
{
	struct listener *l = arg;
	struct why failed = { 0 };

	l->resolve = NULL;
	if (found == NULL)
		listener_tell(l, why);
	else if (listener_stand(l, found, &failed) == -1)
		listener_tell(l, &failed);
	else
		listener_tell(l, NULL);
}

static int
listener_look_up(struct listener *l, struct why *why)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct keeper_look_up what = { l->plan.url->host, l->plan.url->port,
		families[l->plan.link->family], l->plan.link->place.netns };

	if (listener_is_any(l))
		what.host = what.family == AF_INET || !keeper_has_ipv6() ?
		    "0.0.0.0" : "::";
	l->resolve = keeper_resolve(&what, listener_resolved, l, why);
	return l->resolve == NULL ? -1 : 0;
}

/* An address that needs no look-up. */
static int
listener_at(struct listener *l, struct why *why)
{
	struct keeper_address at;

	memset(&at, 0, sizeof(at));
	if (l->plan.transport->address(l->plan.url, &at, why) == -1 ||
	    listener_add(l, &at, why) == -1)
		return -1;
	if (at.address.ss_family == AF_UNIX)
		keeper_listen_share(&at, l->plan.mode, l->plan.gid);
	listener_tell(l, NULL);
	return 0;
}

/* Those that a former engine stood at. */
static bool
listener_inherit(struct listener *l)
{
	struct ledger_left *left;

	while (l->n < LISTENER_SOCKETS &&
	    (left = ledger_claim(LEDGER_SOCKET, l->plan.name,
	    l->plan.url->text)) != NULL)
		if (keeper_accepts(left->fd[LEDGER_PEER]))
			listener_hold(l, ledger_inherit(left, LEDGER_PEER));
	return l->n > 0;
}

static void
listener_begin(void *arg)
{
	struct listener *l = arg;
	struct why why = { 0 };
	int begun;

	if (l->n > 0) {
		listener_tell(l, NULL);
		return;
	}
	begun = l->plan.transport->address != NULL ? listener_at(l, &why) :
	    listener_look_up(l, &why);
	if (begun == -1)
		listener_tell(l, &why);
}

struct listener *
listener_new(const struct listener_plan *plan)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->plan = *plan;
	LIST_INSERT_HEAD(&listeners, l, entry);
	listener_inherit(l);
	deferred_queue(&l->begin, listener_begin, l);
	return l;
}

void
listener_free(struct listener *l)
{
	size_t i;

	if (l == NULL)
		return;
	LIST_REMOVE(l, entry);
	keeper_resolve_cancel(l->resolve);
	deferred_clear(&l->begin);
	timer_clear(&l->rest);
	for (i = 0; i < l->n; i++) {
		watch_clear(&l->at[i].readable);
		ledger_free(l->at[i].row);
		keeper_listen_end(l->at[i].fd);
	}
	free(l);
}

void
listener_want(struct listener *l, bool taking)
{
	l->wanted = taking;
	listener_watch(l);
}

void
listener_spare(struct listener *l, size_t n)
{
	l->spare = n;
}

bool
listener_stands(const struct listener *l)
{
	return l != NULL && l->n > 0;
}

char *
listener_text(const struct listener *l, char *out, size_t size)
{
	struct sockaddr_storage address;
	socklen_t length;
	char text[160];
	size_t i;

	out[0] = '\0';
	for (i = 0; l != NULL && i < l->n; i++) {
		length = sizeof(address);
		if (getsockname(l->at[i].fd, (struct sockaddr *)&address,
		    &length) == -1)
			continue;
		strlcat(out, out[0] != '\0' ? "\n" : "", size);
		strlcat(out, sock_text((struct sockaddr *)&address, length,
		    text, sizeof(text)), size);
	}
	return out;
}
