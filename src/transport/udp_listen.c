/*
 * Waiting for datagrams: a socket of an address of ours, which everybody is
 * heard at.  UDP knows no connections, so it is up as soon as it stands, and
 * what is written goes to the one who was heard last.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "keeper/keeper.h"
#include "transport/dgram.h"
#include "transport/sock.h"

/* 65535 less the header of UDP; IPv4's takes 20 more. */
#define UDP_MOST 65527

struct udp_listen {
	struct link link;       /* first: it is a link */
	struct keeper_resolve *resolve;
	struct sockaddr_storage last;   /* who was heard last */
	socklen_t length;               /* 0: nobody yet */
	bool failed;
};

static int
udp_listen_check(const struct url *url, struct why *why)
{
	if (url->host != NULL && url->port != NULL && *url->rest == '\0')
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.80s\" is not of the form "
	    "udp-listen://[HOST]:PORT", url->text);
}

/* At the first of the name's addresses; or see why. */
static int
udp_listen_stand(struct link *l, const struct keeper_address *at)
{
	char text[80];
	struct why why;

	l->fd = keeper_listen(at, SOCK_DGRAM, &l->dial->link->place, &why);
	if (l->fd != -1) {
		dgram_enlarge(l->fd, l->dial->link->receive_buffer);
		return 0;
	}
	sock_text((const struct sockaddr *)&at->address, at->length, text,
	    sizeof(text));
	return link_fail(l, FAULT_CONNECT, "%s: %s", text, why.text);
}

static void
udp_listen_resolved(const struct keeper_addresses *found,
    const struct why *why, void *arg)
{
	struct udp_listen *u = arg;

	u->resolve = NULL;
	link_kick(&u->link);
	if (found == NULL)
		link_fail(&u->link, why->fault, "%s", why->text);
	u->failed = found == NULL ||
	    udp_listen_stand(&u->link, &found->at[0]) == -1;
}

static int
udp_listen_open(struct link *l)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct udp_listen *u = (struct udp_listen *)l;
	const struct dial *d = l->dial;
	struct keeper_look_up what = { d->url->host, d->url->port,
		families[d->link->family], d->link->place.netns };
	struct why why;

	if (*what.host == '\0' || strcmp(what.host, "*") == 0)
		what.host = what.family == AF_INET || !keeper_has_ipv6() ?
		    "0.0.0.0" : "::";
	u->resolve = keeper_resolve(&what, udp_listen_resolved, u, &why);
	if (u->resolve == NULL)
		return link_fail(l, why.fault, "%s", why.text);
	return 0;
}

static int
udp_listen_advance(struct link *l)
{
	return ((const struct udp_listen *)l)->failed ? -1 : l->fd != -1;
}

static ssize_t
udp_listen_read(struct link *l, void *data, size_t size)
{
	struct udp_listen *u = (struct udp_listen *)l;
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t n = recvfrom(l->fd, data, size, 0, (struct sockaddr *)&from,
	    &length);

	if (n > 0) {
		u->last = from;
		u->length = length;
		return n;
	}
	/* An empty one says nothing; an error of another's is none of ours. */
	errno = EAGAIN;
	return -1;
}

/* As dgram_write(), to the one who was heard last. */
static ssize_t
udp_listen_write(struct link *l, const void *data, size_t size)
{
	struct udp_listen *u = (struct udp_listen *)l;
	ssize_t n;

	if (size == 0)
		return 0;
	if (u->length == 0) {
		link_fail(l, FAULT_UNSENT, "nobody was heard yet who could be "
		    "answered: a datagram was not sent");
		errno = ECONNREFUSED;
		return -1;
	}
	n = sendto(l->fd, data, size, MSG_NOSIGNAL,
	    (const struct sockaddr *)&u->last, u->length);
	if (n != -1)
		return n;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
		errno = EAGAIN;
	} else if (errno == EMSGSIZE) {
		link_fail(l, FAULT_USAGE, "a datagram of %zu bytes is too "
		    "long; it was not sent", size);
		errno = EMSGSIZE;
	} else {
		link_fail(l, FAULT_UNSENT, "a datagram was not sent: %s",
		    strerror(errno));
		errno = ECONNREFUSED;
	}
	return -1;
}

static void
udp_listen_close(struct link *l)
{
	struct udp_listen *u = (struct udp_listen *)l;

	keeper_resolve_cancel(u->resolve);
	u->resolve = NULL;
	sock_close(l);
}

static bool
udp_listen_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size)
{
	const struct udp_listen *u = (const struct udp_listen *)l;

	if (fact == LINK_LISTENING)
		return sock_fact(l, LINK_LOCAL, out, size);
	if (fact != LINK_PEER)
		return dgram_fact(l, fact, out, size);
	if (u->length > 0)
		sock_text((const struct sockaddr *)&u->last, u->length, out,
		    size);
	return u->length > 0;
}

const struct transport transport_udp_listen = {
	.name = "udp-listen",
	.usage = "udp-listen://[HOST]:PORT",
	.text = "Wait for datagrams, whoever sends them; what is written goes "
		"to the one who was heard last.",
	.flags = TRANSPORT_DATAGRAM,
	.size = sizeof(struct udp_listen),
	.most = UDP_MOST,
	.check = udp_listen_check,
	.open = udp_listen_open,
	.advance = udp_listen_advance,
	.read = udp_listen_read,
	.write = udp_listen_write,
	.finish = dgram_finish,
	.close = udp_listen_close,
	.fact = udp_listen_fact,
};
