/*
 * Transports: the kinds of link.  One file a member, which exports one
 * `const struct transport`; the list in src/local.mk makes the table.  TLS is
 * a layer over any link, not a kind of TCP: a layer has `over`, the name of
 * the transport below it, and finds that link in l->below.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/option.h"
#include "base/url.h"
#include "base/why.h"

struct keeper_address;
struct link;

/*
 * What a session dials, each time it dials, or how it takes those who call:
 * owned by the session, outlives its links.  `tls_memory` is what prepare() has
 * made of the options and what one link leaves for the next (context, session
 * ticket).
 */
struct dial {
	const struct url *url;
	const struct link_options *link;
	const struct tls_options *tls;
	struct tls_memory *tls_memory;
	unsigned refused;       /* udp: of its addresses, from the first */
	const struct child_options *child;      /* NULL: nothing is run */
	const struct keeper_home *home; /* where programs run; NULL: as ours */
	char exit[16];          /* how the newest program ended: "3", "SIGHUP" */
	bool proven;            /* ... it was there, and so will the next be */
	struct via *via;        /* as via= says it, parsed; NULL: none */
	int recent_ms;          /* a look-up this old will do; 0: a fresh one */
	bool accepts;           /* peers come to us: link_accept() */
};

/* Facts about a link for `status`; each is one row there. */
enum link_fact {
	LINK_LOCAL,             /* "127.0.0.1:40312" */
	LINK_PEER,              /* "127.0.0.1:443" */
	LINK_TLS,               /* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
	LINK_VERIFIED,          /* "yes", "no (verify=no)" */
	LINK_ALPN,              /* the protocol chosen */
	LINK_RESUMED,           /* "yes", "no" */
	LINK_LOST,              /* "12": datagrams that the kernel dropped */
	LINK_END,               /* "exit status 0": what its end was */
	/* Of the peer's certificate, also of one that was refused. */
	LINK_SUBJECT, LINK_ISSUER,
	LINK_NAMES,             /* "a.example, b.example and 7 more" */
	LINK_BEGINS, LINK_ENDS, /* "2025-03-01" */
	LINK_DAYS,              /* "30", "-2": until its end */
	LINK_EXPIRES,           /* "1735689600": its end, in seconds since 1970 */
	LINK_LISTENING,         /* where datagrams of all are heard */
};

enum {
	TRANSPORT_PLAIN = 1,    /* bytes on the descriptor are the link's own */
	/*
	 * What is written at once is one datagram, what is read at once is
	 * one, and none is empty.  Two errors more leave the link as it is, see
	 * l->why: EMSGSIZE, this one is too long and was not sent;
	 * ECONNREFUSED, this one or an earlier one has not arrived.
	 */
	TRANSPORT_DATAGRAM = 2,
	TRANSPORT_PATH = 4,     /* url->rest is a path, or @NAME */
	TRANSPORT_RUNS = 8,     /* runs a program, in the opener's home */
	TRANSPORT_ENDS = 16,    /* the link's end is what readers wait for:
				   on-close is eof where nobody says */
	TRANSPORT_WAY = 32,     /* a connection that may lead over proxies; see
				   way.h */
	TRANSPORT_LIVES = 64,   /* once it is up it is its descriptor and no
				   more: another process can go on with it */
};

struct transport {
	const char *name;       /* the scheme: "tcp" */
	const char *over;       /* the layer below: "tcp"; NULL for none */
	const char *usage;      /* "tcp://HOST:PORT" */
	const char *text;       /* one sentence for help and the manual */
	unsigned flags;         /* TRANSPORT_... */
	size_t size;            /* of the member's struct, whose first is link */
	size_t most;            /* of a datagram; 0: the kernel knows */
	/*
	 * Of the side that waits: the scheme of the links that are made of
	 * those who call (listener.h); of the slots below, which are those of
	 * a link, it has check() alone.  address() says where it waits, 0 or
	 * -1 + FAULT_USAGE; NULL: at HOST:PORT, which is looked up.
	 */
	const char *accepts;
	int (*address)(const struct url *url, struct keeper_address *out,
	    struct why *why);

