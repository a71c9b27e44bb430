/*
 * Talking by hand over one connected socket: what is typed goes to it, what
 * comes from it is shown.
 *
 * Standard input decides how.  On a terminal there are lines, edited and kept
 * in a history (libedit, editline(3)), unless standard output is none or TERM
 * is dumb: then the terminal's own lines.  Anything else is bytes, as with
 * nc(1): the end of standard input is sent on, and what comes is shown to its
 * end.  Where that comes first and the other end still takes bytes, standard
 * output is ended (it is /dev/null from then on) and they are sent.
 */
#ifndef COMMAND_TALK_H
#define COMMAND_TALK_H

#include <stdbool.h>
#include <stddef.h>

enum talk_how {
	TALK_CLIENT_LEFT,       /* by ^D, or by ^C: the status says which */
	TALK_CLOSED,            /* the other end has */
	TALK_ERROR,
};

/* How it ended. */
struct talk_end {
	enum talk_how how;
	/*
	 * errno of TALK_ERROR; of TALK_CLOSED 0 where that was in order, else
	 * bytes of ours were on their way (EPIPE, ECONNRESET).
	 */
	int error;
	const char *what;       /* of TALK_ERROR: "standard output" … */
	size_t unsent;          /* bytes that were taken and not sent */
};

struct talk_options {
	const char *prompt;     /* before a typed line; NULL: none */
	struct talk_end *end;   /* filled in; NULL: not wanted */
};

/*
 * Talk until one side ends.  `fd` is a connected stream socket, which stays
 * open and the caller's.  Nothing is said but what the peer said.  The exit
 * status: 0 left, or closed in order; FAULT_CANCELLED left by ^C;
 * FAULT_RECEIVE closed while bytes of ours were on their way; FAULT_REFUSED
 * an error.  A reader of standard output that goes away ends the process by
 * SIGPIPE, or is an error where that is ignored.
 */
int talk_run(int fd, const struct talk_options *o);

#endif
