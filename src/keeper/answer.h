/*
 * The keeper's answers to the engine's questions.
 */
#ifndef KEEPER_ANSWER_H
#define KEEPER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "keeper/message.h"

/* What the keeper knows of its engine, which is what it may ask. */
struct answers {
	int rundir_fd;
	unsigned generation;
	bool ready;             /* it has said so; ... */
	bool stopping;          /* ... and that its end is meant, */
	bool handing_over;      /* ... or is for another's sake */
	bool innocent;          /* what it is ended for is not its fault */
	unsigned faults;        /* engines before it that ended by their own */
	const char *path;       /* the program that would come next */
	unsigned long asked;    /* a bit for each kind */
	void (*on_ready)(void *arg);
	void *arg;
};

/*
 * Answer what stands in the socket fd.  1 answered; 0 nothing there now, with
 * EAGAIN, or never again;
 * -1 + why where an engine that is sound would not have asked that: it is to
 * be ended.
 */
int answer_next(struct answers *a, int fd, struct why *why);

/* --- rows of the table --- */

#define ANSWER_REFUSED (-1)
#define ANSWER_BAD (-2)         /* no sound engine asks so */

/*
 * Read `in', do it, write to `out': 0; or refuse it, with errno and a reason.
 * Descriptors that are not taken from `in' are closed.
 */
typedef int answer_cb(struct message *in, struct message *out,
    struct why *why);

/* answer_files.c */
answer_cb answer_open, answer_rotate, answer_directory,
    answer_mkdir, answer_group, answer_user, answer_service, answer_symlink,
    answer_symlink_remove, answer_terminal_pair, answer_terminal_open;
/* answer_things.c */
answer_cb answer_socket, answer_listen, answer_listen_share,
    answer_listen_sweep, answer_program, answer_look_up, answer_child_end,
    answer_home_new, answer_home_again, answer_home_end, answer_hold,
    answer_let_go, answer_take;

/* A descriptor, or -1: into the answer. */
int answer_give(struct message *out, int fd);

#endif
