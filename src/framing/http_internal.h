/*
 * What the files of the http framing share: how far a message is, lines, and
 * what a field line does.  http.c holds the slots and says how the length of
 * a body is found; http_line.c takes lines; http_start.c reads the first one;
 * http_fields.c those fields that decide about lengths; http_chunk.c is the
 * chunked coding.
 */
#ifndef FRAMING_HTTP_INTERNAL_H
#define FRAMING_HTTP_INTERNAL_H

#include "framing/framing.h"

/* Every limit counts bytes with their line ends. */
#define HTTP_LINE_MAX (16 * 1024)
#define HTTP_HEAD_MAX (64 * 1024)
#define HTTP_FIELDS_MAX 128
#define HTTP_INTERIM_MAX 16             /* 1xx before the final reply */
#define HTTP_TRAILERS_MAX (16 * 1024)
#define HTTP_CHUNK_LINE_MAX 4096
#define HTTP_EXTENSIONS_MAX (64 * 1024) /* of chunks, beyond what they carry */
#define HTTP_LENGTH_MAX ((uint64_t)INT64_MAX)   /* of a body or chunk */

enum http_part {
	HTTP_START,             /* the request line or the status line */
	HTTP_FIELDS,
	HTTP_SIZED,             /* a body of which `left` bytes are to come */
	HTTP_CHUNK_LINE,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END,         /* the CR LF after a chunk's data */
	HTTP_TRAILERS,
	HTTP_REST,              /* all until the link is closed */
};

/* In a framer's state. */
struct http {
	enum http_part part;
	bool reply;
	unsigned interims;      /* 1xx heads before this head */

	/* Of the present head. */
	bool old;               /* HTTP/1.0 */
	bool bodiless;          /* by RFC 9112 6.3, rules 1 and 2 */
	bool interim, tunnel;
	bool has_length, coded, chunked;
	bool close, keep_alive, expects;
	unsigned fields;
	size_t section;         /* bytes of this head, trailers, chunk line */
	uint64_t length;        /* Content-Length, if it has one */

	/* Of its body. */
	bool cr;                /* HTTP_CHUNK_END: the CR is there */
	uint64_t left;          /* ... of it or of the present chunk */
	uint64_t extensions;    /* bytes not yet outweighed by data */
};

_Static_assert(sizeof(struct http) <= FRAMER_STATE, "http: too large a state");

static inline struct http *
http_state(struct framer *f)
{
	return (struct http *)(void *)f->state;
}

/* The bytes shown in one call, and how many of them are taken. */
struct http_piece {
	const uint8_t *data;
	size_t size, used;
};

/*
 * A line without its end.  The text is borrowed, from the piece or from
 * f->kept, until http_line_forget().
 */
struct http_line {
	const uint8_t *text;
	size_t length;
	uint64_t at;            /* of its first byte, from the message's */
	bool crlf;              /* its end is CR LF, not LF alone */
};

/*
 * It is broken at the byte numbered `at`, the first of the message being 0;
 * people are told of byte 1.  Returns -1.
 */
int http_broken(struct framer *f, uint64_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The next line, where at most `max` bytes are allowed for the section (the
 * head, the trailers, a chunk's line) that is counted in h->section.  False:
 * it is not whole yet, or f is broken: too long, a NUL, a CR that ends no
 * line.
 */
bool http_line_take(struct framer *f, struct http_piece *piece, size_t max,
    struct http_line *line);
/* Done with it. */
void http_line_forget(struct framer *f);
/* http_broken() at a place in that line. */
#define http_line_broken(f, line, place, ...)				\
	http_broken(f, (line)->at + (uint64_t)((place) - (line)->text),	\
	    __VA_ARGS__)

/* RFC 9110 5.6.2: may it stand in a method, in a field's name? */
bool http_is_token(uint8_t c);

/*
 * A field line: 0, or -1 and f is broken.  Of a head's fields, what matters
 * here is noted in the state; of a trailer (RFC 9110 6.5.1) nothing.
 */
int http_field_take(struct framer *f, const struct http_line *line);
int http_trailer_take(struct framer *f, const struct http_line *line);

/* The message is whole. */
void http_finish(struct framer *f);

/* What the parts of that name take of a piece: a byte at least, or f breaks. */
void http_take_start(struct framer *f, struct http_piece *piece);
void http_take_chunk_line(struct framer *f, struct http_piece *piece);
void http_take_chunk_end(struct framer *f, struct http_piece *piece);
void http_take_trailer(struct framer *f, struct http_piece *piece);

#endif
