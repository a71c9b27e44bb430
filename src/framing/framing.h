/*
 * Framings: how a byte stream is cut into messages, requests one way and
 * replies the other.  One file a member, which exports one `const struct
 * framing framing_NAME`; the list FRAMINGS in src/local.mk makes the table.
 *
 * A member is a pair of pure functions over bytes: no descriptor, no clock, no
 * session.  Bytes are looked at and never changed.  Each is shown once, in
 * their order, in pieces of any size, and the result must not depend on the
 * pieces.  What must be remembered between two pieces is in the framer.
 */
#ifndef FRAMING_FRAMING_H
#define FRAMING_FRAMING_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/option.h"

/* The longest argument, `delim:STRING`, and what is spelled in it. */
#define FRAMING_ARGUMENT 256

/* A framing that was chosen, with its argument: `delim:\n.\n`. */
struct framing_choice {
	const struct framing *framing;
	const struct framing *cut;      /* datagram: what cuts requests; NULL */
	size_t number;          /* fixed:N, idle:MS (ms), length: its width */
	bool big_endian, inclusive;     /* length: */
	size_t nbytes;          /* delim: */
	uint8_t bytes[FRAMING_ARGUMENT];
	regex_t regex;          /* prompt: */
	bool compiled;          /* ... is to be freed */
};

/* What is known of one message, a request or a reply. */
struct message {
	unsigned flags;
	int code;               /* of a reply: HTTP's, SMTP's; 0: it has none */
	uint64_t body;          /* where, in bytes from its start, what is not
				   text begins (http's body); UINT64_MAX:
				   not yet seen, or all is text */
};

enum {
	/* Requests. */
	MESSAGE_IDEMPOTENT = 1 << 0,    /* as well sent twice, RFC 9110 9.2.2 */
	MESSAGE_SAFE = 1 << 1,          /* changes nothing, RFC 9110 9.2.1 */
	MESSAGE_HEAD = 1 << 2,          /* its reply has no body (http HEAD) */
	MESSAGE_CONNECT = 1 << 3,       /* asks for a tunnel (http CONNECT) */
	MESSAGE_EXPECTS = 1 << 4,       /* waits for word before its body
					   (http 100-continue) */
	MESSAGE_WAITS = 1 << 5,         /* what comes next from this client
					   cannot be cut before the reply is
					   known (smtp DATA) */
	MESSAGE_MULTILINE = 1 << 6,     /* its reply, if good, ends with a line
					   of its own (pop3 RETR) */
	/* Either. */
	MESSAGE_CLOSE = 1 << 8,         /* the last on its link (http
					   Connection: close) */
	/* Replies. */
	MESSAGE_TUNNEL = 1 << 9,        /* from here on both directions are
					   bytes without an end (http 101,
					   CONNECT's 2xx) */
	MESSAGE_UNTIL_CLOSE = 1 << 10,  /* ends with the link, in order */
	MESSAGE_BAD = 1 << 11,          /* says that it did not work (resp -,
					   smtp 4xx 5xx, pop3 -ERR) */
};

enum framer_phase {
	FRAMER_MORE,            /* goes on */
	FRAMER_END,             /* whole: the next byte belongs to another */
	FRAMER_BROKEN,          /* not a message; see why, and length */
};

#define FRAMER_STATE 128        /* room for what a member remembers */
#define FRAMER_WHY 160

/*
 * One message being cut.  Embedded; framer_start() begins, framer_clear()
 * frees, and a zeroed one may be cleared.
 */
struct framer {
	const struct framing_choice *choice;
	enum framer_phase phase;
	struct message message;
	/*
	 * Of a reply: its request.  Of a request: the newest reply to the same
	 * client; zeroed before the first.
	 */
	struct message before;
	uint64_t length;        /* bytes taken so far */
	uint64_t left;          /* bytes still to come, as announced;
				   UINT64_MAX: not known */
	struct buf kept;        /* a unit (a line) that a piece has cut */
	char why[FRAMER_WHY];   /* BROKEN: what is wrong, what would be right */
	_Alignas(16) uint8_t state[FRAMER_STATE];       /* zeroed at start */
};

