/*
 * What can be asked of the keeper.  Each is a row of answer.c's table.
 */
#ifndef KEEPER_REQUEST_H
#define KEEPER_REQUEST_H

/*
 * Keeper and engine may be of different versions, after a reload --exec: this
 * number changes with the form or the meaning of any question, or of the wills
 * and the ledger.
 */
#define REQUEST_PROTOCOL 2
/*
 * The exit status of fifod --protocol NUMBER where that is its own: one that
 * other programs do not end with by chance.
 */
#define REQUEST_FITS 113

enum request {
	REQUEST_HELLO,
	REQUEST_READY,
	REQUEST_TELL,
	REQUEST_OPEN,
	REQUEST_ROTATE,
	REQUEST_DIRECTORY,
	REQUEST_MKDIR,
	REQUEST_GROUP,
	REQUEST_USER,
	REQUEST_SERVICE,
	REQUEST_SHARE,
	REQUEST_SYMLINK,
	REQUEST_SYMLINK_REMOVE,
	REQUEST_SOCKET,
	REQUEST_LISTEN,
	REQUEST_LISTEN_SHARE,
	REQUEST_LISTEN_SWEEP,
	REQUEST_TERMINAL_PAIR,
	REQUEST_TERMINAL_OPEN,
	REQUEST_PROGRAM,
	REQUEST_LOOK_UP,
	REQUEST_CHILD_END,
	REQUEST_HOME_NEW,
	REQUEST_HOME_AGAIN,
	REQUEST_HOME_END,
	REQUEST_HOLD,
	REQUEST_LET_GO,
	REQUEST_TAKE,
	REQUEST_HAND_OVER,
	NREQUESTS
};

/* What each is, for the manual (request.c); when it may be asked (answer.c). */
extern const char *const request_texts[NREQUESTS];
const char *request_name(enum request kind);
const char *request_when(enum request kind);

#endif
