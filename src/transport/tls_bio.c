/*
 * The BIO between OpenSSL and the link below.
 *
 * Writing appends to a chunk, and tls_bio_flush() sends that by one write for
 * many records.  Reading takes from the chunk that tls_read() has filled;
 * while there is none (handshake) it reads the link below, for exactly what
 * OpenSSL asks, so that nothing is read past the handshake.
 *
 * OpenSSL never hears of an end of file: it would answer with an alert and
 * forbid to resume the session.  The link keeps that knowledge (eof).
 */
#include <openssl/bio.h>

#include <errno.h>
#include <string.h>

#include "base/xalloc.h"
#include "transport/tls_internal.h"

static BIO_METHOD *bio_method;

struct why *
tls_over(struct tls_link *t)
{
	t->end = TLS_FAILED;
	if (t->reason != NULL)
		return NULL;
	t->reason = xcalloc(1, sizeof(*t->reason));
	return t->reason;
}

int
tls_say(struct tls_link *t)
{
	return link_fail(&t->link, t->reason->fault, "%s", t->reason->text);
}

static struct link *
bio_top(struct tls_link *t)
{
	struct link *top = &t->link;

	while (top->above != NULL)
		top = top->above;
	return top;
}

void
tls_bio_broken(struct tls_link *t)
{
	struct why *reason = tls_over(t);

	if (reason != NULL)
		*reason = *bio_top(t)->why;
}

size_t
tls_bio_receive(struct tls_link *t, void *data, size_t size)
{
	struct link *below = t->link.below;
	ssize_t n;

	if (t->eof || t->end == TLS_FAILED)
		return 0;
	n = below->transport->read(below, data, size);
	if (n > 0)
		return (size_t)n;
	if (n == 0)
		t->eof = true;
	else if (errno != EAGAIN)
		tls_bio_broken(t);
	return 0;
}

int
tls_bio_flush(struct tls_link *t)
{
	struct link *below = t->link.below;
	uint32_t size = chunk_length(t->out);
	ssize_t n;

	if (size == 0)
		return 0;
	n = below->transport->write(below, t->out->data + t->out->start, size);
	if (n == -1)
		return -1;
	t->out->start += (uint32_t)n;
	chunk_settle(&t->out);
	if (t->out == NULL)
		return 0;
	errno = EAGAIN;
	return -1;
}

void
tls_bio_try_flush(struct tls_link *t)
{
	struct link *top = bio_top(t);
	struct why unheard, *why = top->why;

	top->why = &unheard;
	tls_bio_flush(t);
	top->why = why;
}

static size_t
bio_take(struct chunk *c, void *data, size_t size)
{
	if (size > chunk_length(c))
		size = chunk_length(c);
	memcpy(data, c->data + c->start, size);
	c->start += (uint32_t)size;
	return size;
}

static int
bio_read(BIO *bio, char *data, size_t size, size_t *n)
{
	struct tls_link *t = BIO_get_data(bio);
	size_t room = sizeof(t->first) - t->nfirst;

	BIO_clear_retry_flags(bio);
	*n = t->in != NULL ? bio_take(t->in, data, size) :
	    tls_bio_receive(t, data, size);
	if (*n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	t->partial += *n;
	if (room > 0) {
		room = *n < room ? *n : room;
		memcpy(t->first + t->nfirst, data, room);
		t->nfirst += (uint8_t)room;
	}
	return 1;
}

static void
bio_make_room(struct tls_link *t)
{
	struct chunk *c = t->out;
	uint32_t sent = c->start;

	memmove(c->data, c->data + sent, chunk_length(c));
	c->start = 0;
	c->end -= sent;
	t->held.end -= sent < t->held.end ? sent : t->held.end;
}

/*
 * A chunk has room for the records of one tls_write() and for some hundred
 * answers to KeyUpdates; a peer that wants more and does not read them does
 * not mean well.
 */
static int
bio_write(BIO *bio, const char *data, size_t size, size_t *n)
{
	struct tls_link *t = BIO_get_data(bio);
	struct chunk *c;

	BIO_clear_retry_flags(bio);
	if (t->out == NULL) {
		t->out = chunk_need();
		t->held.plain = t->held.end = 0;
	}
	if ((c = t->out) == NULL) {
		why_fail(tls_over(t), FAULT_TLS, "out of memory");
		return -1;
	}
	if (size > CHUNK_SIZE - c->end)
		bio_make_room(t);
	if (size > CHUNK_SIZE - c->end) {
		why_fail(tls_over(t), t->up ? FAULT_RECEIVE : FAULT_TLS,
		    "peer asks for answers that it does not read");
		return -1;
	}
	memcpy(c->data + c->end, data, size);
	c->end += (uint32_t)size;
	*n = size;
	return 1;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *data)
{
	(void)bio;
	(void)number;
	(void)data;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
bio_method_make(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() |
	    BIO_TYPE_SOURCE_SINK, "link");

	if (m == NULL || !BIO_meth_set_read_ex(m, bio_read) ||
	    !BIO_meth_set_write_ex(m, bio_write) ||
	    !BIO_meth_set_ctrl(m, bio_ctrl)) {
		BIO_meth_free(m);
		return NULL;
	}
	return m;
}

int
tls_bio_attach(struct tls_link *t)
{
	BIO *bio;

	if (bio_method == NULL && (bio_method = bio_method_make()) == NULL)
		return -1;
	if ((bio = BIO_new(bio_method)) == NULL)
		return -1;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return 0;
}
