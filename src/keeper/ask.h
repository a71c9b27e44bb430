/*
 * What the engine's files of this floor ask the keeper.  Where there is none
 * each is its direct_... namesake.
 */
#ifndef KEEPER_ASK_H
#define KEEPER_ASK_H

#include "keeper/direct.h"
#include "keeper/hold.h"
#include "keeper/message.h"
#include "keeper/request.h"

/* --- questions in general (ask.c) --- */

/* Is there a keeper? */
bool ask_may(void);
/* A question to be filled in; one at a time. */
struct message *ask_begin(enum request kind);
/*
 * Put it, and read its answer, which is to be read before the next question.
 * NULL + why and errno: it was refused, or there is no keeper any more.
 */
struct message *ask_answer(struct why *why);
/* The same for one whose answer says nothing, or is a descriptor alone. */
int ask_done(struct why *why);
int ask_fd(struct why *why);

/*
 * Put it, and go on: its answer, which says nothing, is read before that of
 * the next question, or by the loop.  At most ASK_OWED of them are owed to
 * us; one more waits.  Where it is refused `refused' (may be NULL) is told,
 * which may not ask.
 */
#define ASK_OWED 16
void ask_soon(const char *key, keeper_refused_cb *refused);

/* --- sockets (ask_socket.c, accept.c) --- */

void ask_listen_sweep(const struct keeper_address *at, int type);

/* --- children and homes (ask_child.c) --- */

int ask_program(const struct direct_program *program,
    struct direct_child *out, struct why *why);
int ask_look_up(const struct keeper_look_up *what, struct direct_child *out,
    struct why *why);
void ask_child_end(uint64_t number, int fd);
uint64_t ask_home_new(int fd, struct why *why);
bool ask_home_again(uint64_t number);
void ask_home_end(uint64_t number);

#endif
