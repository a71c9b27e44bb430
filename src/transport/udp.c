/*
 * UDP: a socket that is connected, so that only its peer is heard, and an
 * ICMP message that nobody is there is ours.  A datagram cannot tell whether
 * an address is good before it is refused: then the next one of the name is
 * for the next link, until each has had its turn.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "transport/dgram.h"
#include "transport/sock.h"

/* 65535 less the header of UDP; IPv4's takes 20 more. */
#define UDP_MOST 65527

struct udp {
	struct link link;       /* first: a udp is a link */
	struct keeper_resolve *resolve;
	size_t n;               /* addresses of the name */
	bool heard;             /* something has come */
	bool failed;
};

static const char *
udp_words(int error)
{
	return error == ECONNREFUSED ? "connection refused" : strerror(error);
}

/* A socket for this address; it is the link, or see why. */
static int
udp_connect(struct udp *u, const struct keeper_address *at)
{
	struct link *l = &u->link;
	char text[80];
	struct why why;
	int fd;

	fd = keeper_socket(at->address.ss_family, SOCK_DGRAM,
	    &l->dial->link->place, &why);
	if (fd != -1 && connect(fd, (const struct sockaddr *)&at->address,
	    at->length) == 0) {
		dgram_enlarge(fd, l->dial->link->receive_buffer);
		l->fd = fd;
		return 0;
	}
	if (fd != -1) {
		why_fail(&why, FAULT_CONNECT, "%s", udp_words(errno));
		close(fd);
	}
	sock_text((const struct sockaddr *)&at->address, at->length, text,
	    sizeof(text));
	link_note(l, "connect: %s: %s", text, why.text);
	return link_fail(l, FAULT_CONNECT, "%s: %s", text, why.text);
}

static void
udp_resolved(const struct keeper_addresses *found, const struct why *why,
    void *arg)
{
	struct udp *u = arg;
	struct dial *d = u->link.dial;

	u->resolve = NULL;
	link_kick(&u->link);
	if (found == NULL) {
		link_fail(&u->link, why->fault, "%s", why->text);
		u->failed = true;
		return;
	}
	u->n = found->n;
	if (d->refused >= found->n)
		d->refused = 0;
	while (d->refused < found->n &&
	    udp_connect(u, &found->at[d->refused]) == -1)
		d->refused++;
	u->failed = u->link.fd == -1;
}

/* A number: services have names of their own for UDP, which TCP lacks. */
static const char *
udp_port(const char *port, char *out, size_t size)
{
	uint16_t service = 0;

	if (port[strspn(port, "0123456789")] != '\0')
		service = keeper_service(port, "udp");
	if (service == 0)
		return port;
	snprintf(out, size, "%u", service);
	return out;
}

static int
udp_open(struct link *l)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct udp *u = (struct udp *)l;
	const struct dial *d = l->dial;
	char port[8];
	struct keeper_look_up what = { d->url->host,
		udp_port(d->url->port, port, sizeof(port)),
		families[d->link->family], d->link->place.netns };
	struct why why;

	u->resolve = keeper_resolve(&what, udp_resolved, u, &why);
	if (u->resolve == NULL)
		return link_fail(l, why.fault, "%s", why.text);
	return 0;
}

static int
udp_advance(struct link *l)
{
	return ((const struct udp *)l)->failed ? -1 : l->fd != -1;
}

/*
 * Nobody was there for a datagram of ours, or there was no way.  The link is
 * as good as before, but where the name has an address that was not tried.
 */
static ssize_t
udp_broken(struct udp *u)
{
	struct link *l = &u->link;
	struct dial *d = l->dial;
	char peer[80] = "";
	int error = errno;

	if (error == EAGAIN || error == EMSGSIZE)
		return -1;
	sock_fact(l, LINK_PEER, peer, sizeof(peer));
	link_fail(l, FAULT_CONNECT, "%s: %s%s", peer, udp_words(error),
	    error == ECONNREFUSED ? ": nobody was there for a datagram" : "");
	if (error == ECONNREFUSED && !u->heard && d->refused + 1 < u->n) {
		d->refused++;
		return -1;
	}
	d->refused = 0;
	errno = ECONNREFUSED;
	return -1;
}

static ssize_t
udp_read(struct link *l, void *data, size_t size)
{
	struct udp *u = (struct udp *)l;
	ssize_t n = dgram_read(l, data, size, false);

	u->heard |= n > 0;
	return n == -1 ? udp_broken(u) : n;
}

static ssize_t
udp_write(struct link *l, const void *data, size_t size)
{
	ssize_t n = dgram_write(l, data, size);

	return n == -1 ? udp_broken((struct udp *)l) : n;
}

static void
udp_close(struct link *l)
{
	struct udp *u = (struct udp *)l;

	keeper_resolve_cancel(u->resolve);
	u->resolve = NULL;
	sock_close(l);
}

const struct transport transport_udp = {
	.name = "udp",
	.usage = "udp://HOST:PORT",
	.text = "UDP: datagrams to and from that address and no other; see "
		"fifod-framing(7).",
	.flags = TRANSPORT_DATAGRAM,
	.size = sizeof(struct udp),
	.most = UDP_MOST,
	.open = udp_open,
	.advance = udp_advance,
	.read = udp_read,
	.write = udp_write,
	.finish = dgram_finish,
	.close = udp_close,
	.fact = dgram_fact,
};
