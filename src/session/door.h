/*
 * Front doors: further sockets whose clients each have a channel, as those of
 * `sock' have (option listen).  Where connections=each in a stream each client
 * has a link (relay.h); else join.h says what it has.
 *
 * A door that cannot be opened is tried again, and the session stands: what
 * is wrong is in `error'.  Clients are let in as allow= and deny= say
 * (access.h); those that are not are closed at once and counted.
 */
#ifndef SESSION_DOOR_H
#define SESSION_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/option.h"
#include "base/why.h"

struct door_options {
	char *listen;           /* addresses; NULL: none */
	char *netns;            /* where; NULL: ours */
	char *allow, *deny;     /* access.h */
	char *cert, *key;       /* of tls-listen; NULL: those of the session */
	char *ca;               /* asks its clients for certificates */
	int max_clients;        /* 0: no limit but descriptors */
	int hold;               /* ms that a client waits for its peer */
};
extern const struct option_row door_option_rows[9];

struct options;
struct session;

/* Could they be opened, as far as files tell?  0, or -1 + why. */
int door_check(struct session *s, struct why *why);
/* Open what listen= says.  The directory is there already. */
void door_init(struct session *s);
/* All of them are closed, and forgotten. */
void door_clear(struct session *s);
/* No more clients; those that are here stay. */
void door_close(struct session *s);
/* Try those again that could not be opened, now. */
void door_retry(struct session *s);
/*
 * These options are about to become the session's: have the doors follow.  0,
 * or -1 + why and nothing has changed.
 */
int door_change(struct session *s, const struct options *options,
    struct why *why);

/* A client of a door is there, that came to a former engine; has gone. */
void door_came(struct session *s);
void door_left(struct session *s);

/* Why some door is not open; NULL: all are, or there is none. */
const struct why *door_failure(const struct session *s);
/* Are some not open yet, and it is not known whether they can be? */
bool door_pending(const struct session *s);
/* The addresses in use, ADDR:PORT, a line each, after what is in out. */
void door_listening(const struct session *s, char *out, size_t size);
/* Clients that came in, and that were turned away, by all doors. */
uint64_t door_accepted(const struct session *s);
uint64_t door_refused(const struct session *s);

/* How many are here by `listen'. */
size_t door_clients(const struct session *s);

#endif
