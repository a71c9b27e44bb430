/*
 * What a proxy or a server says before the link is up, as bad as it may: a
 * prelude takes a part of it and no more, comes to an end, and it does not
 * matter in which pieces it came.
 */

#include "transport/prelude.h"
#include "fuzz.h"

struct outcome {
	enum prelude_next next;
	size_t used, said;
	char why[160];
};

static const struct prelude_kind *
choose(uint8_t byte)
{
	static const struct prelude_kind *const proxies[] = {
		&prelude_socks5, &prelude_socks4a, &prelude_http };
	size_t n = sizeof(proxies) / sizeof(proxies[0]);

	byte %= (uint8_t)(n + prelude_nstarttls - 1);
	return byte < n ? proxies[byte] : prelude_starttls[byte - n + 1];
}

static struct outcome
try(const struct prelude_kind *kind, const uint8_t *data, size_t size,
    size_t piece)
{
	static const struct prelude_ends ends;
	struct prelude *p = xcalloc(1, sizeof(*p));
	struct outcome o = { 0 };
	uint8_t *copy;
	size_t n, used;

	p->kind = kind;
	p->host = "example.org";
	p->port = 25;
	p->user = "user";
	p->password = "password";
	p->ends = &ends;
	o.next = prelude_begin(p);
	while (o.next == PRELUDE_MORE && o.used < size) {
		o.said += p->nsay;
		p->nsay = 0;
		n = size - o.used < piece ? size - o.used : piece;
		copy = xcalloc(1, n);
		memcpy(copy, data + o.used, n);
		o.next = prelude_take(p, copy, n, &used);
		free(copy);
		must(used > 0 && used <= n);
		must(p->nsay <= PRELUDE_SAY);
		must(p->need <= PRELUDE_UNIT && p->have <= PRELUDE_UNIT);
		o.used += used;
	}
	must((o.next == PRELUDE_FAILED) == (p->why[0] != '\0'));
	o.said += p->nsay;
	memcpy(o.why, p->why, sizeof(o.why));
	free(p);
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct prelude_kind *kind;
	struct outcome whole, pieces;

	if (size < 2)
		return 0;
	kind = choose(data[0]);
	whole = try(kind, data + 2, size - 2, size);
	pieces = try(kind, data + 2, size - 2, 1 + data[1] % 16);
	must(whole.next == pieces.next && whole.said == pieces.said);
	must(strcmp(whole.why, pieces.why) == 0);
	/* One that is too long fails at the first byte that is. */
	must(whole.used == pieces.used || whole.next == PRELUDE_FAILED);
	return 0;
}
