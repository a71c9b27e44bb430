/*
 * prototype: bare relays of one link, which do nothing but relay, and so say
 * what this machine allows.  Called as the peers are: prototype ... <in >out
 *
 *	splice	splice(2) both ways			(bulk)
 *	rw	read(2) and write(2), 64 KiB buffers	(round trips)
 *	tls	TLS 1.3 over memory BIOs; as many whole records as fit in
 *		256 KiB make one write of the FIFO or of the socket
 *
 * usage: prototype [-p PIPE-SIZE] [-u SOCKET] splice|rw|tls PORT
 * -u: instead of <in >out, whoever connects to this unix socket, one client
 *  after the other.
 *
 * A pump moves bytes one way until a side would block; edge-triggered epoll
 * says when to try again.  After a short read the source is empty, and new
 * bytes make a new edge, so that the read which says EAGAIN is saved.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>

#include <openssl/ssl.h>

#include "bench.h"

#define RW_SIZE		(64 * 1024)
#define RECORD		(16 * 1024)	/* most plaintext of a TLS record */

struct pump {
	int	from_fd;
	int	to_fd;
	char	*buf;
	size_t	off;
	size_t	len;		/* not yet written, as of buf + off */
};

static SSL *ssl;
static BIO *from_net, *to_net;
static char cipher[CHUNK];	/* what one read of the socket gave */
static size_t flushed;		/* bytes of to_net that were sent */
static int serving;		/* clients of a unix socket */

/*
 * Of all functions below that return an int: 1 done, 0 would block, -1 the
 * end or an error.
 */
static int
result(ssize_t n)
{
	return n > 0 ? 1 : n == -1 && errno == EAGAIN ? 0 : -1;
}

static int
flush(struct pump *p)
{
	ssize_t n;

	for (; p->len > 0; p->off += (size_t)n, p->len -= (size_t)n)
		if ((n = write(p->to_fd, p->buf + p->off, p->len)) <= 0)
			return result(n);
	p->off = 0;
	return 1;
}

static int
splice_pump(struct pump *p)
{
	ssize_t n;

	do
		n = splice(p->from_fd, NULL, p->to_fd, NULL, 1 << 20,
		    SPLICE_F_NONBLOCK);
	while (n > 0);
	return result(n);
}

static int
rw_pump(struct pump *p)
{
	ssize_t n;
	int empty = 0, r;

	for (;;) {
		if ((r = flush(p)) != 1 || empty)
			return r;
		if ((n = read(p->from_fd, p->buf, RW_SIZE)) <= 0)
			return result(n);
		p->len = (size_t)n;
		empty = n < RW_SIZE;
	}
}

static int
tls_flush(int sock)
{
	char *data;
	size_t len;
	ssize_t n;

	len = (size_t)BIO_get_mem_data(to_net, &data);
	for (; flushed < len; flushed += (size_t)n)
		if ((n = write(sock, data + flushed, len - flushed)) <= 0)
			return result(n);
	flushed = 0;
	(void)BIO_reset(to_net);
	return 1;
}

static int
tls_send_pump(struct pump *p)
{
	ssize_t n;
	int empty = 0, r;

	for (;;) {
		if ((r = tls_flush(p->to_fd)) != 1 || empty)
			return r;
		if ((n = read(p->from_fd, p->buf, CHUNK)) <= 0)
			return result(n);
		if (SSL_write(ssl, p->buf, (int)n) != n)
			return -1;
		empty = n < CHUNK;
	}
}

/* Decrypts into buf until it is full or the socket is empty (then 0). */
static int
tls_fill(struct pump *p, int *empty)
{
	ssize_t n;
	int r;

	while (p->len + RECORD <= CHUNK) {
		r = SSL_read(ssl, p->buf + p->len, (int)(CHUNK - p->len));
		if (r > 0) {
			p->len += (size_t)r;
			continue;
		}
		if (SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ)
			return -1;
		if (*empty)
			return 0;
		if ((n = read(p->from_fd, cipher, CHUNK)) <= 0)
			return result(n);
		*empty = n < CHUNK;
		BIO_write(from_net, cipher, (int)n);
	}
	return 1;
}

