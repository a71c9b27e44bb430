/*
 * What all links over a plain socket share: the slots read, write, finish,
 * close and fact of transport.h on l->fd, and addresses in words.
 */
#ifndef TRANSPORT_SOCK_H
#define TRANSPORT_SOCK_H

#include <sys/socket.h>

#include "transport/link.h"

/* What errno says of a broken connection, in words: -1, EAGAIN stays. */
int sock_broken(struct link *l);
ssize_t sock_read(struct link *l, void *data, size_t size);
ssize_t sock_write(struct link *l, const void *data, size_t size);
int sock_finish(struct link *l);
void sock_close(struct link *l);
bool sock_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size);

/* As the options say: keepalive; what is written is sent.  TCP's alone. */
void sock_tune(struct link *l);
/* The same; what a listening socket has, those that it accepts inherit. */
void sock_tune_fd(int fd, const struct link_options *options);
/* Bytes that the kernel has not seen acknowledged; 0 where unknown. */
size_t sock_unacknowledged(int fd);
/* When it is closed the peer will meet a reset. */
void sock_reset(int fd);
/* A connection that a peer has made to us: up at once, in no table. */
extern const struct transport transport_accepted;

/* "192.0.2.1:443", "[2001:db8::1]:443", "/run/x", "@name".  Returns out. */
char *sock_text(const struct sockaddr *address, socklen_t length, char *out,
    size_t size);

#endif
