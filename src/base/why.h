/*
 * Why something failed, twice over: a fault for programs (it is also
 * fifoctl's exit status) and a sentence for people, in the operator's words.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include <stddef.h>

/*
 * Exit statuses.  From 6 on the network ones are curl's (curl(1), EXIT
 * CODES), which shell users know; 20 is ours.
 */
enum fault {
	FAULT_NONE = 0,
	FAULT_REFUSED = 1,      /* asked for something that will not be done */
	FAULT_USAGE = 2,        /* asked in words that mean nothing */
	FAULT_NO_BROKER = 3,
	FAULT_NO_SESSION = 4,
	FAULT_RESOLVE = 6,
	FAULT_CONNECT = 7,
	FAULT_PARTIAL = 18,
	FAULT_UNCERTAIN = 20,
	FAULT_REPLY = 22,
	FAULT_TIMEOUT = 28,
	FAULT_TLS = 35,
	FAULT_EMPTY = 52,
	FAULT_UNSENT = 55,
	FAULT_RECEIVE = 56,
	FAULT_CERTIFICATE = 60,
	FAULT_CANCELLED = 130,  /* what a shell makes of SIGINT */
};

struct why {
	enum fault fault;
	char text[236];
};

/*
 * Record a reason and return -1, so that a failing function can end in
 * `return why_fail(why, FAULT_CONNECT, "%s refused the connection", who);`.
 * An earlier reason is replaced; a NULL why is allowed and records nothing.
 */
int why_fail(struct why *why, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "text: " before the sentence that is there; returns -1. */
int why_prefix(struct why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Forget it. */
void why_clear(struct why *why);

/* The exit statuses and what each means, for help and the manual. */
struct fault_row {
	int fault;
	const char *text;
};
extern const struct fault_row fault_rows[];
extern const size_t fault_nrows;

#endif
