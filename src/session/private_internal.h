/*
 * Private channels' insides: private_open.c has them begin, private.c has
 * their list and their end, private_directory.c the directory of one, and
 * private_ch.c hears what clients make and remove in ch/.
 */
#ifndef SESSION_PRIVATE_INTERNAL_H
#define SESSION_PRIVATE_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "channel/notice.h"
#include "channel/owner.h"
#include "channel/pair.h"
#include "session/private.h"

#define PRIVATE_NAME "ch"
#define PRIVATE_ID 64           /* the longest ID */
/* Where it cannot be looked at, for want of a descriptor, say: later. */
#define PRIVATE_AGAIN_MS 1000

struct private {
	TAILQ_ENTRY(private) entry;
	struct session *s;
	char *id;
	int dir_fd;                     /* so that its inode is nobody else's;
					   -1: the slots hold it */
	ino_t inode;                    /* of its directory */
	struct pair pair;
	struct ledger_row *row;
	struct ledger_left *left;       /* while it is taken over */
	struct owner owner;
	struct notice names;            /* somebody has touched them */
	struct timer look;
	bool amiss;                     /* something was, when it was looked */
	struct dialogue *d;             /* one of these two */
	struct branch *b;
	bool status_failed;             /* it could not be written */
	bool ended;                     /* a channel no more: its directory is
					   going, or is left alone */
};

/* --- private.c --- */

/* One that holds nothing yet, and is listed. */
struct private *private_new(struct session *s, const char *id);
/* The one of this ID, ended or not; NULL: none. */
struct private *private_find(const struct session *s, const char *id);
/* Its end, at the end of the turn. */
void private_stop(struct private *p, const char *reason);
/* It has ended, and its name may be a channel anew: listed no more, freed. */
void private_forget(struct private *p);
/* Its readers meet the end of file, as delivery_end() says. */
void private_finish(struct private *p, unsigned how);

/* --- private_open.c --- */

/* A client has made the directory: it becomes a channel. */
void private_adopt(struct session *s, int ch_fd, const char *id);

/* --- private_directory.c --- */

/* Its directory, absolute; to be freed. */
char *private_path(const struct session *s, const char *id);
/* This (borrowed) is its directory.  0, or -1 and errno. */
int private_hold(struct private *p, int dir_fd);
/* Its directory, if it is still there; -1 + errno, ENOENT for another. */
int private_dir_fd(const struct private *p);
/* The file `status' in it.  0, or -1 and errno. */
int private_write_status(struct private *p, int dir_fd);
/* It has its name: hear of what is touched in it. */
void private_watch_names(struct private *p, const char *path);

/* --- private_ch.c --- */

/* ch/, a descriptor to be closed; -1 and errno. */
int private_ch_fd(const struct session *s);
/* Has what could not be opened gone, or can we just not see it? */
bool private_is_gone(int error);
/* It may have changed (arg: the session): it is looked at soon. */
void private_ch_touched(void *arg);
/* What is in ch cannot be seen now (errno): it is looked at later. */
void private_ch_put_off(struct session *s);

#endif
