#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "transport/sock.h"
#include "transport/vsock.h"

static const struct vsock_name {
	const char *name;
	uint32_t cid;
} vsock_names[] = {
	{ "local", 1 },
	{ "host", 2 },
	{ "any", VSOCK_ANY },
};

int
vsock_cid(const char *text, uint32_t *cid, struct why *why)
{
	const char *flaw = NULL;
	size_t i;

	for (i = 0; i < sizeof(vsock_names) / sizeof(vsock_names[0]); i++) {
		if (strcmp(text, vsock_names[i].name) == 0) {
			*cid = vsock_names[i].cid;
			return 0;
		}
	}
	*cid = (uint32_t)strtonum(text, 0, VSOCK_ANY, &flaw);
	if (flaw == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is no CID: a number up to "
	    "%u, or host, local, any", text, VSOCK_ANY);
}

int
vsock_port(const char *text, uint32_t *port, struct why *why)
{
	const char *flaw = NULL;

	*port = (uint32_t)strtonum(text, 0, UINT32_MAX - 1, &flaw);
	if (flaw == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is no port of vsock: a "
	    "number up to %u", text, UINT32_MAX - 1);
}

static int
vsock_check(const struct url *url, struct why *why)
{
	uint32_t cid, port;

	if (url->host == NULL || url->port == NULL || *url->rest != '\0')
		return why_fail(why, FAULT_USAGE, "\"%.80s\" is not of the "
		    "form vsock://CID:PORT", url->text);
	if (vsock_cid(url->host, &cid, why) == -1 ||
	    vsock_port(url->port, &port, why) == -1)
		return -1;
	if (cid == VSOCK_ANY)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": any is nobody "
		    "who could be called; host is the virtual machine's host",
		    url->text);
	return 0;
}

static int
vsock_fail(struct link *l, int error)
{
	return link_fail(l, FAULT_CONNECT, "%s: %s", l->dial->url->text,
	    error == ECONNRESET || error == ECONNREFUSED ?
	    "connection refused" : error == ENODEV ?
	    "no such machine (no transport leads to this CID)" :
	    strerror(error));
}

static int
vsock_open(struct link *l)
{
	const struct url *url = l->dial->url;
	struct keeper_address at;
	uint32_t cid, port;
	struct why why;

	if (vsock_cid(url->host, &cid, &why) == -1 ||
	    vsock_port(url->port, &port, &why) == -1)
		return link_fail(l, why.fault, "%s", why.text);
	vsock_address(cid, port, &at);
	l->fd = keeper_socket(at.address.ss_family, SOCK_STREAM,
	    &(struct keeper_place){ .netns = l->dial->link->place.netns },
	    &why);
	if (l->fd == -1)
		return link_fail(l, why.fault, "%s", why.text);
	link_enter(l, LINK_CONNECTING);
	if (connect(l->fd, (struct sockaddr *)&at.address, at.length) == -1 &&
	    errno != EINPROGRESS)
		return vsock_fail(l, errno);
	return 0;
}

/* Connected, or on the way to it, is what getpeername(2) tells apart. */
static int
vsock_advance(struct link *l)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer), n = sizeof(int);
	int error = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) == -1)
		error = errno;
	if (error != 0)
		return vsock_fail(l, error);
	l->want_write = getpeername(l->fd, (struct sockaddr *)&peer,
	    &length) == -1;
	return !l->want_write;
}

/* "2:1024" */
static bool
vsock_fact(const struct link *l, enum link_fact fact, char *out, size_t size)
{
	struct sockaddr_storage at;
	socklen_t length = sizeof(at);
	uint32_t cid, port;
	int wrong;

	if (l->fd == -1 || (fact != LINK_LOCAL && fact != LINK_PEER))
		return false;
	wrong = fact == LINK_LOCAL ?
	    getsockname(l->fd, (struct sockaddr *)&at, &length) :
	    getpeername(l->fd, (struct sockaddr *)&at, &length);
	if (wrong || !vsock_parts(&at, &cid, &port))
		return false;
	snprintf(out, size, "%u:%u", cid, port);
	return true;
}

const struct transport transport_vsock = {
	.name = "vsock",
	.usage = "vsock://CID:PORT",
	.text = "Between a virtual machine and its host, vsock(7); CID is a "
		"number, or host, or local.",
	.flags = TRANSPORT_PLAIN | TRANSPORT_LIVES,
	.size = sizeof(struct link),
	.available = vsock_available,
	.check = vsock_check,
	.open = vsock_open,
	.advance = vsock_advance,
	.read = sock_read,
	.write = sock_write,
	.finish = sock_finish,
	.close = sock_close,
	.fact = vsock_fact,
};
