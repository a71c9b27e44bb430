/*
 * Private channels: the directories ch/ID of a session, each a pair of FIFOs
 * of one client's own.
 */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include "channel/channel.h"
#include "session/session.h"

struct dialogue;

/* Make ch/ in the session's directory, which is hidden yet. 0 or -1 + why. */
int private_make(struct session *s, int dir_fd, struct why *why);
/* The directory has its name: hear of what clients make in ch/. */
void private_watch(struct session *s);
/* End all channels; remove what was made for them. */
void private_clear(struct session *s);
/* Those that a former engine had; and what is due on them (heir.h). */
void private_inherit(struct session *s);
void private_go_on(struct session *s);
/* New mode for their FIFOs. */
void private_mode(struct session *s);
/* Channels besides the default one. */
size_t private_count(const struct session *s);
/* Do max-channels and memory leave room for one more?  0, or -1 + FAULT_REFUSED. */
int private_room(const struct session *s, struct why *why);

/*
 * Make a directory ch/ID for a client, that ends with process `pid` (0: with
 * none).  Its ID, borrowed until it ends; or NULL + FAULT_REFUSED.
 */
const char *private_open(struct session *s, pid_t pid, struct why *why);
/* End the one of this ID; 0, or -1 + FAULT_REFUSED. */
int private_close(struct session *s, const char *id, struct why *why);

/*
 * In a stream: what the link's end means for further channels, as
 * delivery_end() and delivery_resume() for `out`; a socket is closed.
 */
void private_deliver_end(struct session *s, unsigned how);
void private_deliver_resume(struct session *s);

/* --- for dialogues and branches --- */

/* Its directory, a descriptor to be closed; -1: it is gone. */
int private_directory(const struct dialogue *d);
/* Who speaks, before a sentence of the log: "ch/ID: ", or "". */
const char *private_who(const struct dialogue *d);
/* The same, of a branch's; NULL: a client of the socket. */
const char *private_name(const struct private *p);
/* Its FIFOs; NULL: none. */
struct pair *private_pair(struct private *p);
/* Replace the file `status` of its directory, if it has one. */
void private_status(struct dialogue *d);
/* Its dialogue, or branch, has ended: so does the directory.  NULL: none. */
void private_free(struct private *p);

#endif
