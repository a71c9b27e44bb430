/*
 * A TLS link that is up: records both ways, in batches.  One read of the link
 * below is decrypted into the owner's buffer, one write below takes the
 * records of all that the owner gave.
 */
#include <openssl/err.h>

#include <errno.h>

#include "transport/tls_internal.h"

/* The longest a record gets, header and all. */
#define TLS_RECORD SSL3_RT_MAX_PACKET_SIZE

static int
stream_wait(void)
{
	errno = EAGAIN;
	return -1;
}

/* --- reading --- */

/*
 * Ciphertext for `room` bytes of plaintext, and no more, so that all of it
 * can be decrypted at once; but a whole record in any case.
 */
static bool
stream_refill(struct tls_link *t, size_t room)
{
	size_t size = room > TLS_RECORD ? room : TLS_RECORD;
	size_t n;

	if (size > CHUNK_SIZE)
		size = CHUNK_SIZE;
	size -= t->partial < TLS_RECORD / 2 ? t->partial : TLS_RECORD / 2;
	n = tls_bio_receive(t, t->in->data, size);
	t->in->start = 0;
	t->in->end = (uint32_t)n;
	t->drained = n < size;
	return n > 0;
}

static void
stream_judge(struct tls_link *t, int error)
{
	if (error == SSL_ERROR_ZERO_RETURN)
		t->end = TLS_CLOSED;
	else if (error != SSL_ERROR_WANT_READ)
		tls_words_failure(t);
}

static size_t
stream_decrypt(struct tls_link *t, char *data, size_t size)
{
	size_t n = 0, got;

	while (n < size &&
	    SSL_read_ex(t->ssl, data + n, size - n, &got) == 1) {
		t->partial = 0;
		n += got;
	}
	if (n < size)
		stream_judge(t, SSL_get_error(t->ssl, 0));
	return n;
}

/*
 * As much as one short read below gives, or as fits.  A short read has
 * emptied the socket: trying again would only cost a call.
 */
static size_t
stream_gather(struct tls_link *t, char *data, size_t size)
{
	size_t n = 0;

	while (t->end == TLS_OPEN && n < size) {
		if (chunk_length(t->in) == 0 && SSL_pending(t->ssl) == 0 &&
		    !stream_refill(t, size - n))
			break;
		n += stream_decrypt(t, data + n, size - n);
		if (t->drained || (n > 0 && size - n < TLS_RECORD))
			break;
	}
	return n;
}

ssize_t
tls_read(struct link *l, void *data, size_t size)
{
	struct tls_link *t = tls_of(l);
	size_t n = 0;

	ERR_clear_error();
	if (t->in == NULL && (t->in = chunk_need()) == NULL)
		return link_fail(l, FAULT_RECEIVE, "out of memory");
	n = stream_gather(t, data, size);
	chunk_settle(&t->in);
	l->want_read = l->want_read && SSL_in_init(t->ssl);
	/* Answers to KeyUpdates; should they fail, the next write tells. */
	tls_bio_try_flush(t);
	if (n > 0)
		return (ssize_t)n;
	/* KeyUpdates and tickets leave buffers behind. */
	SSL_free_buffers(t->ssl);
	if (t->end == TLS_OPEN && t->eof)
		why_fail(tls_over(t), FAULT_RECEIVE,
		    "peer closed the connection without close_notify: "
		    "the data may be truncated");
	if (t->end == TLS_FAILED)
		return tls_say(t);
	return t->end == TLS_CLOSED ? 0 : stream_wait();
}

/* A short read has taken all that can be decrypted, but perhaps the end too. */
bool
tls_holds(const struct link *l)
{
	const struct tls_link *t = tls_of(l);

	return chunk_length(t->in) > 0 || SSL_pending(t->ssl) > 0 ||
	    t->end != TLS_OPEN || t->eof;
}

/* --- writing --- */

/* A peer that hangs up may have said why: its alert is still to be read. */
static int
stream_unsent(struct tls_link *t)
{
	char byte;

	if (errno == EAGAIN)
		return -1;
	ERR_clear_error();
	if (t->end == TLS_OPEN && SSL_peek(t->ssl, &byte, 1) <= 0 &&
	    SSL_get_error(t->ssl, 0) == SSL_ERROR_SSL && !t->eof)
		tls_words_failure(t);
	if (t->end == TLS_FAILED)
		return tls_say(t);
	errno = EIO;
	return -1;
}

/*
 * The socket is full.  How what is held was cut into records is seen from
 * their headers, which are in clear; the chunk was a fresh one.
 */
static void
stream_remember(struct tls_link *t, size_t plain)
{
	const struct chunk *c = t->out;
	struct tls_held held = { .plain = (uint32_t)plain, .end = c->end };
	uint32_t at;

	for (at = 0; at + SSL3_RT_HEADER_LENGTH <= c->end; at += held.last) {
		held.last = (uint16_t)(SSL3_RT_HEADER_LENGTH +
		    (c->data[at + 3] << 8 | c->data[at + 4]));
		if (held.last > held.full)
			held.full = held.last;
	}
	t->held = held;
}

ssize_t
tls_write(struct link *l, const void *data, size_t size)
{
	struct tls_link *t = tls_of(l);
	size_t n;

	l->want_read = false;
	if (t->end == TLS_FAILED)
		return tls_say(t);
	if (tls_bio_flush(t) == -1)
		return stream_unsent(t);
	if (size == 0)
		return 0;
	if (size > CHUNK_PAYLOAD)
		size = CHUNK_PAYLOAD;
	ERR_clear_error();
	if (SSL_write_ex(t->ssl, data, size, &n) != 1) {
		/* Half of a handshake message is here: the rest goes first. */
		l->want_read = SSL_want_read(t->ssl) && t->end == TLS_OPEN;
		if (l->want_read)
			return stream_wait();
		tls_words_failure(t);
		return tls_say(t);
	}
	if (tls_bio_flush(t) == 0)
		return (ssize_t)n;
	if (errno != EAGAIN)
		return stream_unsent(t);
	stream_remember(t, n);
	return (ssize_t)n;
}

size_t
tls_pending(const struct link *l)
{
	return chunk_length(tls_of(l)->out);
}

/* A record that has not left whole is of no use to the peer. */
size_t
tls_unsent(const struct link *l)
{
	const struct tls_link *t = tls_of(l);
	const struct tls_held *h = &t->held;
	uint32_t left, n;

	if (t->out == NULL || h->end <= t->out->start)
		return 0;
	left = h->end - t->out->start;
	n = (h->plain - 1) % SSL3_RT_MAX_PLAIN_LENGTH + 1;
	if (left > h->last)
		n += (left - h->last + h->full - 1) / h->full *
		    SSL3_RT_MAX_PLAIN_LENGTH;
	return n < h->plain ? n : h->plain;
}

int
tls_finish(struct link *l)
{
	struct tls_link *t = tls_of(l);
	struct link *below = l->below;

	ERR_clear_error();
	if (t->end != TLS_FAILED &&
	    (SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) == 0)
		SSL_shutdown(t->ssl);
	if (tls_bio_flush(t) == -1)
		return stream_unsent(t);
	return below->transport->finish(below);
}
