/*
 * server: the peer of every figure, one HTTP/1.1 keep-alive server (bench.h
 * says what it answers), plain and TLS 1.3, on two ports of ADDRESS (127.0.0.1)
 * that it prints.  One thread: epoll tells which connection has a request, the
 * request is then served with blocking calls, since only one transfer runs at a
 * time.  A connection without a request is held for ever.
 *
 * usage: server [-a ADDRESS] CERTIFICATE KEY
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "bench.h"

struct listener {
	int	fd;
	int	tls;
};

struct conn {
	int	fd;
	SSL	*ssl;
	int	up;		/* the handshake is done, calls may block */
	size_t	have;
	char	head[512];
};

static SSL_CTX *ctx;
static unsigned char pattern[PATTERN_PERIOD + CHUNK];
static unsigned char sink[CHUNK];

static ssize_t
conn_read(struct conn *c, void *buf, size_t len)
{
	if (c->ssl != NULL)
		return SSL_read(c->ssl, buf, (int)len);
	return read(c->fd, buf, len);
}

static int
conn_write(struct conn *c, const void *buf, size_t len)
{
	if (c->ssl != NULL)
		return SSL_write(c->ssl, buf, (int)len) > 0 ? 0 : -1;
	return write_all(c->fd, buf, len);
}

static void
conn_close(struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static int
serve_get(struct conn *c, uint64_t length)
{
	char head[256 + 512];
	uint64_t done;
	size_t n;

	n = reply_head(head, sizeof(head), length);
	if (length <= 512) {		/* head and body in one packet */
		memcpy(head + n, pattern, length);
		return conn_write(c, head, n + length);
	}
	if (conn_write(c, head, n) == -1)
		return -1;
	for (done = 0; done < length; done += n) {
		n = length - done < CHUNK ? (size_t)(length - done) : CHUNK;
		if (conn_write(c, pattern + done % PATTERN_PERIOD, n) == -1)
			return -1;
	}
	return 0;
}

/* The first "have" bytes of the body came with the head. */
static int
serve_put(struct conn *c, uint64_t length, size_t have)
{
	uint64_t done;
	size_t want;
	ssize_t n;

	for (done = have; done < length; done += (uint64_t)n) {
		want = length - done < CHUNK ? (size_t)(length - done) : CHUNK;
		n = conn_read(c, sink, want);
		if (n <= 0)
			return -1;
		if (!pattern_fits(sink, (size_t)n, done)) {
			warnx("misplaced bytes near offset %llu",
			    (unsigned long long)done);
			return -1;
		}
	}
	return serve_get(c, 0);
}

/* Reads what is there; serves the request once its head is whole. */
static int
conn_request(struct conn *c)
{
	char *end, *length;
	size_t rest;
	ssize_t n;

	n = conn_read(c, c->head + c->have, sizeof(c->head) - 1 - c->have);
	if (n <= 0)
		return -1;
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	if ((end = strstr(c->head, "\r\n\r\n")) == NULL)
		return c->have < sizeof(c->head) - 1 ? 0 : -1;
	rest = c->have - (size_t)(end + 4 - c->head);
	c->have = 0;
	if (strncmp(c->head, "GET /", 5) == 0)
		return serve_get(c, strtoull(c->head + 5, NULL, 10));
	length = strstr(c->head, "Content-Length: ");
	if (strncmp(c->head, "PUT /", 5) != 0 || length == NULL)
		return -1;
	return serve_put(c, strtoull(length + 16, NULL, 10), rest);
}

/* Of TLS.  1 up, 0 not yet, -1 failed. */
static int
conn_handshake(struct conn *c)
{
	int n;

	ERR_clear_error();
	if ((n = SSL_accept(c->ssl)) != 1) {
		n = SSL_get_error(c->ssl, n);
		return n == SSL_ERROR_WANT_READ ? 0 : -1;
	}
	fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) & ~O_NONBLOCK);
	c->up = 1;
	return 1;
}

static void
conn_serve(struct conn *c)
{
	int n;

	if (!c->up) {
		if ((n = conn_handshake(c)) == -1)
			conn_close(c);
		if (n != 1 || !SSL_has_pending(c->ssl))
			return;
	}
	do {
		if (conn_request(c) == -1) {
			conn_close(c);
			return;
		}
	} while (c->ssl != NULL && SSL_has_pending(c->ssl));
}

static void
listener_accept(struct listener *l, int ep)
{
	struct epoll_event ev;
	struct conn *c;
	int fd, one = 1;

	while ((fd = accept4(l->fd, NULL, NULL,
	    SOCK_CLOEXEC | (l->tls ? SOCK_NONBLOCK : 0))) != -1) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if ((c = calloc(1, sizeof(*c))) == NULL)
			err(1, NULL);
		c->fd = fd;
		c->up = !l->tls;
		if (l->tls) {
			if ((c->ssl = SSL_new(ctx)) == NULL)
				errx(1, "SSL_new");
			SSL_set_fd(c->ssl, fd);
		}
		ev.events = EPOLLIN;
		ev.data.ptr = c;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
			err(1, "epoll_ctl");
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		err(1, "accept");
}

static void
listener_open(struct listener *l, const char *address, int tls, int ep)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		errx(1, "%s: not an IPv4 address", address);
	l->tls = tls;
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1 ||
	    bind(l->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(l->fd, SOMAXCONN) == -1 ||
	    getsockname(l->fd, (struct sockaddr *)&sin, &len) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, l->fd, &ev) == -1)
		err(1, "listen");
	printf("%d%c", ntohs(sin.sin_port), tls ? '\n' : ' ');
}

/* Large reads, so that the server never is the slowest part of a figure. */
static void
tls_init(const char *cert, const char *key)
{
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "cannot use %s and %s", cert, key);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, CHUNK);
}

int
main(int argc, char *argv[])
{
	struct epoll_event ev[64];
	struct listener listeners[2];
	struct rlimit files;
	const char *address = "127.0.0.1";
	int ch, ep, i, n;

	while ((ch = getopt(argc, argv, "a:")) == 'a')
		address = optarg;
	if (ch != -1 || argc - optind != 2) {
		fprintf(stderr,
		    "usage: server [-a ADDRESS] CERTIFICATE KEY\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	pattern_fill(pattern);
	tls_init(argv[optind], argv[optind + 1]);
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	for (i = 0; i < 2; i++)
		listener_open(&listeners[i], address, i, ep);
	fflush(stdout);

	for (;;) {
		n = epoll_wait(ep, ev, 64, -1);
		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == &listeners[0] ||
			    ev[i].data.ptr == &listeners[1])
				listener_accept(ev[i].data.ptr, ep);
			else
				conn_serve(ev[i].data.ptr);
		}
	}
}