	/*
	 * Is it there on this system?  0, or -1 + FAULT_USAGE that says why
	 * not.  NULL: always.
	 */
	int (*available)(struct why *why);
	/*
	 * Is the URL of the form that this transport takes?  0, or -1 +
	 * FAULT_USAGE.  NULL: HOST:PORT, see transport_check().
	 */
	int (*check)(const struct url *url, struct why *why);
	/*
	 * Look at the options before any link is made: files are read,
	 * keys matched.  0, or -1 + why; `open` is refused with that.  NULL
	 * where there is nothing to look at.  forget() frees what it made.
	 */
	int (*prepare)(struct dial *dial, struct why *why);
	void (*forget)(struct dial *dial);
	/*
	 * Before each link: read again what has changed of the files.  0, or
	 * -1 + why, and what was read before stays in use.  NULL as above.
	 */
	int (*refresh)(struct dial *dial, struct why *why);

	/*
	 * Start; never waits.  A layer is opened when the link below is up.
	 * 0, or -1 + link_fail().
	 */
	int (*open)(struct link *l);
	/*
	 * Go on with connecting or the handshake.  1 up; 0 not yet: l->wants
	 * says what to wait for on l->fd (nothing: the member calls link_kick()
	 * itself when it is time); -1 failed, see l->why.
	 */
	int (*advance)(struct link *l);
	/*
	 * Up to `size` bytes, as many as are there; 0 the peer has closed its
	 * side in order; -1 with EAGAIN: nothing now; -1 with any other errno:
	 * l->why.  A link is presumed readable until this says EAGAIN: a TLS
	 * library holds plaintext that poll cannot see.
	 */
	ssize_t (*read)(struct link *l, void *data, size_t size);
	/*
	 * How many of the bytes were taken, 0 < n <= size; -1 with EAGAIN or
	 * why as above.  Taken means: sent or held in the link and sent before
	 * all that follow.  While link_pending() a link takes no more; size 0
	 * only sends on what is held, and gives 0 when nothing is.
	 */
	ssize_t (*write)(struct link *l, const void *data, size_t size);
	/* Bytes for the wire that the link still holds; NULL: never any. */
	size_t (*pending)(const struct link *l);
	/* Of the bytes taken, those not wholly sent; NULL: as many as pending. */
	size_t (*unsent)(const struct link *l);
	/* Sent, and not acknowledged; NULL: what the descriptor's kernel says. */
	size_t (*unacknowledged)(const struct link *l);
	/*
	 * Does the layer hold bytes to be read that poll cannot see?  NULL:
	 * never.  After a short read without such the owner may trust poll.
	 */
	bool (*holds)(const struct link *l);
	/* Options that are live may have changed; NULL: it reads none again. */
	void (*tune)(struct link *l);
	/* No more will be written; the other direction stays. 0, -1 as write. */
	int (*finish)(struct link *l);
	/* Once, from any state; the descriptor is closed here. Says nothing. */
	void (*close)(struct link *l);
	/* One fact into out; false where there is nothing to say. */
	bool (*fact)(const struct link *l, enum link_fact fact, char *out,
	    size_t size);
	/* The chain the peer showed, in PEM, into fresh memory; NULL: none. */
	char *(*certificates)(const struct link *l);
};

/* The table, NULL-terminated, in the order of src/local.mk. */
extern const struct transport *const transport_table[];
/* By scheme; or NULL + FAULT_USAGE with the schemes there are. */
const struct transport *transport_find(const char *name, struct why *why);
/* As the slot, where there is one; else scheme://HOST:PORT and no more. */
int transport_check(const struct transport *t, const struct url *url,
    struct why *why);

#endif
