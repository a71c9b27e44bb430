/*
 * A session's names: its directory and what is in it, who may use them, and
 * what becomes of them when somebody deletes or replaces one.
 */
#ifndef SESSION_NAMES_H
#define SESSION_NAMES_H

#include "channel/directory.h"
#include "session/session.h"

/* How long names that were touched are left alone, of channels too, ... */
#define NAMES_SETTLE_MS 100
/*
 * ... and then those that are not in place before they are put back: `rm -r' of
 * a directory is done by then, on a busy machine too, and is not fought.
 */
#define NAMES_AMISS_MS 400

/* The directory is there: hear of changes to it. 0, or -1 + FAULT_REFUSED. */
int names_watch(struct session *s, struct why *why);
/* Hear no more, and have no more part in the run directory's mode. */
void names_forget(struct session *s);
/* Look at them a second later: they, or status, could not be put right now. */
void names_again(struct session *s);
/*
 * They were a former engine's until now: watched, if they could not be before,
 * and looked at soon, as if somebody had touched them.
 */
void names_inherit(struct session *s);
/* Give everything that is there the access that the options ask for. */
void names_share(struct session *s);
/* That of files. */
struct directory_access names_access(const struct session *s);

#endif
