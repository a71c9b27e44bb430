/*
 * Preludes: what is said on a fresh connection before it is the link's own.
 * A proxy is asked for the next host (via=), the PROXY header is sent
 * (proxy-protocol=), a server is asked for TLS (starttls=).
 *
 * A kind of prelude is a pair of pure functions over bytes: no descriptor, no
 * clock.  way.c has them on a link's socket, and takes from it exactly the
 * bytes that are theirs: the next one is the link's.
 */
#ifndef TRANSPORT_PRELUDE_H
#define TRANSPORT_PRELUDE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PRELUDE_UNIT 4096       /* the longest line, or block, of an answer */
#define PRELUDE_UNITS 200       /* and the most of them */
#define PRELUDE_SAY 2048        /* the most that is said at once */

enum prelude_next {
	PRELUDE_FAILED = -1,    /* see p->why */
	PRELUDE_MORE,           /* what is in p->say first, then what comes */
	PRELUDE_DONE,           /* the next byte is not ours */
};

enum {
	PRELUDE_TLS = 1,        /* TLS follows: no byte may come before it */
	PRELUDE_GREETED = 2,    /* the server's greeting was a part of it, and
				   will not be heard again */
};

struct prelude;

/* A question, and how the only answer begins that goes on: prelude_lines.c. */
struct prelude_line {
	const char *say;        /* NULL: the other side speaks first */
	const char *expect;     /* "200|201", any case; NULL ends the list */
};

struct prelude_kind {
	const char *name;       /* "socks5", "smtp" */
	const char *usage;      /* of a proxy: "socks5://[USER@]HOST:PORT" */
	const char *text;       /* one sentence for help and the manual */
	unsigned flags;         /* PRELUDE_... */
	/*
	 * Say the first word, if it is ours, and set need or until.  With no
	 * `answer' that is all.
	 */
	enum prelude_next (*begin)(struct prelude *p);
	/*
	 * One unit of the answer has come: a block of `need' bytes, or all up
	 * to and with `until'.  A NUL stands behind it.
	 */
	enum prelude_next (*answer)(struct prelude *p, const uint8_t *unit,
	    size_t n);
	/*
	 * Of those that speak in lines: the part of a line that is a verdict;
	 * NULL for a line that is to be skipped.
	 */
	const char *(*verdict)(struct prelude *p, const char *line);
	const struct prelude_line *lines;
};

/* The two ends of a connection. */
struct prelude_ends {
	struct sockaddr_storage from, to;
};

struct prelude {
	const struct prelude_kind *kind;

	/* What a kind may want to know; borrowed. */
	const char *host;               /* to be reached; or the server's */
	uint16_t port;
	const char *user, *password;    /* NULL: none */
	const struct prelude_ends *ends;

	/* Set by the kind. */
	size_t need;                    /* so many bytes; 0: */
	char until;                     /* up to this one */
	unsigned step;                  /* how far it is */
	unsigned code;                  /* of an answer that goes on */
	uint8_t say[PRELUDE_SAY];
	size_t nsay;
	char why[160];

	/* The unit that is coming. */
	uint8_t in[PRELUDE_UNIT + 1];
	size_t have;
	unsigned units;
};

/*
 * p->kind and what it wants to know are set, the rest is zero: begin.
 */
enum prelude_next prelude_begin(struct prelude *p);

/*
 * These bytes have come.  *used of them, at least one, are the prelude's; the
 * others are looked at again in the next call, when p->say has been sent.
 */
enum prelude_next prelude_take(struct prelude *p, const uint8_t *data,
    size_t n, size_t *used);

/* For kinds: append to what is said; more than fits fails the prelude. */
void prelude_say(struct prelude *p, const void *data, size_t n);
void prelude_say_text(struct prelude *p, const char *text);
/* "example.org:443", "[::1]:443". */
char *prelude_target(const struct prelude *p, char *out, size_t size);
/* An IPv4 or IPv6 address in numbers, or NULL for another; into `out'. */
const char *prelude_address(const struct sockaddr_storage *address,
    char out[INET6_ADDRSTRLEN]);
/* Returns PRELUDE_FAILED. */
enum prelude_next prelude_fail(struct prelude *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "it said: ..." and these bytes, cut to fit, '?' for what cannot be shown. */
enum prelude_next prelude_said(struct prelude *p, const void *data, size_t n);

/* Of those that speak in lines (prelude_lines.c): p->kind->lines says what. */
enum prelude_next prelude_lines_begin(struct prelude *p);
enum prelude_next prelude_lines_answer(struct prelude *p, const uint8_t *unit,
    size_t n);
const char *prelude_lines_code(struct prelude *p, const char *line);
const char *prelude_lines_plain(struct prelude *p, const char *line);
const char *prelude_lines_tagged(struct prelude *p, const char *line);
const char *prelude_lines_sieve(struct prelude *p, const char *line);
const char *prelude_lines_irc(struct prelude *p, const char *line);

/* The kinds: proxies, the PROXY header by version, starttls by its choice. */
extern const struct prelude_kind prelude_socks5, prelude_socks5h,
    prelude_socks4a, prelude_http;
extern const struct prelude_kind prelude_header_v1, prelude_header_v2;
extern const struct prelude_kind prelude_postgres, prelude_mysql,
    prelude_ldap, prelude_xmpp;

/* The option starttls: its words, in the order of prelude_starttls[]. */
#define PRELUDE_STARTTLS                                                       \
	"no|smtp|lmtp|imap|pop3|nntp|ftp|sieve|ldap|postgres|mysql|xmpp|irc"
/* [0], which is `no', is NULL. */
extern const struct prelude_kind *const prelude_starttls[];
extern const size_t prelude_nstarttls;

#endif
