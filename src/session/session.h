/*
 * One session: a name, a directory of FIFOs, one endpoint, its options and
 * its link.  state.c moves it, flow.c pumps its bytes, retry.c decides when
 * to dial again, status.c tells how it is.
 *
 * The owner (the broker) is told of every change of state and of the end.
 * changed() and ended() come at the end of a turn of the loop, never from inside a
 * function below, so the owner may call anything from them.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/ledger.h"
#include "base/option.h"
#include "base/url.h"
#include "base/why.h"
#include "channel/pair.h"
#include "channel/notice.h"
#include "session/door.h"
#include "session/flow.h"
#include "transport/child.h"
#include "session/mirror.h"
#include "session/record.h"
#include "transport/link.h"
#include "transport/tls.h"

enum session_state {
	SESSION_IDLE,           /* no link; made on demand */
	SESSION_RESOLVING,
	SESSION_CONNECTING,
	SESSION_HANDSHAKE,
	SESSION_UP,
	SESSION_LISTENING,
	SESSION_BACKOFF,        /* waits before it dials again */
	SESSION_CLOSING,        /* drains, then ends */
	SESSION_FAILED,         /* will not retry by itself */
	SESSION_CLOSED,         /* directory gone; about to be freed */
};

enum session_connect { CONNECT_NOW, CONNECT_ON_DEMAND };
enum session_reconnect { RECONNECT_ON_DEMAND, RECONNECT_ALWAYS,
	RECONNECT_NEVER, RECONNECT_AUTO };
enum session_delivery { DELIVERY_MESSAGE, DELIVERY_STREAM, DELIVERY_AUTO };
enum session_retry { RETRY_NEVER, RETRY_SAFE, RETRY_IDEMPOTENT };
enum session_leftover { LEFTOVER_DISCARD, LEFTOVER_KEEP };
enum session_slow { SLOW_BLOCK, SLOW_DROP };
enum session_on_close { ON_CLOSE_HOLD, ON_CLOSE_EOF, ON_CLOSE_AUTO };
enum session_accept { ACCEPT_ONE, ACCEPT_EACH, ACCEPT_MERGE };

struct session_options {
	int connect;            /* enum session_connect */
	int reconnect;          /* enum session_reconnect */
	int backoff[2];         /* ms, first and longest */
	char *framing;          /* framing.h; NULL until session_imply() */
	int delivery;           /* enum session_delivery */
	char *connections;      /* a number, or "each" */
	int pipeline;           /* unanswered requests on one link */
	int max_requests;       /* exchanges on one link; 0: no limit */
	int max_age, idle;      /* ms of a link; 0: no limit */
	int timeout;            /* ms to a reply's first byte, and between */
	int timeout_request, timeout_read;      /* ms */
	size_t max_message;     /* bytes */
	int retry;              /* enum session_retry */
	int leftover;           /* enum session_leftover */
	int slow;               /* enum session_slow */
	int on_close;           /* enum session_on_close */
	int accept;             /* enum session_accept */
	int max_channels;       /* but for guests of doors */
	int max_peers;          /* with accept=each or merge, at a time */
	bool crlf, bare;
	size_t log;             /* bytes after which `log` is cut over */
};

/* All options of a session; option_groups places the modules' rows in it. */
struct options {
	struct session_options session;
	struct link_options link;
	struct tls_options tls;
	struct child_options child;
	struct channel_options channel;
	struct record_options record;
	struct door_options door;
};
extern const struct option_group option_groups[];

struct session;
struct pool;
struct branch;
struct listen;
struct private;
struct relays;
struct doors;

struct session_owner {
	/*
	 * Of each move, from inside of it: for those who write it down and do
	 * nothing else.  NULL: nobody does.
	 */
	void (*entered)(struct session *s, enum session_state from,
	    const char *reason, void *arg);
	void (*changed)(struct session *s, void *arg);
	void (*ended)(struct session *s, void *arg);    /* then session_free() */
	void (*set)(struct session *s, void *arg);      /* an option; or NULL */
	void *arg;
	const struct keeper_home *home; /* of its programs; outlives it; NULL:
					   the broker's own */
};

