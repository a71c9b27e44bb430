/*
 * LDAP's StartTLS (RFC 4511 4.14): an extended request, and its response in
 * BER, of which only the result matters.
 */
#include <stdbool.h>
#include <string.h>

#include "transport/prelude.h"

#define LDAP_OID "1.3.6.1.4.1.1466.20037"

enum { LDAP_HEAD, LDAP_LENGTH, LDAP_BODY };

enum {
	BER_INTEGER = 0x02, BER_OCTETS = 0x04, BER_ENUMERATED = 0x0a,
	BER_SEQUENCE = 0x30, LDAP_EXTENDED_RESPONSE = 0x78,
};

struct ber {
	const uint8_t *data;
	size_t n;
};

static enum prelude_next
ldap_begin(struct prelude *p)
{
	/* LDAPMessage { 1, [APPLICATION 23] { [0] OID } } */
	static const uint8_t head[] = { BER_SEQUENCE, 29, BER_INTEGER, 1, 1,
		0x77, 24, 0x80, sizeof(LDAP_OID) - 1 };

	prelude_say(p, head, sizeof(head));
	prelude_say_text(p, LDAP_OID);
	p->step = LDAP_HEAD;
	p->need = 2;
	return PRELUDE_MORE;
}

/* A length in one byte, or in as many as its lower bits say (X.690 8.1.3). */
static bool
ber_length(struct ber *in, size_t *length)
{
	size_t size;

	if (in->n == 0)
		return false;
	*length = *in->data++;
	in->n--;
	if (*length < 0x80)
		return true;
	size = *length & 0x7f;
	if (size < 1 || size > 2 || size > in->n)
		return false;
	for (*length = 0; size > 0; size--, in->n--)
		*length = *length << 8 | *in->data++;
	return true;
}

/* The next value of `in', which must have this tag. */
static bool
ber_take(struct ber *in, uint8_t tag, struct ber *value)
{
	size_t length;

	if (in->n < 2 || in->data[0] != tag)
		return false;
	in->data++;
	in->n--;
	if (!ber_length(in, &length) || length > in->n)
		return false;
	*value = (struct ber){ in->data, length };
	in->data += length;
	in->n -= length;
	return true;
}

static enum prelude_next
ldap_body_next(struct prelude *p, size_t n, const uint8_t *unit, size_t size)
{
	if (n < 1 || n > PRELUDE_UNIT)
		return prelude_said(p, unit, size);
	p->step = LDAP_BODY;
	p->need = n;
	return PRELUDE_MORE;
}

static enum prelude_next
ldap_head(struct prelude *p, const uint8_t *unit)
{
	if (unit[0] != BER_SEQUENCE || unit[1] == 0x80 || unit[1] > 0x82)
		return prelude_said(p, unit, 2);
	if (unit[1] < 0x80)
		return ldap_body_next(p, unit[1], unit, 2);
	p->step = LDAP_LENGTH;
	p->need = unit[1] & 0x7f;
	return PRELUDE_MORE;
}

/* The result, the name that it is about, and a sentence. */
static enum prelude_next
ldap_result(struct prelude *p, struct ber *response)
{
	struct ber code, name, text = { NULL, 0 };

	if (!ber_take(response, BER_ENUMERATED, &code) || code.n != 1 ||
	    !ber_take(response, BER_OCTETS, &name) ||
	    !ber_take(response, BER_OCTETS, &text))
		return prelude_fail(p, "the server's answer is no LDAP "
		    "result");
	if (code.data[0] == 0)
		return PRELUDE_DONE;
	if (text.n > 0)
		return prelude_said(p, text.data, text.n);
	return prelude_fail(p, "the server refuses: LDAP result %u%s",
	    code.data[0], code.data[0] == 2 ? ", it does not know StartTLS" :
	    code.data[0] == 52 ? ", TLS is unavailable" : "");
}

static enum prelude_next
ldap_body(struct prelude *p, const uint8_t *unit, size_t n)
{
	struct ber in = { unit, n }, id, response;
	enum prelude_next next;

	if (!ber_take(&in, BER_INTEGER, &id) || id.n != 1 ||
	    !ber_take(&in, LDAP_EXTENDED_RESPONSE, &response))
		return prelude_fail(p, "the server's answer is no LDAP "
		    "response to StartTLS");
	next = ldap_result(p, &response);
	/* With 0 the server only says why it hangs up (RFC 4511 4.4). */
	if (next == PRELUDE_DONE && id.data[0] != 1)
		return prelude_fail(p, "the server answers what was not "
		    "asked");
	return next;
}

static enum prelude_next
ldap_answer(struct prelude *p, const uint8_t *unit, size_t n)
{
	size_t length = 0, i;

	switch (p->step) {
	case LDAP_HEAD:
		return ldap_head(p, unit);
	case LDAP_LENGTH:
		for (i = 0; i < n; i++)
			length = length << 8 | unit[i];
		return ldap_body_next(p, length, unit, n);
	default:
		return ldap_body(p, unit, n);
	}
}

const struct prelude_kind prelude_ldap = {
	.name = "ldap",
	.text = "The extended operation StartTLS (RFC 4511).",
	.flags = PRELUDE_TLS,
	.begin = ldap_begin,
	.answer = ldap_answer,
};
