/*
 * STARTTLS of databases.  PostgreSQL, "SSL Session Encryption": a request of
 * eight bytes, and one in answer.  MySQL, "Connection Phase": the server's
 * greeting, and the head of our answer to it, which TLS goes on behind.
 */
#include <string.h>

#include "transport/prelude.h"

/* --- PostgreSQL --- */

static enum prelude_next
postgres_begin(struct prelude *p)
{
	static const uint8_t request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16,
		0x2f };

	prelude_say(p, request, sizeof(request));
	p->need = 1;
	return PRELUDE_MORE;
}

static enum prelude_next
postgres_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	switch (unit[0]) {
	case 'S':
		return PRELUDE_DONE;
	case 'N':
		return prelude_fail(p, "the server does not speak TLS");
	case 'E':
		return prelude_fail(p, "the server knows no TLS, and says "
		    "that it is an error");
	default:
		return prelude_said(p, unit, n);
	}
}

/* --- MySQL --- */

enum { MYSQL_LENGTH, MYSQL_GREETING };
enum { MYSQL_SSL = 0x0800 };

static enum prelude_next
mysql_begin(struct prelude *p)
{
	p->step = MYSQL_LENGTH;
	p->need = 4;
	return PRELUDE_MORE;
}

/* Three bytes of length, and a number that begins at 0. */
static enum prelude_next
mysql_length(struct prelude *p, const uint8_t *head)
{
	size_t n = (size_t)(head[0] | head[1] << 8 | head[2] << 16);

	if (n < 3 || n > PRELUDE_UNIT || head[3] != 0)
		return prelude_said(p, head, 4);
	p->step = MYSQL_GREETING;
	p->need = n;
	return PRELUDE_MORE;
}

/*
 * Protocol 10: its version, a NUL, a thread's number (4), half of a challenge
 * (8), a NUL, and the lower half of what the server can do.
 */
static enum prelude_next
mysql_greeting(struct prelude *p, const uint8_t *greeting, size_t n)
{
	/* PROTOCOL_41, SSL, TRANSACTIONS, SECURE_CONNECTION and the like, as
	   openssl s_client has it; 16 MiB; utf8; then 23 bytes of zero. */
	static const uint8_t request[4 + 32] = { 32, 0, 0, 1,
		0x85, 0xae, 0x7f, 0x00, 0x00, 0x00, 0x00, 0x01, 0x21 };
	const uint8_t *at = memchr(greeting, '\0', n);
	size_t left = at != NULL ? n - (size_t)(at - greeting) : 0;

	if (greeting[0] == 0xff)
		return prelude_said(p, greeting + 3, n - 3);
	if (greeting[0] != 10 || left < 1 + 4 + 8 + 1 + 2)
		return prelude_said(p, greeting, n);
	at += 1 + 4 + 8 + 1;
	if (((at[0] | at[1] << 8) & MYSQL_SSL) == 0)
		return prelude_fail(p, "the server does not speak TLS");
	prelude_say(p, request, sizeof(request));
	return PRELUDE_DONE;
}

static enum prelude_next
mysql_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	return p->step == MYSQL_LENGTH ? mysql_length(p, unit) :
	    mysql_greeting(p, unit, n);
}

const struct prelude_kind prelude_postgres = {
	.name = "postgres",
	.text = "SSLRequest, and its answer of one byte.",
	.flags = PRELUDE_TLS,
	.begin = postgres_begin,
	.answer = postgres_answer,
};

const struct prelude_kind prelude_mysql = {
	.name = "mysql",
	.text = "The SSL connection request, behind the server's greeting.",
	.flags = PRELUDE_TLS | PRELUDE_GREETED,
	.begin = mysql_begin,
	.answer = mysql_answer,
};
