/*
 * Preludes on a link's socket, one behind the other.
 *
 * Bytes are looked at first (MSG_PEEK) and then taken, as many as the prelude
 * says are its own: what a peer sends behind the last of them stays in the
 * socket, for the next prelude, for TLS or for the link, which may be spliced.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/xalloc.h"
#include "transport/link.h"
#include "transport/prelude.h"
#include "transport/tls.h"
#include "transport/via.h"
#include "transport/way.h"

struct way {
	struct prelude now;
	struct prelude_ends ends;
	struct via_login *logins;       /* one for each proxy */
	size_t at, nvia;                /* the prelude under way; proxies */
	size_t sent;                    /* of now.say */
	bool said;                      /* it needs no more of an answer */
	char name[140];                 /* whose answer it is */
};

/* A proxy is asked for the next one, or for the endpoint. */
static void
way_begin_hop(struct way *way, const struct dial *dial)
{
	const struct via_hop *hop = &dial->via->hop[way->at];
	const struct via_login *login = &way->logins[way->at];
	const struct url *next = way->at + 1 < way->nvia ?
	    &hop[1].url : dial->url;
	struct prelude *p = &way->now;

	p->kind = hop->kind;
	p->host = next->host;
	p->port = via_port(next->port);
	p->user = login->given ? login->user : NULL;
	p->password = login->password;
	snprintf(way->name, sizeof(way->name), "proxy %.110s", hop->url.text);
}

static void
way_begin_header(struct way *way, const struct dial *dial)
{
	way->now.kind = way_header(dial);
	if (way->now.kind != NULL)
		snprintf(way->name, sizeof(way->name), "proxy-protocol=%s",
		    way->now.kind->name);
}

static void
way_begin_starttls(struct way *way, const struct dial *dial)
{
	struct prelude *p = &way->now;

	p->kind = way_starttls(dial);
	if (p->kind == NULL)
		return;
	/* Who is meant is whom the certificate is for. */
	p->host = dial->tls->verify_name != NULL ? dial->tls->verify_name :
	    dial->url->host;
	snprintf(way->name, sizeof(way->name), "starttls=%s", p->kind->name);
}

/* Set up the next prelude; false: there is none. */
static bool
way_choose(struct way *way, const struct dial *dial)
{
	struct prelude *p = &way->now;

	explicit_bzero(p, sizeof(*p));
	way->sent = 0;
	p->ends = &way->ends;
	for (; way->at < way->nvia + 2; way->at++) {
		if (way->at < way->nvia)
			way_begin_hop(way, dial);
		else if (way->at == way->nvia)
			way_begin_header(way, dial);
		else
			way_begin_starttls(way, dial);
		if (p->kind != NULL)
			return true;
	}
	return false;
}

static int
way_fail(const struct way *way, struct link *l)
{
	return link_fail(l, way->now.kind->flags & PRELUDE_TLS ? FAULT_TLS :
	    FAULT_CONNECT, "%s: %s", way->name, way->now.why);
}

/* The connection itself is gone, which another attempt may mend. */
static int
way_broken(const struct way *way, struct link *l, const char *how)
{
	return link_fail(l, way->now.kind->flags & PRELUDE_TLS ?
	    FAULT_RECEIVE : FAULT_CONNECT, "%s: %s", way->name, how);
}

static int
way_heed(struct way *way, struct link *l, enum prelude_next next)
{
	way->said = next == PRELUDE_DONE;
	return next == PRELUDE_FAILED ? way_fail(way, l) : 1;
}

static int
way_begin(struct way *way, struct link *l)
{
	if (way->now.kind->flags & PRELUDE_TLS)
		link_enter(l, LINK_HANDSHAKE);
	return way_heed(way, l, prelude_begin(&way->now));
}

/* 1: all that is to be said is with the kernel. */
static int
way_send(struct way *way, struct link *l)
{
	struct prelude *p = &way->now;
	ssize_t n;

	while (way->sent < p->nsay) {
		n = send(l->fd, p->say + way->sent, p->nsay - way->sent,
		    MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			l->want_write = true;
			return 0;
		}
		if (n == -1)
			return way_broken(way, l, strerror(errno));
		way->sent += (size_t)n;
	}
	/* It may have been a password. */
	explicit_bzero(p->say, p->nsay);
	way->sent = p->nsay = 0;
	return 1;
}

