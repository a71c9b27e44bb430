/*
 * TCP, with Happy Eyeballs (RFC 8305) over all addresses of a name: the
 * families take turns, a new attempt starts 250 ms after the last one or as
 * soon as that fails, and the first to connect wins.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "transport/sock.h"
#include "transport/way.h"

/* RFC 8305 section 5: the recommended Connection Attempt Delay. */
#define TCP_ATTEMPT_DELAY_MS 250
#define TCP_ADDRESS_TEXT 80

struct tcp;

struct attempt {
	struct tcp *tcp;
	struct watch writable;
	int fd;                 /* -1: not begun, or over */
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
};

/* What is needed until one attempt has won, and no longer. */
struct race {
	struct timer next;      /* the delay before another attempt begins */
	size_t open;            /* attempts under way */
	size_t begun;           /* attempts begun, in their order */
	size_t n;
	struct attempt attempt[];
};

struct tcp {
	struct link link;       /* first: a tcp is a link */
	struct keeper_resolve *resolve;
	struct keeper_recall *recall;   /* or this, of one who has many */
	struct race *race;
	bool failed;
};

static void race_begin(struct tcp *t);

static void
attempt_end(struct attempt *a)
{
	if (a->fd == -1)
		return;
	watch_clear(&a->writable);
	close(a->fd);
	a->fd = -1;
	a->tcp->race->open--;
}

static void
race_free(struct tcp *t)
{
	size_t i;

	if (t->race == NULL)
		return;
	timer_clear(&t->race->next);
	for (i = 0; i < t->race->begun; i++)
		attempt_end(&t->race->attempt[i]);
	free(t->race);
	t->race = NULL;
}

static const char *
tcp_words(int error)
{
	return error == ECONNREFUSED ? "connection refused" : strerror(error);
}

/* With via= it is not the endpoint that is called. */
static const char *
tcp_whose(const struct tcp *t)
{
	return t->link.dial->via != NULL ? "proxy " : "";
}

static char *
attempt_text(const struct attempt *a, char *out)
{
	return sock_text(&a->address.any, a->length, out, TCP_ADDRESS_TEXT);
}

/* One attempt is over; when it was the last hope, so is the race. */
static void
attempt_fail(struct attempt *a, const char *reason)
{
	struct tcp *t = a->tcp;
	char text[TCP_ADDRESS_TEXT];

	attempt_text(a, text);
	link_fail(&t->link, FAULT_CONNECT, "%s%s: %s", tcp_whose(t), text,
	    reason);
	link_note(&t->link, "connect: %s%s: %s", tcp_whose(t), text, reason);
	attempt_end(a);
	if (t->race->begun < t->race->n) {
		race_begin(t);
	} else if (t->race->open == 0) {
		t->failed = true;
		link_kick(&t->link);
	}
}

/* The first to connect: it is the link, the others are closed. */
static void
attempt_win(struct attempt *a)
{
	struct tcp *t = a->tcp;

	watch_clear(&a->writable);
	t->link.fd = a->fd;
	a->fd = -1;
	t->race->open--;
	race_free(t);
	sock_tune(&t->link);
	link_kick(&t->link);
}

static void
attempt_ready(void *arg)
{
	struct attempt *a = arg;
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
		error = errno;
	if (error == 0)
		attempt_win(a);
	else
		attempt_fail(a, tcp_words(error));
}

static void
attempt_begin(struct attempt *a)
{
	struct why why;

	a->fd = keeper_socket(a->address.any.sa_family, SOCK_STREAM,
	    &a->tcp->link.dial->link->place, &why);
	if (a->fd == -1) {
		attempt_fail(a, why.text);
		return;
	}
	a->tcp->race->open++;
	if (connect(a->fd, &a->address.any, a->length) == 0) {
		attempt_win(a);
	} else if (errno == EINPROGRESS) {
		watch_init(&a->writable, a->fd, LOOP_WRITE, attempt_ready, a);
		watch_want(&a->writable, true);
	} else {
		attempt_fail(a, tcp_words(errno));
	}
}

