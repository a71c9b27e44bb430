/*
 * Frames: what passes through the control socket.  A header of two 32-bit
 * big-endian numbers, length and type, then `length` bytes.
 *
 *	fifoctl -> fifod	FRAME_REQUEST, once: strings, each ended by a
 *				NUL: the protocol's number, the working
 *				directory, the command's words; with its first
 *				byte come the descriptors that some commands
 *				take (SCM_RIGHTS, unix(7))
 *			FRAME_HOME, before it, where the command may make a
 *				session that runs programs: strings, too: the
 *				umask and the environment
 *	fifod -> fifoctl	FRAME_OUTPUT	bytes for standard output
 *				FRAME_ERROR	one line for standard error
 *				FRAME_PIECE	bytes that passed, see tap.c
 *				FRAME_SENDS	what comes from standard input
 *						is about to go to the peer
 *				FRAME_EXIT	4 bytes, the exit status; last
 *
 * A client that closes cancels.  The broker that closes before FRAME_EXIT has
 * ended.
 */
#ifndef COMMAND_FRAME_H
#define COMMAND_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FRAME_PROTOCOL "1"
#define FRAME_HEADER 8
#define FRAME_MAX ((size_t)1024 * 1024)         /* payload */
#define FRAME_WORDS 1024                        /* of a request */

enum frame_type {
	FRAME_REQUEST = 1,
	FRAME_OUTPUT,
	FRAME_ERROR,
	FRAME_EXIT,
	FRAME_HOME,
	FRAME_PIECE,
	FRAME_SENDS,
};

struct frame {
	uint32_t type;
	const uint8_t *data;    /* in the buffer */
	size_t length;
};

/* Append a frame; -1 + errno as buf_append(), nothing appended. */
int frame_append(struct buf *b, enum frame_type type, const void *data,
    size_t n);
/* The first frame: 1 whole, 0 not yet there, -1 it is too long to be one. */
int frame_peek(const struct buf *b, struct frame *f);
void frame_drain(struct buf *b, const struct frame *f);

/* A whole request; -1 + errno as buf_append(). */
int frame_request(struct buf *b, const char *cwd, char *const *argv);
/* The caller's umask and environment; -1 + errno where that is too long. */
int frame_home(struct buf *b);
/*
 * The strings of one: pointers into *text, NULL-terminated; both for free(3).
 * How many, or -1 where it is no request.
 */
int frame_words(const struct frame *f, char **text, char ***words);

/* The status a FRAME_EXIT bears; -1 for a malformed one. */
int frame_exit(const struct frame *f);

#endif
