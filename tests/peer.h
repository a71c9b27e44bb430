/*
 * peer: the remote end as the tests want it.  One thread serves one
 * connection, from accept to close; the options are fixed before the first.
 *
 *   peer.c             the process, its output, one thread a connection
 *   peer_options.c     arguments, as tables; `peer help' prints them
 *   peer_socket.c      addresses, listening, calling
 *   peer_connection.c  bytes in and out of one connection, plain or TLS
 *   peer_tls.c         contexts, handshakes, tickets
 *   peer_script.c      mode `script', and peer_script_parse.c
 *   peer_http.c        mode `http'
 *   peer_flow.c        modes `echo', `sink', `source', `duplex'; `random'
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

struct peer_options {
	const char *address;	/* numeric address, /PATH or @NAME */
	const char *connect;	/* be the side that calls: HOST:PORT, … */
	uint64_t port;
	uint64_t connections;	/* end after so many; 0 is never */
	uint64_t backlog;
	uint64_t lifetime_s;
	uint64_t rcvbuf, sndbuf;
	const char *record;	/* received bytes go to RECORD.ID */
	bool refuse, no_accept, quiet;

	bool tls;
	const char *cert, *key, *client_ca, *ca, *sni;
	const char *tls_min, *tls_max, *alpn, *staple;
	uint64_t tickets;	/* TICKETS_DEFAULT: the library's choice */

	uint64_t bytes, seed;
	uint64_t chunk;		/* most bytes a read or write, 0 any */
	uint64_t delay_ms;	/* after each chunk, before each reply */
	const char *end;	/* close, half-close or hold */

	uint64_t padding;
	uint64_t ticket_every, close_after, drop_after;
};

#define TICKETS_DEFAULT UINT64_MAX

extern struct peer_options opt;

struct connection {
	unsigned int id;
	int fd;
	SSL *ssl;		/* NULL while plain */
	int record_fd;
	short read_wants;	/* poll(2) events that the last EAGAIN of */
	short write_wants;	/* that direction waits for */
	bool eof;		/* nothing more will be read */
	bool dead;		/* nothing more can be written either */
};

/* peer.c: one line on standard output, flushed; whole lines among threads. */
void event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* One line on standard error, exit status 1. */
void die(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
/* As malloc(3) and realloc(3), but they die. */
void *xmalloc(size_t n);
void pause_ms(uint64_t ms);
/* The whole of a file, owned by the caller; dies where it cannot be read. */
uint8_t *file_read(const char *path, size_t *n);

/*
 * peer_options.c: fills opt, or prints what is wrong and exits.  The run of
 * a mode that is no peer (random) is NULL.
 */
struct peer_mode {
	const char *name;
	void (*run)(struct connection *);	/* handshake to end */
	const char *operands, *text;
};
const struct peer_mode *options_parse(int argc, char **argv);
/* "64K", "1M", "2G" or plain; 0, or -1 where s is not such a number. */
int number_parse(const char *s, uint64_t *n);

/*
 * peer_socket.c: all die on error.  Opening the listener prints the first
 * line, `port N' or `path NAME'.
 */
int listener_open(void);
void listener_close(void);
/*
 * Nobody gets in any more; removes the unix socket, if it is one.
 * Async-signal-safe.
 */
void listener_remove(void);
/* A connected socket to opt.connect. */
int socket_call(void);

/*
 * peer_connection.c.  The descriptor is non-blocking; read and write never
 * wait and return -1/EAGAIN with read_wants or write_wants set.  The first
 * end of file, truncation or reset is an event, and sets eof (and dead).
 */
struct connection *connection_new(unsigned int id, int fd);
/* Closes as the peer of a real server would see it: close_notify, FIN. */
void connection_free(struct connection *c);
/* Bytes read, 0 at the end, -1/EAGAIN. */
ssize_t connection_read(struct connection *c, void *data, size_t n);
/* Bytes written (at least 1), -1/EAGAIN, -1/EPIPE when dead. */
ssize_t connection_write(struct connection *c, const void *data, size_t n);
/* Waits for what `events' of the two wants ask for. */
void connection_wait(struct connection *c, bool reading, bool writing);
/* The same, waiting: some bytes or 0 at the end; all of it or -1. */
ssize_t connection_receive(struct connection *c, void *data, size_t n);
int connection_send(struct connection *c, const void *data, size_t n);
/* Reads and drops everything up to the end of file. */
void connection_wait_eof(struct connection *c);
/* Sends close_notify, or FIN where there is no TLS; reading goes on. */
void connection_half_close(struct connection *c);
/* FIN without close_notify. */
void connection_truncate(struct connection *c);
/* RST. */
void connection_reset(struct connection *c);

/* peer_tls.c: reads the certificate and everything else; dies on error. */
void tls_init(void);
/*
 * `early' are bytes of it that were read with what came before.  0, or -1 with
 * an event that says why; NULL ssl is left only then.
 */
int tls_handshake(struct connection *c, const void *early, size_t n);
/* Each needs TLS 1.3; 0, or -1 with an event. */
int tls_ticket(struct connection *c);
int tls_keyupdate(struct connection *c);

/* peer_script.c: adds one line, or a file of lines; dies on a bad one. */
void script_add(const char *line);
void script_add_file(const char *path);
void script_free(void);

/*
 * peer_flow.c: bytes [offset, offset + n) of the endless stream that `seed'
 * names; it does not depend on the pieces in which it is asked for.
 */
void random_fill(uint64_t seed, uint64_t offset, void *data, size_t n);
/* Mode `random': that stream to standard output. */
int random_main(void);

/* The modes. */
void script_run(struct connection *c);
void http_run(struct connection *c);
void echo_run(struct connection *c);
void sink_run(struct connection *c);
void source_run(struct connection *c);
void duplex_run(struct connection *c);

#endif
