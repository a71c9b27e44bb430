/*
 * Messages between keeper and engine: a kind, numbers, texts and bytes one
 * after the other, and descriptors.  One message is one packet of a
 * SOCK_SEQPACKET socket, so none comes in parts.
 *
 * Reading is total: what is not there reads as 0, NULL or -1 and makes the
 * message bad, which is asked once, at the end.
 */
#ifndef KEEPER_MESSAGE_H
#define KEEPER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A command of 128 KiB, the longest that execve(2) takes, and some more. */
#define MESSAGE_MAX (160 * 1024)
/* Linux passes at most 253 at a time (SCM_MAX_FD). */
#define MESSAGE_FDS 200

struct message {
	uint32_t kind;
	bool bad;               /* too long to write, or wrong to read */
	bool cut;               /* descriptors came for which there was no room */
	size_t length, at;
	size_t nfds, taken;
	int fds[MESSAGE_FDS];
	bool given[MESSAGE_FDS];        /* close it when it is sent */
	uint8_t data[MESSAGE_MAX];      /* touched no further than used */
};

/* --- writing --- */

void message_begin(struct message *m, uint32_t kind);
void message_put_number(struct message *m, uint64_t value);
void message_put_bytes(struct message *m, const void *bytes, size_t n);
/* NULL is allowed and comes out as NULL. */
void message_put_text(struct message *m, const char *text);
/* It stays ours, and must be open when the message is sent; ... */
void message_lend(struct message *m, int fd);
/* ... or goes with the message, sent or not. */
void message_give(struct message *m, int fd);
/* Send it; with `wait' until there is room. 0, or -1 + errno. */
int message_send(struct message *m, int fd, bool wait);

/* --- reading --- */

/* The next; waits where the descriptor does. 1, 0 at the end, -1 + errno. */
int message_receive(struct message *m, int fd);
/* It never waits: -1 + EAGAIN. */
int message_receive_now(struct message *m, int fd);
uint64_t message_number(struct message *m);
/* Borrowed from the message, and not aligned. */
const void *message_bytes(struct message *m, size_t *n);
/* Exactly n bytes into out, which is zeroed where that is not so. */
void message_struct(struct message *m, void *out, size_t n);
const char *message_text(struct message *m);
/* The next descriptor, the caller's from now on; -1 where there is none. */
int message_fd(struct message *m);
/* All but descriptors is read, and nothing was wrong. */
bool message_whole(const struct message *m);
/* Close the descriptors that nobody has taken. */
void message_clear(struct message *m);

#endif
