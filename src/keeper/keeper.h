/*
 * The keeper's side of the house: what needs rights, or must outlive trouble,
 * is asked for here and nowhere else.  Nothing above this floor resolves a
 * name, makes a socket, opens a file that an option names, or makes a
 * directory by itself.
 *
 * The questions are plain data and descriptors, no callbacks into the asker
 * while it asks: ask.c puts them to the keeper's process, which answers at
 * once, each with one message (answer.c); or does them itself (direct.h) where
 * there is none, as for fifod -n, probes and unit tests.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/why.h"

/* --- the run directory (rundir.c) --- */

/*
 * The run directory: `given`, else $FIFOD_DIR, else /run/fifod for root, else
 * /tmp/fifod-UID.  Absolute; the caller frees.
 */
char *keeper_rundir_path(const char *given);

/*
 * Open it, after checking that it is a directory of ours, not a symbolic link
 * and open to nobody else (0700, or 0711 while a session is shared).  With
 * `make` it is made where it is missing.  A descriptor, or -1 + FAULT_REFUSED
 * (FAULT_NO_BROKER where it is missing and not to be made).
 */
int keeper_rundir_open(const char *path, bool make, struct why *why);

/*
 * Lock it for one broker: flock(2) on the directory itself, so that no file
 * can be stale.  0, or -1 + FAULT_REFUSED that names the other broker's pid.
 */
int keeper_rundir_lock(int dir_fd, const char *path, struct why *why);
/* Of whoever else has it open by now, too. */
void keeper_rundir_unlock(int dir_fd);

/* --- names (resolve.c, recall.c) --- */

struct keeper_resolve;

#define KEEPER_ADDRESSES 32

struct keeper_address {
	struct sockaddr_storage address;
	socklen_t length;
};

struct keeper_addresses {
	size_t n;               /* at most KEEPER_ADDRESSES */
	struct keeper_address at[];
};

/* `addresses` is NULL where the name could not be resolved, then see why. */
typedef void keeper_resolve_cb(const struct keeper_addresses *addresses,
    const struct why *why, void *arg);

/*
 * Look up host and port (number or service name) for stream sockets; family
 * is AF_UNSPEC, AF_INET or AF_INET6; in the network namespace netns (NULL: in
 * ours).  The answer comes from the loop, in the
 * order of getaddrinfo(3), and the handle is void from then on.  Each look-up
 * is a short-lived child, because getaddrinfo honours nsswitch.conf and
 * cannot be hurried; numeric addresses need none.  On trouble at once: NULL +
 * why, and no answer comes.
 */
struct keeper_look_up {
	const char *host, *port;
	int family;
	const char *netns;
};
struct keeper_resolve *keeper_resolve(const struct keeper_look_up *what,
    keeper_resolve_cb *cb, void *arg, struct why *why);
/* No answer will come; NULL is allowed. */
void keeper_resolve_cancel(struct keeper_resolve *r);

struct keeper_recall;
/*
 * The same for many who ask for the same thing: one look-up answers all of
 * them, and whoever asks within recent_ms.  What is given to the callback is
 * its only while it runs.  No failure at once.
 */
struct keeper_recall *keeper_recall(const struct keeper_look_up *what,
    int recent_ms, keeper_resolve_cb *cb, void *arg);
void keeper_recall_cancel(struct keeper_recall *r);
/* Forget all that is remembered, at exit. */
void keeper_recall_end(void);

/* --- sockets (socket.c, accept.c) --- */

/* Where a socket stands; NULL: as it comes. */
struct keeper_place {
	const char *netns;      /* in which network namespace; see netns.h */
	const char *device;     /* an interface: only by this one */
	const char *bind;       /* an address of ours, "192.0.2.1:99"; either */
};

/*
 * An address and a port in numbers, "192.0.2.1", "[::1]:443", ":80" or "*:80":
 * into *out.  What is missing is any address (`family` says which, else
 * IPv6's, which takes IPv4 too), and port 0.  0, or -1 + FAULT_USAGE.
 */
int keeper_address(const char *text, int family, struct keeper_address *out,
    struct why *why);

/*
 * A non-blocking socket of this type (SOCK_STREAM, ...) in its place; or -1 +
 * FAULT_CONNECT, and errno.
 */
int keeper_socket(int family, int type, const struct keeper_place *place,
    struct why *why);