/* The newest attempt has had no answer yet: another one beside it. */
static void
race_late(void *arg)
{
	struct tcp *t = arg;
	const struct race *r = t->race;
	char text[TCP_ADDRESS_TEXT], next[TCP_ADDRESS_TEXT];

	link_note(&t->link, "connect: %s%s: no answer yet, %s is tried, too",
	    tcp_whose(t), attempt_text(&r->attempt[r->begun - 1], text),
	    attempt_text(&r->attempt[r->begun], next));
	race_begin(t);
}

/* Begin the next attempt, and the delay before the one after it. */
static void
race_begin(struct tcp *t)
{
	struct race *r = t->race;
	struct attempt *a = &r->attempt[r->begun++];

	timer_clear(&r->next);
	if (r->begun < r->n)
		timer_set(&r->next, TCP_ATTEMPT_DELAY_MS, race_late, t);
	attempt_begin(a);
}

/*
 * The attempts in the order of RFC 8305 section 4: that of getaddrinfo(3),
 * but the families in turn for as long as there are both.
 */
static struct race *
race_new(struct tcp *t, const struct keeper_addresses *found)
{
	struct race *r;
	bool used[KEEPER_ADDRESSES] = { false };
	sa_family_t last = AF_UNSPEC;
	size_t i, best;

	r = xcalloc(1, sizeof(*r) + found->n * sizeof(r->attempt[0]));
	for (r->n = 0; r->n < found->n; r->n++) {
		best = found->n;
		for (i = 0; i < found->n; i++) {
			if (used[i])
				continue;
			if (best == found->n)
				best = i;
			if (found->at[i].address.ss_family != last) {
				best = i;
				break;
			}
		}
		used[best] = true;
		last = found->at[best].address.ss_family;
		r->attempt[r->n] = (struct attempt){ .tcp = t,
			.fd = -1, .length = found->at[best].length };
		memcpy(&r->attempt[r->n].address, &found->at[best].address,
		    sizeof(r->attempt[r->n].address));
	}
	return r;
}

static void
tcp_resolved(const struct keeper_addresses *found, const struct why *why,
    void *arg)
{
	struct tcp *t = arg;

	t->resolve = NULL;
	t->recall = NULL;
	if (found == NULL) {
		link_fail(&t->link, why->fault, "%s%s", tcp_whose(t),
		    why->text);
		t->failed = true;
		link_kick(&t->link);
		return;
	}
	link_enter(&t->link, LINK_CONNECTING);
	t->race = race_new(t, found);
	race_begin(t);
}

static int
tcp_open(struct link *l)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct tcp *t = (struct tcp *)l;
	const struct link_options *o = l->dial->link;
	struct keeper_look_up what = { .family = families[o->family],
		.netns = o->place.netns };
	const struct url *to;
	struct why why;

	to = way_first(l->dial, &why);
	if (to == NULL)
		return link_fail(l, why.fault, "%s", why.text);
	what.host = to->host;
	what.port = to->port;
	if (l->dial->recent_ms > 0) {
		t->recall = keeper_recall(&what, l->dial->recent_ms,
		    tcp_resolved, t);
		return 0;
	}
	t->resolve = keeper_resolve(&what, tcp_resolved, t, &why);
	if (t->resolve == NULL)
		return link_fail(l, why.fault, "%s", why.text);
	return 0;
}

static int
tcp_advance(struct link *l)
{
	const struct tcp *t = (const struct tcp *)l;

	if (t->failed)
		return -1;
	return l->fd != -1 && t->race == NULL;
}

static void
tcp_close(struct link *l)
{
	struct tcp *t = (struct tcp *)l;

	keeper_resolve_cancel(t->resolve);
	keeper_recall_cancel(t->recall);
	t->resolve = NULL;
	t->recall = NULL;
	race_free(t);
	sock_close(l);
}

const struct transport transport_tcp = {
	.name = "tcp",
	.usage = "tcp://HOST:PORT",
	.text = "A TCP connection; every address of HOST is tried, IPv6 and "
		"IPv4 in turn.",
	.flags = TRANSPORT_PLAIN | TRANSPORT_WAY | TRANSPORT_LIVES,
	.size = sizeof(struct tcp),
	.open = tcp_open,
	.advance = tcp_advance,
	.read = sock_read,
	.write = sock_write,
	.finish = sock_finish,
	.close = tcp_close,
	.fact = sock_fact,
};
