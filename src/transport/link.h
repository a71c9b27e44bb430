/*
 * A link: one live connection to a peer, a stack of transports (tls over
 * tcp).  link_new() starts it, the callback tells of its moves, and once it
 * is up the owner reads, writes and watches its descriptor.
 *
 * The callback comes from the loop, never from inside link_new(), read or
 * write.  The owner may link_free() in it.
 */
#ifndef TRANSPORT_LINK_H
#define TRANSPORT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/option.h"
#include "base/why.h"
#include "keeper/keeper.h"
#include "transport/transport.h"

enum link_phase {
	LINK_RESOLVING,
	LINK_CONNECTING,
	LINK_HANDSHAKE,
	LINK_UP,
	LINK_FAILED,            /* see l->why */
	LINK_NEWS,              /* it was up, and is: read it, see link_wake() */
};

struct link_options {
	bool keepalive;
	int keepalive_idle;     /* ms before the first probe */
	int timeout_connect;    /* ms for all of resolve, connect, handshake */
	int family;             /* index in "any|inet|inet6" */
	struct keeper_place place;
	size_t receive_buffer;  /* of a datagram's socket */
	char *via;              /* proxies, "socks5://HOST:PORT,..."; or NULL */
	char *via_auth;         /* file of users and passwords for them */
	int proxy_protocol;     /* index in "no|v1|v2" */
};
extern const struct option_row link_option_rows[11];

/*
 * What is to be done before any link is made, at `open': the options are
 * looked at, files are read.  0, or -1 + why.  link_forget() frees what it
 * has made in `dial', and is allowed without it.
 */
int link_prepare(const struct transport *t, struct dial *dial,
    struct why *why);
void link_forget(const struct transport *t, struct dial *dial);
/* Can this be a namespace's name?  0, or -1 + FAULT_USAGE. */
int link_check_netns(const char *value, struct why *why);

typedef void link_cb(struct link *l, void *arg);

struct link {
	const struct transport *transport;
	struct dial *dial;
	struct link *below;     /* owned; NULL at the bottom */
	struct link *above;     /* NULL at the top */
	int fd;                 /* the bottom's descriptor; -1 before connect */
	enum link_phase phase;  /* of the whole stack: look at the top's */
	enum link_phase told;   /* of the top: the phase its owner knows */
	bool opened;            /* its open() was called */
	bool finished;          /* its finish() was called */
	bool inherited;         /* a former engine had it up */
	/*
	 * Set by advance() for the driver.  want_read is set by write() too,
	 * with EAGAIN, where only reading can help: half of a handshake message
	 * is here, and the descriptor is writable all the while.
	 */
	bool want_read, want_write;
	/*
	 * Set by read() with EAGAIN: the descriptor, which may be readable all
	 * the while, tells nothing more; link_wake() will.
	 */
	bool hushed;
	struct buf *ahead;      /* read before it was up, by on-connect; NULL */

	/* Of the top only. */
	struct link_driver *driver;     /* NULL once it is up */
	struct login *login;            /* on-connect, while it runs; login.h */
	link_cb *changed;
	void *arg;
	struct why *why;        /* the owner's; NULL: it has heard enough */
	void (*note)(void *arg, const char *text);
	struct trace *trace;    /* of its way up; NULL once it is told */
};

/*
 * Start a link to what `dial` says.  `changed` is called at every change of
 * phase; `why` is where failures are told; `note` (may be NULL) gets lines
 * for the session's log ("trying 192.0.2.1:443").  Never fails here.
 */
struct link *link_new(const struct transport *t, struct dial *dial,
    link_cb *changed, void *arg, struct why *why,
    void (*note)(void *arg, const char *text));
/*
 * It is made for the client at the other end of this socket, whom
 * proxy-protocol= names to the peer, if they speak TCP.  To be called right
 * after link_new().
 */
void link_for(struct link *l, int client_fd);
/*
 * While it is not up: whose answer is waited for, where it is not the
 * endpoint's ("proxy socks5://192.0.2.1:1080"); else NULL.
 */
const char *link_waits_for(const struct link *l);
/*
 * How long its way up has taken: as trace_text() into out, and in
 * microseconds.  Once, when LINK_UP is told; 0 and "" where nobody knows.  To
 * be called, if only to forget it: size 0.
 */
int64_t link_trace(struct link *l, char *out, size_t size);
/* Who is told of a link's moves: the last four arguments of link_new(). */
struct link_owner {
	link_cb *changed;
	void *arg;
	struct why *why;
	void (*note)(void *arg, const char *text);
};
/*
 * The same for one who has called: a link over the connected socket fd (taken
 * over), which stands in for the lowest layer of t; the layers above it are
 * those of the side that waits.  dial->accepts is set, and was when t
 * prepared.
 */
struct link *link_accept(const struct transport *t, struct dial *dial, int fd,
    const struct link_owner *owner);
/*
 * The same for a connection that was up in a former engine: nothing is said on
 * it any more.  Of a transport with TRANSPORT_LIVES, and what it accepts.
 */
struct link *link_inherit(struct dial *dial, int fd,
    const struct link_owner *owner);
/* From now on this one is told. */
void link_give(struct link *l, const struct link_owner *owner);
/* Close whatever is open, say nothing to the owner; NULL is allowed. */
void link_free(struct link *l);

/* The contracts of transport.h, for a link that is up. */
ssize_t link_read(struct link *l, void *data, size_t size);
ssize_t link_write(struct link *l, const void *data, size_t size);
size_t link_pending(const struct link *l);
size_t link_unsent(const struct link *l);
bool link_holds(const struct link *l);
/* Are the bytes on its descriptor its own?  NULL: no. */
bool link_is_plain(const struct link *l);
/* Does it carry datagrams?  NULL: no. */
bool link_is_datagram(const struct link *l);
/* Datagrams that the kernel has dropped before they were read. */
uint64_t link_lost(const struct link *l);
/* A system call on the descriptor of a plain link failed: say why, by errno. */
void link_broken(struct link *l);
int link_finish(struct link *l);
/* Options that are live may have changed. */
void link_tune(struct link *l);
/* A fact from the nearest layer that has it. */
bool link_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size);
char *link_certificates(const struct link *l);
/* Bytes that the kernel has not seen acknowledged; 0 where unknown. */
size_t link_unacknowledged(const struct link *l);

/*
 * For members.  link_fail records the reason and returns -1 with errno set
 * to EIO; link_kick has advance() called soon; link_enter tells a new phase
 * (at the next step); link_note adds a line to the session's log.
 */
int link_fail(struct link *l, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void link_kick(struct link *l);
void link_enter(struct link *l, enum link_phase phase);
void link_note(struct link *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * From the loop, of a link that hushed itself: there is something to read, its
 * end at least.  The owner is told by LINK_NEWS and may free the link.
 */
void link_wake(struct link *l);

#endif