/* Where sessions live. */
struct session_place {
	int rundir_fd;
	const char *rundir;     /* absolute */
	struct session *parent; /* whose peers live there; NULL: ours do */
};

struct session {
	char *name;
	struct url url;
	struct options options;
	const struct session_place *place;
	struct session_owner owner;
	struct ledger_row *row;         /* ledger_none(): of a peer */
	struct ledger_left *left;       /* while it takes over, see heir.h */

	enum session_state state;
	struct timespec since;          /* of this state, wall clock, */
	int64_t since_ms;               /* and by one that nobody sets */
	struct why why;                 /* the newest failure */
	struct timespec why_since;
	bool told;                      /* the first attempt has ended */

	const struct transport *transport;
	const struct transport *waits;  /* the endpoint's, where peers call;
					   `transport' is then of their links */
	struct listen *listen;          /* ... and what is there; or NULL */
	struct dial dial;
	struct link *link;              /* NULL: none */
	bool dialling;                  /* ... and it is not up yet */
	struct pair channel;            /* the default channel's FIFOs */
	struct fifo ctl_fifo;
	struct flow flow;               /* of a stream; else it counts bytes */
	struct pool *pool;              /* of exchanges; NULL in a stream */
	TAILQ_HEAD(, branch) branches;  /* of a stream: further channels */
	TAILQ_HEAD(, branch) dead_branches;
	struct deferred fan;            /* frees these */
	struct sock *sock;              /* where clients connect; or NULL */
	struct record *record;          /* see mirror.h; NULL: none */
	LIST_HEAD(, tap) taps;
	struct doors *doors;            /* listen=; or NULL */
	struct relays *relays;          /* of a stream: connections=each */
	TAILQ_HEAD(, private) privates; /* ch/ID */
	struct notice ch;               /* somebody has touched ch/ */
	struct deferred ch_look;        /* ... and looks at it soon */
	struct timer *ch_later;         /* ... or later; else NULL */

	struct timer deadline;          /* of the state: connect, backoff, drain */
	int tries;                      /* attempts in a row that came to nothing */
	int64_t up_ms;                  /* when the link came up, and how many */
	uint64_t up_bytes;              /* bytes had come from peers by then, */
	uint64_t up_sent;               /* and gone to them */
	int64_t up_in_us;               /* how long the newest took; 0: unknown */
	bool shared;                    /* others may enter its directory */
	int64_t drained_ms;             /* closing: no later than this */
	bool end_owed;                  /* readers are due an end of file */
	bool engine_lost;               /* `why' tells of it until a link ends */
	bool linked;                    /* it has had a link, of any engine */
	uint64_t nlinks, nreconnects, nfailures, uncertain, discarded;
	uint64_t lost;                  /* datagrams, of links that have gone */
	uint64_t nchanges;              /* of state, for observers */

	ino_t inode;                    /* of its directory */
	gid_t gid;                      /* group=; -1: none */
	mode_t mode;                    /* that the FIFOs have */
	struct notice names;            /* somebody has touched our names */
	struct timer look;              /* ... and looks at them soon */
	bool amiss;                     /* something was, at the last look */
	struct watch ctl_readable;
	struct buf ctl;                 /* an unfinished line from `ctl` */
	bool ctl_skip;                  /* ... too long: up to its end */
	struct deferred settle;         /* status, owner: once a turn */
	bool status_stale;              /* the file is older than the facts */
	bool status_waits;              /* for what is known in a moment */
	bool status_failed;             /* ... and could not be replaced */
	char *alias;                    /* -d: the symbolic link; or NULL */
};

/* May this be a session's name?  0, or -1 + FAULT_USAGE, what would be right. */
int session_name_check(const char *name, struct why *why);

