/*
 * The flow: the only path for a session's bytes in a stream.
 *
 *	client ─ in ─▶ to_peer ─▶ link ─▶ peer
 *	client ◀─ out ◀─ to_client ◀─ link ◀─ peer
 *
 * Small amounts go through one chunk a direction, which is given back when it
 * is empty; many bytes between a FIFO and a plain link go by splice(2).  The
 * two meet at an empty chunk.  Nothing is taken from `in` unless the link is
 * up and has room, nothing from the link unless `out` has room: back-pressure
 * goes all the way, and a session holds at most one chunk a direction (and a
 * TLS link one more).
 */
#ifndef SESSION_FLOW_H
#define SESSION_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/chunk.h"
#include "base/loop.h"

struct session;

/* What a direction waits for, as its last turn found it. */
enum flow_wait {
	FLOW_SOURCE,            /* for bytes to come */
	FLOW_SINK,              /* for room where they go */
	FLOW_REST,              /* for memory: a second's rest */
	FLOW_RECORD,            /* for the record to be on disk */
};

struct flow_way {
	struct chunk *chunk;    /* bytes taken and not yet passed on */
	enum flow_wait wait;
	bool bulk;              /* there was much: splice, until there is little */
	bool stalled;           /* the last splice moved nothing, but there was */
	uint64_t bytes;         /* passed on, in all; the link may hold some */
	uint64_t mark;          /* of the chunk's bytes, see mirror.h */
};

struct flow {
	struct flow_way to_peer, to_client;
	bool eof_wanted;        /* half-close as soon as `in` is empty */
	bool deaf;              /* the peer takes no more; it may have spoken */
	bool asked;             /* bytes were sent since some last came back */
	bool pieces;            /* requests seem to come in several writes */
	bool after_cr;          /* crlf: the last byte taken was a CR */
	uint64_t lost;          /* bytes for the peer that never were sent */
	uint32_t out_done;      /* bytes of to_client's chunk that `out` has */
	struct watch in_readable, out_writable;
	struct watch link_readable, link_writable;
	struct timer shrink;    /* of FIFOs that were enlarged; also a rest's */
};

/* Is there a link that is up? */
bool flow_has_link(const struct session *s);
/* Pump and derive interest anew: whenever anything has changed. */
void flow_turn(struct session *s);
/*
 * The link is about to go: forget it.  How many bytes were taken from `in`
 * and can no longer be sent; what came from the peer is still delivered.
 */
uint64_t flow_link_down(struct session *s);
/* Bytes of `in` that are on their way to the peer: the link has let them go. */
uint64_t flow_sent(const struct session *s);
/* Bytes waiting in the FIFOs and between. */
uint64_t flow_queued(const struct session *s);
/* Drop what waits, both ways; how many bytes. */
uint64_t flow_discard(struct session *s);
void flow_clear(struct session *s);

#endif
