/*
 * Text that ends with a line of a single dot, as in SMTP (RFC 5321 4.1.1.4),
 * POP3 and NNTP.
 *
 * Where its first line ends with CR LF, only CR LF . CR LF ends it: a bare LF
 * is text there, as it is to a strict server, and a cut at it would make mail
 * of a client's into commands.  Where its first line ends with LF, as typed
 * by hand, each LF ends a line.
 */
#ifndef FRAMING_DOT_H
#define FRAMING_DOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In a framer's state, zeroed: at the beginning of a line. */
struct dot {
	uint8_t place;
	uint8_t style;
};

/* Bytes up to and with the end, else all: *found says which. */
size_t dot_take(struct dot *d, const uint8_t *data, size_t size, bool *found);

#endif
