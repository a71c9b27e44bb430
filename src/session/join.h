/*
 * How a channel joins a session: in an exchange framing it has a dialogue
 * (exchange.h), in a stream a branch of the fan (fan.h).
 */
#ifndef SESSION_JOIN_H
#define SESSION_JOIN_H

#include "channel/channel.h"
#include "session/session.h"

struct branch;
struct dialogue;

/*
 * A fresh dialogue or branch, the other one NULL, and how its channel is to
 * call it.
 */
void join_new(struct session *s, struct dialogue **d, struct branch **b,
    struct channel_owner *owner);
/* Its channel, made with that owner; taken over. */
void join_begin(struct dialogue *d, struct branch *b, struct channel *c);
/* End whichever there is. */
void join_end(struct dialogue *d, struct branch *b);
/* Make a pair of FIFOs for one; fills in the plan's owner. 0, or -1 + why. */
int join_pair(struct session *s, struct pair *pair, struct pair_plan *plan,
    const struct channel_owner *owner, struct why *why);

/* In an exchange framing: the default channel's FIFOs and its dialogue. */
int join_own(struct session *s, struct pair_plan *plan, struct why *why);
/* A connected socket (taken over) becomes a channel. */
void join_socket(struct session *s, int fd);
/* The same of a client of a front door, which hears when it has left. */
void join_guest(struct session *s, int fd);
/* ... that has come by TLS: the link is taken over. */
void join_link(struct session *s, struct link *l);
/*
 * Those whom a former engine had, and to whom it owed nothing, or only an
 * answer; what they are due comes by heir_dialogue_go_on().
 */
void join_inherit(struct session *s);

#endif