/*
 * One that is bound to this address and, where its type does, listens; the
 * place's `bind` is not looked at.  A unix socket's stale file, which nobody
 * listens at, is removed first.  Or -1 + FAULT_CONNECT, which names who holds
 * an address that is in use, and errno.
 */
int keeper_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why);

/* A unix socket's file, which is 0600, for these users, too. */
void keeper_listen_share(const struct keeper_address *at, mode_t mode,
    gid_t gid);
/*
 * A connection that waits there, non-blocking; -1, see errno: EMFILE also
 * where too few descriptors would be left, `spare' and some more.
 */
int keeper_accept(int fd, size_t spare);
/*
 * Is this error of accept(2) a trouble of ours, which would come again at
 * once?  The others are of the one who came.
 */
bool keeper_accept_rests(int error);
/* Is this a socket at which somebody can be accepted, as it is left to us? */
bool keeper_accepts(int fd);
/* Close it; a unix socket's file goes, unless another one has its name. */
void keeper_listen_end(int fd);
/* Does this system speak IPv6 at all? */
bool keeper_has_ipv6(void);

/* --- files that options name --- */

/*
 * Open a file that an option names: to read, or (append) to add to, made
 * 0600.  `what` is the option's name, for the sentence.  A descriptor, or -1
 * + FAULT_REFUSED.
 */
int keeper_open(const char *path, bool append, const char *what,
    struct why *why);

struct stat;
/* What that file is now, to tell whether it has changed. 0, or -1 as above. */
int keeper_stat(const char *path, struct stat *st, const char *what,
    struct why *why);

/* --- files that grow --- */

/*
 * Rename `path` to path.0, that to path.1 and so on; `keep` of them (1 or
 * more) stay.  0, or -1 + FAULT_REFUSED.
 */
int keeper_rotate(const char *path, int keep, const char *what,
    struct why *why);
/* The directory that `path` stands in, to be synced; -1 + errno. */
int keeper_directory(const char *path);

/* --- directories --- */

/*
 * Make `name` in the directory dir_fd with this mode, for the group gid
 * where that is not -1.  A descriptor, or -1 + FAULT_REFUSED.
 */
int keeper_mkdir(int dir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why);

/* The group called `name` in *gid; NULL is (gid_t)-1.  0, or -1 + why. */
int keeper_group(const char *name, gid_t *gid, struct why *why);
/* The user called `name` in *uid.  0, or -1: there is none. */
int keeper_user(const char *name, uid_t *uid);
/* The port of the service `name', by "tcp" or "udp"; 0: there is none. */
uint16_t keeper_service(const char *name, const char *protocol);

/* 0711 while any session is shared with others, else 0700. */
void keeper_rundir_share(int rundir_fd, bool shared);

/*
 * Make the symbolic link `path` to `target`.  A stale link of ours, one into
 * the run directory whose session is gone, is replaced; anything else there
 * is refused.  0, or -1 + FAULT_REFUSED.
 */
int keeper_symlink(const char *target, const char *path, const char *rundir,
    struct why *why);
/* Remove it, if it still points to target.  0, or -1 + errno: it may stay. */
int keeper_symlink_remove(const char *target, const char *path);

/* --- the keeper itself (ask.c) --- */

/*
 * We are an engine, and fd (taken over) leads to its keeper: from now on it is
 * asked.  `gone' comes from the loop when it has ended.  Dies where the keeper
 * is of another version.
 */
void keeper_begin(int fd, void (*gone)(void *arg), void *arg);
/* No more questions; at exit. */
void keeper_end(void);
/* Its process; ours where there is none. */
pid_t keeper_pid(void);

/* What this broker is about to do, for the service manager; see ready.h. */
enum keeper_state { KEEPER_RELOADING, KEEPER_RELOADED, KEEPER_STOPPING,
	KEEPER_ALIVE, KEEPER_STATUS };
/* KEEPER_STATUS: keeper_tell_status().  After KEEPER_STOPPING our end is no
   death any more. */
void keeper_tell(enum keeper_state state);
/* One line, of at most KEEPER_STATUS_MAX bytes. */
#define KEEPER_STATUS_MAX 120
void keeper_tell_status(const char *words);
/* Does it want to know, and how often KEEPER_ALIVE (0: not at all)? */
bool keeper_is_service(void);
int64_t keeper_watchdog_ms(void);

#endif