/* Schemes that are another with a framing; NULL-terminated by scheme. */
struct imply_row {
	const char *scheme, *usage;     /* "http", "http://HOST[:PORT]" */
	const char *transport, *port, *framing;
	const char *text;               /* one sentence */
};
extern const struct imply_row imply_rows[];

/*
 * Fill in what the endpoint and the framing imply: http:// and https:// are
 * tcp and tls with framing=http, and what is `auto` is decided.  0, or -1 +
 * FAULT_USAGE.
 */
int session_imply(struct url *url, struct options *options, struct why *why);
/* As transport_find(); the sentence names these schemes, too. */
const struct transport *session_transport(const char *scheme,
    struct why *why);

/*
 * Would session_new() take these?  The same checks, files read, nothing made.
 */
int session_check(const char *name, const struct url *url,
    const struct options *options, struct why *why);

/*
 * Make a session and its directory, and dial if connect=now.  `url` and
 * `options` are taken over (zeroed at the caller's) on success only.  NULL +
 * FAULT_USAGE or FAULT_REFUSED when the endpoint, an option or a file is
 * wrong or the directory cannot be made; then nothing stays behind.
 */
struct session *session_new(const char *name, struct url *url,
    struct options *options, const struct session_place *place,
    const struct session_owner *owner, struct why *why);
/*
 * A session for one peer that has connected to place->parent (accept=each),
 * over its link, which is up and taken over; with the parent's options.  Of
 * its own it has in, out and status: it logs to its parent, and ends when its
 * link has gone and what came by that was read.  NULL: place->parent's `why'.
 */
struct session *session_new_peer(const char *name,
    const struct session_place *place, const struct session_owner *owner,
    struct link *l);
/*
 * The same for one that a former engine had: its FIFOs, and its link if that
 * can go on (heir_go_on()).  NULL: it cannot be.
 */
struct session *session_inherit_peer(const char *name,
    const struct session_place *place, const struct session_owner *owner,
    struct ledger_left *left);
/*
 * The peer has gone: its readers get what is left and an end of file, and then
 * (or after timeout-read, if nobody reads) the session ends.
 */
void session_depart(struct session *s, const char *reason);
/*
 * One that session_new() has made of what a former engine left stands still
 * until this is called, when nobody else holds its descriptors any more.
 */
void session_go_on(struct session *s);
/* Something outside of it has changed that it may have waited for. */
void session_look(struct session *s);
/* Only from owner.ended, or before the loop ran. */
void session_free(struct session *s);

/* Make a symbolic link `path` (absolute) to the directory. 0 or -1 + why. */
int session_alias(struct session *s, const char *path, struct why *why);
/* It has been made by a former engine. */
void session_has_alias(struct session *s, const char *path);

/*
 * End it: take what is in `in` to the peer first (at most 10 s), or `now`.
 * owner.ended comes when its directory is gone.
 */
void session_close(struct session *s, bool now);
/* Drop the link, if any, and dial at once, from any state but closing. */
void session_reconnect(struct session *s);
/* Half-close: no more to the peer once what is in `in` is sent. -1 + why. */
int session_eof(struct session *s, struct why *why);
/* Drop what waits in `in` and `out`. */
void session_discard(struct session *s);
/* Change one option now; -1 + why when unknown, malformed or not live. */
int session_set(struct session *s, const char *key, const char *value,
    const char *cwd, struct why *why);

/* Does its link carry datagrams? */
bool session_is_datagram(const struct session *s);

const char *session_state_name(enum session_state state);
/* By name; -1 + FAULT_USAGE that lists them ("closed" counts). */
int session_state_find(const char *name, struct why *why);

/*
 * Every fact of `status`, in its order, key and plain value, current to this
 * moment; one that has several values comes several times in a row.  The
 * options follow as option.KEY.
 */
void session_facts(struct session *s,
    void (*emit)(const char *key, const char *value, void *arg), void *arg);

/* A line in the session's log file (and syslog where `loud`). */
void session_log(struct session *s, bool loud, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
