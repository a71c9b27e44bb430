/*
 * The answers: what keeper.h and its neighbours promise, done in this process.
 * In the keeper's answer.c calls them, and ask.c where there is no keeper.
 * Each is as its keeper_... namesake says.
 */
#ifndef KEEPER_DIRECT_H
#define KEEPER_DIRECT_H

#include <stdint.h>

#include "keeper/keeper.h"
#include "keeper/spawn.h"

/*
 * Would a descriptor of this number leave too few, `spare' and some more?
 * They are given out from the lowest.  (accept.c)
 */
bool keeper_is_full(int fd, size_t spare);

/* direct.c */
int direct_open(const char *path, bool append, const char *what,
    struct why *why);
int direct_mkdir(int dir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why);
int direct_symlink(const char *target, const char *path, const char *rundir,
    struct why *why);
/*
 * Is this program one that understands our questions (REQUEST_PROTOCOL)?  It
 * is started, to say so.  0, or -1 + FAULT_REFUSED.
 */
int direct_try(const char *path, struct why *why);
int direct_symlink_remove(const char *target, const char *path);

/* name.c */
int direct_group(const char *name, gid_t *gid, struct why *why);
int direct_user(const char *name, uid_t *uid);
uint16_t direct_service(const char *name, const char *protocol);

/* rotate.c */
int direct_rotate(const char *path, int keep, const char *what,
    struct why *why);
int direct_directory(const char *path);

/* socket.c */
/* A family that endpoints can name? */
bool socket_family_is_plain(int family);
int direct_socket(int family, int type, const struct keeper_place *place,
    struct why *why);
int direct_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why);
void direct_listen_share(const struct keeper_address *at, mode_t mode,
    gid_t gid);
/* A unix socket's file that nobody listens at any more is removed. */
void direct_listen_sweep(const struct keeper_address *at, int type);

/* terminal.c */
int direct_terminal_pair(int *ours, int *theirs, struct why *why);
int direct_terminal_open(const char *path, struct why *why);

/* homes.c: by numbers, which are never 0. */

struct home;
/*
 * From the file fd, which holds the directory and the strings of
 * keeper_home_new(), each ended by a NUL.  0 + why where that cannot be.
 */
uint64_t direct_home_new(int fd, struct why *why);
/* One that the last keeper had: it waits for an engine, if it makes sense. */
void direct_home_put(uint64_t number, const char *bytes, size_t n);
void direct_home_each(void (*each)(uint64_t number, const char *bytes,
    size_t n));
/* Is there such a one?  The next engine uses it, too. */
bool direct_home_again(uint64_t number);
void direct_home_end(uint64_t number);
/* The last engine's that this one has not asked for again. */
void direct_home_drop(void);
/* An engine is gone: its homes wait for the next. */
void direct_home_orphan(void);
/* NULL for 0, and for what is none. */
const struct home *home_find(uint64_t number);
/* In the child: go there. 0, or -1 + errno. */
int home_enter(const struct home *h);
const char *home_directory(const struct home *h);
/* In the child, once. */
char **home_environ(const struct home *h);

/* children.c: by numbers, too. */

struct direct_program {
	const char *command;
	uint64_t home;
	const char *netns;
	int fd;
	bool terminal, merged;
};

/* What was started, and what comes of it: descriptors for the asker. */
struct direct_child {
	uint64_t number;
	pid_t pid;
	int said_fd;            /* a program's standard error; the answer
				   of a look-up, see lookup.h */
	int ended_fd;           /* a program's: an int, its status of
				   waitpid(2), once; of a look-up -1 */
};

int direct_program(const struct direct_program *program,
    struct direct_child *out, struct why *why);
int direct_look_up(const struct keeper_look_up *what,
    struct direct_child *out, struct why *why);
/*
 * A program is to end as keeper_child_release() says, with fd (taken over) or
 * -1; a look-up ends at once.  One that has ended is none of ours any more.
 */
void direct_child_end(uint64_t number, int fd);
/* Who asked for them is gone: each is released, gently. */
void direct_children_orphan(void);
void direct_children_end(void);

#endif