static int
tls_receive_pump(struct pump *p)
{
	int empty = 0, filled = 1, r;

	for (;;) {
		if ((r = flush(p)) != 1 || filled == 0)
			return r;
		if ((filled = tls_fill(p, &empty)) == -1)
			return -1;
	}
}

static void
tls_start(int sock)
{
	SSL_CTX *ctx;

	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    (ssl = SSL_new(ctx)) == NULL || SSL_set_fd(ssl, sock) != 1 ||
	    SSL_connect(ssl) != 1)
		errx(1, "TLS handshake");
	from_net = BIO_new(BIO_s_mem());
	to_net = BIO_new(BIO_s_mem());
	if (from_net == NULL || to_net == NULL)
		errx(1, "BIO_new");
	BIO_set_mem_eof_return(from_net, -1);
	SSL_set_bio(ssl, from_net, to_net);
}

static int
tcp_connect(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd, one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void
watch(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLET, .data.fd = fd };

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

/*
 * That the socket is writable is news only after the pump was blocked.  That a
 * unix socket is, is told after each read of its client: for bare round trips,
 * which never block it, that would be one call too many.
 */
static void
relay(int sock, int (*send_pump)(struct pump *),
    int (*receive_pump)(struct pump *))
{
	struct pump in = { .from_fd = 0, .to_fd = sock, .buf = malloc(CHUNK) };
	struct pump out = { .from_fd = sock, .to_fd = 1, .buf = malloc(CHUNK) };
	struct epoll_event ev[4];
	int blocked = 0, ep, i, n, receive, send;

	if (in.buf == NULL || out.buf == NULL)
		err(1, NULL);
	ep = epoll_create1(EPOLL_CLOEXEC);
	watch(ep, 0, EPOLLIN);
	if (!serving)
		watch(ep, 1, EPOLLOUT);
	watch(ep, sock, EPOLLIN | EPOLLOUT);
	for (;;) {
		n = epoll_wait(ep, ev, 4, -1);
		for (i = send = receive = 0; i < n; i++) {
			if (ev[i].data.fd == 0)
				send = 1;
			else if (ev[i].data.fd == 1)
				receive = 1;
			else {
				send |= blocked && (ev[i].events & EPOLLOUT);
				receive |= ev[i].events != EPOLLOUT;
			}
		}
		if (send) {
			if ((n = send_pump(&in)) == -1)
				break;
			blocked = n == 0;
		}
		if (receive && receive_pump(&out) == -1)
			break;
	}
	close(ep);
	free(in.buf);
	free(out.buf);
}

/* Put each client of the socket in the place of standard input and output. */
static void
serve(const char *path, int port)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, listener;

	serving = 1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener == -1 ||
	    bind(listener, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(listener, 8) == -1)
		err(1, "%s", path);
	for (;;) {
		if ((fd = accept(listener, NULL, NULL)) == -1 ||
		    dup2(fd, 0) == -1 || dup2(fd, 1) == -1)
			err(1, "accept");
		close(fd);
		fd = tcp_connect(port);
		relay(fd, rw_pump, rw_pump);
		close(fd);
	}
}

int
main(int argc, char *argv[])
{
	const char *how, *path = NULL;
	int ch, pipe_size = 0, sock;

	while ((ch = getopt(argc, argv, "p:u:")) != -1) {
		if (ch == 'p')
			pipe_size = atoi(optarg);
		else if (ch == 'u')
			path = optarg;
		else
			return 2;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: prototype [-p SIZE] [-u SOCKET] "
		    "splice|rw|tls PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	how = argv[optind];
	if (path != NULL)
		serve(path, atoi(argv[optind + 1]));
	sock = tcp_connect(atoi(argv[optind + 1]));
	if (pipe_size > 0 && (fcntl(0, F_SETPIPE_SZ, pipe_size) == -1 ||
	    fcntl(1, F_SETPIPE_SZ, pipe_size) == -1))
		err(1, "F_SETPIPE_SZ");
	if (strcmp(how, "splice") == 0)
		relay(sock, splice_pump, splice_pump);
	else if (strcmp(how, "rw") == 0)
		relay(sock, rw_pump, rw_pump);
	else if (strcmp(how, "tls") == 0) {
		tls_start(sock);
		relay(sock, tls_send_pump, tls_receive_pump);
	} else
		errx(2, "%s: not splice, rw or tls", how);
	return 0;
}
