/*
 * A scene: a session, its clients and its peer, in one process; what each of
 * them does is a step.  Who sees bytes can tell whose they are:
 *
 *	#002a;		a request, and the reply to it, has its number
 *	0x80 + N	what else is in them is bytes of client N, whose they are
 *	0x8f		what the peer says unasked
 */
#ifndef FUZZ_SCENE_H
#define FUZZ_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "framing/framing.h"

#define SCENE_CLIENTS 4         /* FIFOs, ch/x, and two at sock */
#define SCENE_IDS 200
#define SCENE_UNASKED 0x8f

enum scene_language { SPEAKS_LINES, SPEAKS_NETSTRINGS, SPEAKS_HTTP,
	SPEAKS_STREAM };

struct scene {
	enum scene_language language;
	struct framing_choice choice;
	bool resends;           /* retry= allows it */
	bool unasked;           /* the peer has said what nobody asked for */
	const char *dir;        /* of the session */
	const char *address;    /* of the peer */

	/* Requests, by number. */
	int nids;
	uint8_t owner[SCENE_IDS];
	bool again[SCENE_IDS];  /* it may be sent twice */
	uint8_t seen[SCENE_IDS];        /* how often, by the peer */
};

/* Finds numbers and owned bytes in what passes. */
struct scan {
	char window[7];
	int id;                 /* that the newest byte has ended, or -1 */
	int letter;             /* that it is, or -1 */
};
void scan_byte(struct scan *s, uint8_t byte);

/* --- scene_client.c --- */

void clients_begin(struct scene *scene);
void clients_end(void);
/* Begin a request, if none is under way, and write `most' bytes of it. */
void client_ask(unsigned n, unsigned shape, size_t most);
/* Write so many more of it; one that has no end. */
void client_more(unsigned n, size_t most);
void client_flood(unsigned n);
/* It says no more; comes (the socket, the directory); leaves; opens out. */
void client_finish(unsigned n);
void client_join(unsigned n);
void client_leave(unsigned n);
/* Open `out', if it is not open; false: it was, or cannot be. */
bool client_listen(unsigned n);
/* Read up to so many bytes, or the end, and look at them; false: nothing. */
bool client_read(unsigned n, size_t most);

/* --- scene_peer.c --- */

void peer_begin(struct scene *scene);
void peer_end(void);
/* Accept and read what is there; false: there was nothing. */
bool peer_turn(void);
/* Answer the oldest request of connection n, and write `most' bytes. */
void peer_answer(unsigned n, unsigned shape, size_t most);
void peer_unasked(unsigned n);
void peer_close(unsigned n);
void peer_finish(unsigned n);
/* Nothing more is read; nobody listens: and the other way round. */
void peer_stall(void);
void peer_away(void);
/* All its connections are closed, and it is away. */
void peer_die(void);

#endif
