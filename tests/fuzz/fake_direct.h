/*
 * A keeper that does nothing: in place of what direct.h does to the system, it
 * looks at what it is asked for, and refuses, or gives /dev/null.  A target
 * that is linked with it has FAKE_DIRECT (local.mk) in its LDFLAGS.
 */
#ifndef FUZZ_FAKE_DIRECT_H
#define FUZZ_FAKE_DIRECT_H

#include "keeper/direct.h"

int __wrap_direct_open(const char *path, bool append, const char *what,
    struct why *why);
int __wrap_direct_symlink(const char *target, const char *path,
    const char *rundir, struct why *why);
int __wrap_direct_symlink_remove(const char *target, const char *path);
int __wrap_direct_try(const char *path, struct why *why);
int __wrap_direct_rotate(const char *path, int keep, const char *what,
    struct why *why);
int __wrap_direct_directory(const char *path);
int __wrap_direct_socket(int family, int type, const struct keeper_place *place,
    struct why *why);
int __wrap_direct_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why);
void __wrap_direct_listen_share(const struct keeper_address *at, mode_t mode,
    gid_t gid);
void __wrap_direct_listen_sweep(const struct keeper_address *at, int type);
int __wrap_direct_terminal_pair(int *ours, int *theirs, struct why *why);
int __wrap_direct_terminal_open(const char *path, struct why *why);
int __wrap_direct_program(const struct direct_program *program,
    struct direct_child *out, struct why *why);
int __wrap_direct_look_up(const struct keeper_look_up *what,
    struct direct_child *out, struct why *why);
void __wrap_direct_child_end(uint64_t number, int fd);
/* Of the keeper alone: not for those that have a run directory. */
int __wrap_direct_mkdir(int dir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why);

#endif
