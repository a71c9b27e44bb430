/*
 * The ledger: what this process has open, and what is under way on it, in
 * memory that outlives it.  One row a thing; the next engine reads the rows of
 * one that was killed, fetches the descriptors by their numbers (anchor.h) and
 * goes on from there.
 *
 * A row is written before what it tells of is done, and each change that must
 * not be seen by halves is one store.  Nothing here fails or makes a system
 * call: where there is no room any more, rows are given out that no other
 * engine reads.
 */
#ifndef BASE_LEDGER_H
#define BASE_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_kind {
	LEDGER_FREE,
	LEDGER_SESSION,         /* a session and its default channel */
	LEDGER_CHANNEL,         /* ch/ID */
	LEDGER_LINK,            /* a connection of the session's */
	LEDGER_SOCKET,          /* a socket at which somebody listens */
	LEDGER_CLIENT,          /* who has connected to one */
	LEDGER_RELAY,           /* the same, and a connection of his own */
	LEDGER_ACCEPTED,        /* a peer of accept=each, and its channel */
};

/* Which descriptor of a row is which. */
enum ledger_fd {
	LEDGER_IN,
	LEDGER_OUT,             /* a stream's, or */
	LEDGER_SLOT = LEDGER_OUT,       /* ... of messages: four slots */
	LEDGER_CTL = LEDGER_SLOT + 4,
	LEDGER_SOCK,
	LEDGER_PEER,            /* the link of a stream; what others have */
	LEDGER_FDS,
};

/* How far the newest reply of a channel is. */
enum ledger_reply {
	LEDGER_IDLE,
	LEDGER_WRITING,         /* it has begun */
	LEDGER_WHOLE,           /* all of it is in the slot; not known read */
	LEDGER_TURNING,         /* its reader is being given the end of file */
};

/* What is under way on a channel. */
struct ledger_state {
	unsigned open;          /* requests taken, whole or in part, whose
				   replies have not begun */
	unsigned before;        /* open, when the last taking began */
	enum ledger_reply reply;
	bool failed;            /* the reply: it is owed an end of file */
	unsigned slot;          /* which one has the name */
	bool taking;            /* bytes may be taken just now */
	bool half;              /* of a request only a part was taken */
	bool busy;              /* of a link: something is under way on it; of
				   a session: it has or wants a link */
	bool asked;             /* a request has begun since a reply ended */
	bool linked;            /* of a session: it has had a link */
	bool failed_for_good;   /* ... and will not retry by itself */
};

#define LEDGER_UNKNOWN UINT64_MAX

/* The most at a time, and one. */
#define LEDGER_ROWS 131072

/* What a row can say of itself in words: a session's name, a channel's ID. */
#define LEDGER_NAME 64

struct ledger_row {
	uint32_t kind;          /* enum ledger_kind */
	uint32_t session;       /* the number of the session's row */
	int32_t fd[LEDGER_FDS]; /* -1: none */
	_Atomic uint64_t state; /* see ledger_get() */
	_Atomic uint64_t number[2];     /* sizes; what of, the owner knows;
					   LEDGER_UNKNOWN: just changing */
	char name[LEDGER_NAME]; /* no NUL where it is full */
};

/*
 * From now on, before any row is given out, it stands in this memory file
 * (borrowed); without, the rows are this process's alone.  0, or -1, see errno.
 */
int ledger_begin(int fd);
void ledger_end(void);
/*
 * Bytes of a reply that are to be counted exactly stand in this pipe (its read
 * end, borrowed; -1: none) before they go where they belong: see stage.h.
 */
void ledger_stage(int fd);

/* A row, its descriptors -1 and the rest 0.  `session`: NULL for its own. */
struct ledger_row *ledger_new(enum ledger_kind kind,
    const struct ledger_row *session, const char *name);
/* Is there room for all that is open? */
bool ledger_is_whole(void);
/* NULL and ledger_none() are allowed. */
void ledger_free(struct ledger_row *row);
/* One that nobody reads, for whom nothing has to outlive. */
struct ledger_row *ledger_none(void);

/* --- what a former engine has left --- */

/* One of its rows, with the descriptors; -1: none, or taken over. */
struct ledger_left {
	enum ledger_kind kind;
	char of[LEDGER_NAME + 1];       /* the session */
	char name[LEDGER_NAME + 1];
	int fd[LEDGER_FDS];
	struct ledger_state state;
	uint64_t number[2];
	bool claimed;
	struct ledger_row *row; /* ours: the session's own; or what stands in
				   until somebody claims it */
};

/* Fetch these descriptors of that engine by their numbers; -1: not there. */
typedef void ledger_fetch(const int *numbers, int *fds, size_t n, void *arg);
/*
 * Read the ledger in this memory file and fetch what it tells of, to be
 * claimed until ledger_forget() closes the rest: how many rows there are.  Its
 * writer may have been anybody; who claims something checks what it is.
 */
size_t ledger_remember(int fd, ledger_fetch *fetch, void *arg);
/* Is there one of this session, with this name, that is not claimed yet? */
bool ledger_has(enum ledger_kind kind, const char *of, const char *name);
/*
 * The next that is not claimed yet, of this session, with this name (NULL:
 * whatever it is); the caller's until ledger_forget().  NULL: none.
 */
struct ledger_left *ledger_claim(enum ledger_kind kind, const char *of,
    const char *name);
/*
 * What nobody has claimed yet, of sessions that were, is told to our own
 * ledger: it will be claimed.
 */
void ledger_keep(void);
/* Take a descriptor over. */
int ledger_inherit(struct ledger_left *left, size_t which);
void ledger_forget(void);

/* --- its state: each is one store --- */

struct ledger_state ledger_get(const struct ledger_row *row);
void ledger_set(struct ledger_row *row, const struct ledger_state *state);

/* A request begins; or its exchange has ended without a reply begun. */
void ledger_opened(struct ledger_row *row);
void ledger_closed(struct ledger_row *row);
/* Bytes may be taken from now on; they were, and of a request only a part. */
void ledger_taking(struct ledger_row *row);
void ledger_taken(struct ledger_row *row, bool half);
/* The reply to the first that is open begins. */
void ledger_begun(struct ledger_row *row);
/* What has become of the reply. */
void ledger_reply(struct ledger_row *row, enum ledger_reply reply,
    bool failed, unsigned slot);
/*
 * What stands in the stage's pipe goes next, and when all of it has gone the
 * row's number[0] is `size`; then it has gone, or what could, and is this one.
 */
void ledger_staged(struct ledger_row *row, uint64_t size);
void ledger_sent(struct ledger_row *row, uint64_t size);
void ledger_busy(struct ledger_row *row, bool busy);
void ledger_asked(struct ledger_row *row, bool asked);

/* How many are open in this state, one that was just being taken included. */
unsigned ledger_owed(const struct ledger_state *state);

#endif