static int
way_read(struct way *way, struct link *l)
{
	uint8_t data[PRELUDE_UNIT];
	enum prelude_next next;
	size_t used;
	ssize_t n;

	n = recv(l->fd, data, sizeof(data), MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		l->want_read = true;
		return 0;
	}
	if (n <= 0)
		return way_broken(way, l, n == 0 ?
		    "closed the connection" : strerror(errno));
	next = prelude_take(&way->now, data, (size_t)n, &used);
	if (recv(l->fd, data, used, 0) != (ssize_t)used)
		return way_broken(way, l, "connection broke");
	return way_heed(way, l, next);
}

/*
 * A server that is asked for TLS has nothing to say before our first message:
 * whatever is there was put there by somebody else (CVE-2021-3935), and would
 * be taken for what the server says under TLS where it was kept.
 */
static int
way_end(const struct way *way, struct link *l)
{
	char byte, target[120];

	if (way->now.kind->flags & PRELUDE_TLS) {
		if (recv(l->fd, &byte, 1, MSG_PEEK) > 0)
			return link_fail(l, FAULT_TLS, "%s: more came before "
			    "TLS than the server's answer: it is not to be "
			    "trusted", way->name);
	} else if (way->now.kind->answer != NULL) {
		link_note(l, "%s: connected to %s", way->name,
		    prelude_target(&way->now, target, sizeof(target)));
	}
	return 1;
}

/* The prelude is over, all of it sent: on to the next; 0 there is none. */
static int
way_on(struct way *way, struct link *l)
{
	if (way_end(way, l) == -1)
		return -1;
	way->at++;
	return way_choose(way, l->dial) ? way_begin(way, l) : 0;
}

int
way_advance(struct way *way, struct link *l)
{
	int next;

	l->want_read = l->want_write = false;
	for (;;) {
		next = way_send(way, l);
		if (next <= 0)
			return next;
		if (way->said) {
			next = way_on(way, l);
			if (next <= 0)
				return next == 0 ? 1 : -1;
		} else {
			next = way_read(way, l);
			if (next <= 0)
				return next;
		}
	}
}

struct prelude_ends *
way_client(const struct dial *dial, int fd)
{
	struct prelude_ends *ends;
	socklen_t nfrom = sizeof(ends->from), nto = sizeof(ends->to);

	if (way_header(dial) == NULL)
		return NULL;
	ends = xcalloc(1, sizeof(*ends));
	if (getpeername(fd, (struct sockaddr *)&ends->from, &nfrom) == 0 &&
	    getsockname(fd, (struct sockaddr *)&ends->to, &nto) == 0 &&
	    (ends->from.ss_family == AF_INET ||
	    ends->from.ss_family == AF_INET6))
		return ends;
	free(ends);
	return NULL;
}

/* Of what has none the family stays 0, which is AF_UNSPEC. */
static void
way_find_ends(struct prelude_ends *ends, int fd)
{
	socklen_t nfrom = sizeof(ends->from), nto = sizeof(ends->to);

	getsockname(fd, (struct sockaddr *)&ends->from, &nfrom);
	getpeername(fd, (struct sockaddr *)&ends->to, &nto);
}

int
way_new(struct link *l, const struct prelude_ends *client, struct way **out)
{
	const struct dial *dial = l->dial;
	struct way *way;
	struct why why;

	if (!(l->transport->flags & TRANSPORT_WAY) || (dial->via == NULL &&
	    way_header(dial) == NULL && way_starttls(dial) == NULL))
		return 1;
	way = *out = xcalloc(1, sizeof(*way));
	if (dial->via != NULL) {
		way->nvia = dial->via->n;
		way->logins = via_logins(dial->via, dial->link->via_auth,
		    &why);
		if (way->logins == NULL)
			return link_fail(l, FAULT_CONNECT, "%s", why.text);
	}
	if (client != NULL)
		way->ends = *client;
	else
		way_find_ends(&way->ends, l->fd);
	way_choose(way, dial);
	return way_begin(way, l);
}

const char *
way_waits_for(const struct way *way)
{
	return way == NULL || way->said ? NULL : way->name;
}

void
way_free(struct way *way)
{
	if (way == NULL)
		return;
	if (way->logins != NULL)
		freezero(way->logins, way->nvia * sizeof(*way->logins));
	freezero(way, sizeof(*way));
}
