/*
 * The service manager's store: descriptors that it keeps while we are away
 * (FDSTORE in sd_notify(3), LISTEN_FDS in sd_listen_fds(3)), so that what the
 * keeper holds outlives the keeper, too.
 */
#ifndef KEEPER_STORE_H
#define KEEPER_STORE_H

#include <stdbool.h>

/* Take what the environment tells of.  Is there a store at all? */
bool store_begin(void);
/* One of that name, the caller's from now on; -1: there is none. */
int store_take(const char *name);
/* Of those that nobody has taken nothing is wanted any more. */
void store_forget(void);

/* Keep a copy of fd; keep none of that name. */
void store_put(const char *name, int fd);
void store_drop(const char *name);

#endif
