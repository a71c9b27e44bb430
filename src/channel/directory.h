/*
 * A session's directory: appears whole, disappears whole.  It is filled under
 * a hidden name and renamed; it is hidden again before it is emptied.  Only
 * what is ours is ever removed.
 */
#ifndef CHANNEL_DIRECTORY_H
#define CHANNEL_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"

/*
 * Make the hidden directory of `name`.  Its descriptor, or -1 + FAULT_REFUSED
 * (also where something not ours already has the name).
 */
int directory_make(int rundir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why);
/* Give it its name.  0, or -1 + FAULT_REFUSED. */
int directory_appear(int rundir_fd, const char *name, struct why *why);
/* Open it by its name; -1, see errno. */
int directory_open(int rundir_fd, const char *name);
/*
 * Take the name away and remove what is ours.  Its log stays as
 * `.log-NAME`, for `fifoctl log`; of these the newest 64 are kept, and some
 * more until they are next counted.  `hidden`: it has not appeared yet.  0; 1
 * where files that are not ours keep the directory there; -1, see errno.
 */
int directory_remove(int rundir_fd, const char *name, int hidden);
/* Is what has the name now the directory that had this inode? */
bool directory_is(int rundir_fd, const char *name, ino_t inode);
/*
 * What a broker that died has left: call `note` for each name removed, but
 * leave those that `keep` (NULL: none) says are ours.
 */
void directory_sweep(int rundir_fd, bool (*keep)(const char *name),
    void (*note)(const char *name, int left));

/* Who may read a file: its mode and, where it is not -1, its group. */
struct directory_access {
	mode_t mode;
	gid_t gid;
};

typedef int directory_writer(int dir_fd, const char *name, const char *text,
    size_t length, const struct directory_access *access);
/*
 * Make the file `name' in dir_fd, a directory that has not appeared yet: nobody
 * can see it in parts.  0 or -1, see errno.
 */
directory_writer directory_begin;
/* Replace the file `name` in dir_fd as a whole.  0 or -1, see errno. */
directory_writer directory_write;
/*
 * Open the file `name` in dir_fd to add to it; what is there and no regular
 * file is removed first.  Beyond `limit` bytes, or where it cannot be opened,
 * it becomes NAME.0 and is begun anew; at no moment is there none.  A
 * descriptor or -1, see errno.
 */
int directory_append(int dir_fd, const char *name, size_t limit,
    const struct directory_access *access);
/*
 * The same of the file `name' in the session's directory, as mostly it is
 * there: a regular file that is not too long.  -1: it is not so simple.
 */
int directory_append_at(int rundir_fd, const char *session, const char *name,
    size_t limit);
/* Give the files that are there this access. */
void directory_share(int dir_fd, const struct directory_access *access);

#endif
