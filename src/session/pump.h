/*
 * The pump: one step of a session's bytes at a time, in either direction.
 * flow.c decides how many steps there are and what is watched between.
 */
#ifndef SESSION_PUMP_H
#define SESSION_PUMP_H

struct fifo;
struct session;

/* What a step came to. */
enum pump {
	PUMP_MOVED,             /* go on */
	PUMP_WAIT,              /* the way's `wait` says for what */
	PUMP_ENDED,             /* the peer has closed its side */
	PUMP_BROKEN,            /* the link broke, see s->why */
};

/* From `in` to the link, which is up. */
enum pump pump_to_peer(struct session *s);
/* To `out`, from the link where there is one. */
enum pump pump_to_client(struct session *s);

/*
 * From a branch of the fan, when there is room: MOVED, or WAIT where there is
 * not; ENDED it sends no more, BROKEN it has gone.
 */
struct channel;
enum pump pump_from_branch(struct session *s, struct channel *c);

/* Enlarge a FIFO that is full, until few bytes pass through it. */
void pump_grow(struct session *s, struct fifo *f);

#endif