enum {
	FRAMING_STREAMS = 1 << 0,       /* says in advance how long a request
					   is, so that it may be passed on
					   before it is whole */
	FRAMING_GREETS = 1 << 1,        /* the peer speaks first: one reply that
					   nobody has asked for */
	FRAMING_LOOSE = 1 << 2,         /* the peer may speak unasked, as
					   programs do; it is dropped, the link
					   stays (idle, prompt) */
	FRAMING_ONE_BY_ONE = 1 << 3,    /* one exchange a link at a time */
	FRAMING_NO_MESSAGES = 1 << 4,   /* stream: never cut */
	FRAMING_SILENCE = 1 << 6,       /* a message ends after choice->number
					   ms without a byte (idle) */
	FRAMING_UNPAIRED = 1 << 7,      /* messages of the peer answer nothing,
					   every channel gets them (datagram) */
	FRAMING_DROPS_BLANK = 1 << 5,   /* blank() before a request is dropped;
					   else what of it is there is added
					   to the request before it */
};

/* What to tell a client whose exchange has failed. */
struct framing_failure {
	int code;               /* as HTTP would: 400 408 431 413 502 504 */
	const char *keyword;    /* one word: "connect" */
	const char *text;       /* a sentence */
	bool head;              /* the request was MESSAGE_HEAD */
};

struct framing {
	const char *name;       /* "delim" */
	const char *usage;      /* "delim:STRING" */
	const char *text;       /* one sentence for help and the manual */
	unsigned flags;
	/*
	 * Take the argument, NULL where none was given, into a zeroed choice:
	 * 0, or -1 + FAULT_USAGE (what would be right).  NULL: takes none.
	 */
	int (*choose)(struct framing_choice *choice, const char *argument,
	    struct why *why);
	/*
	 * Take bytes of the request or the reply: how many belong to it, all
	 * of them while FRAMER_MORE.  Sets f->phase, and f->message as it
	 * becomes known.  Not called again after END or BROKEN.
	 */
	size_t (*request)(struct framer *f, const uint8_t *data, size_t size);
	size_t (*reply)(struct framer *f, const uint8_t *data, size_t size);
	/*
	 * The link was closed in order while a reply was being cut; at least a
	 * byte of it had come.  Is it whole now?  NULL: never.
	 */
	bool (*end)(const struct framer *f);
	/*
	 * How many bytes at the front, where a message may begin, belong to
	 * none (http: an empty line; json: white space).  NULL: none.  It
	 * remembers nothing between two pieces and must not depend on them:
	 * so each byte counts by itself (http: any CR or LF).
	 */
	size_t (*blank)(const uint8_t *data, size_t size);
	/*
	 * Of a whole message, how many bytes at its front and at its back are
	 * the framing's, and not what it says.  NULL: none.
	 */
	void (*bare)(const struct framing_choice *choice, const uint8_t *data,
	    size_t size, size_t *front, size_t *back);
	/*
	 * A reply of the broker's own into out.  NULL: there is none, an end
	 * of file has to say it.
	 */
	int (*fail)(struct buf *out, const struct framing_failure *failure);
};

/* The table, NULL-terminated, in the order of src/local.mk. */
extern const struct framing *const framing_table[];

/*
 * "delim:\0" into a zeroed choice; 0, or -1 + FAULT_USAGE with what there is.
 * framing_forget() frees what it holds; a zeroed one is allowed.
 */
int framing_choose(struct framing_choice *choice, const char *text,
    struct why *why);
void framing_forget(struct framing_choice *choice);
/* What cuts the requests: mostly the framing itself. */
const struct framing *framing_of_requests(
    const struct framing_choice *choice);
/* Is what a client writes at once a request, as nothing else cuts it? */
bool framing_takes_writes(const struct framing_choice *choice);
/* For an option row's `check`. */
int framing_check(const char *text, struct why *why);

/*
 * Begin a message: `before` as in struct framer, NULL: nothing.  The choice is
 * borrowed.  What f held is freed.
 */
void framer_start(struct framer *f, const struct framing_choice *choice,
    const struct message *before);
void framer_clear(struct framer *f);
/* Show it the next bytes, as the slots request and reply do. */
size_t framer_request(struct framer *f, const uint8_t *data, size_t size);
size_t framer_reply(struct framer *f, const uint8_t *data, size_t size);
/* The slot end. */
bool framer_end(const struct framer *f);
/* The slot blank. */
size_t framer_blank(const struct framing_choice *choice, const uint8_t *data,
    size_t size);
/*
 * For members, which never touch f->length (framer_request() and
 * framer_reply() add what the slot has taken; in the slot it is where this
 * piece begins).  It is broken, for this reason, after `taken` bytes of this
 * piece, which is what is returned; f->why becomes "byte N: REASON", N the
 * first byte that is wrong, counted from 1 (f->length will be N - 1 then).
 */
size_t framer_fail(struct framer *f, size_t taken, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
