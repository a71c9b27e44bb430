#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tap.h"

/* Let the address sanitizer answer a size that is too big as malloc(3) does. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
test_order(void)
{
	struct buf b;

	buf_init(&b, 0);
	ok(buf_peek(&b) == NULL, "an empty buffer has nothing to peek at");
	is_int(buf_append(&b, "hello ", 6), 0, "append");
	is_int(buf_append(&b, "world", 5), 0, "append more");
	is_int(buf_length(&b), 11, "both are there");
	buf_drain(&b, 4);
	is_int(buf_length(&b), 7, "drain shortens");
	ok(memcmp(buf_peek(&b), "o world", 7) == 0, "bytes come in order");
	buf_drain(&b, 7);
	ok(b.data == NULL, "an emptied buffer holds no memory");
	ok(buf_peek(&b) == NULL && buf_length(&b) == 0, "and is empty");
	is_int(buf_append(&b, "x", 0), 0, "nothing can be appended");
	ok(b.data == NULL, "and takes no memory");
	buf_clear(&b);
}

static void
test_limit(void)
{
	struct buf b;

	buf_init(&b, 10);
	is_int(buf_append(&b, "0123456789", 10), 0, "a buffer takes its limit");
	ok(b.size <= 10, "and allocates no more");
	errno = 0;
	is_int(buf_append(&b, "x", 1), -1, "but not a byte over it");
	is_int(errno, ENOBUFS, "which is ENOBUFS");
	is_int(buf_length(&b), 10, "and appends nothing");
	is_int(buf_append(&b, "", 0), 0, "a full buffer takes nothing gladly");
	buf_drain(&b, 3);
	is_int(buf_append(&b, "abcd", 4), -1, "more than was drained: no");
	is_int(buf_append(&b, "abc", 3), 0, "what was drained fits again");
	ok(memcmp(buf_peek(&b), "3456789abc", 10) == 0, "in order");
	errno = 0;
	ok(buf_reserve(&b, 1) == NULL && errno == ENOBUFS,
	    "reserve refuses as append does");
	buf_clear(&b);
	is_int(b.limit, 10, "clear keeps the limit");
	errno = 0;
	is_int(buf_append(&b, "0123456789a", 11), -1, "11 bytes at once: no");
	ok(b.data == NULL && buf_length(&b) == 0, "and nothing stays behind");
	ok(buf_reserve(&b, SIZE_MAX) == NULL && errno == ENOBUFS,
	    "a size that wraps is over the limit");
}

static void
test_reserve(void)
{
	struct buf b;
	uint8_t *p;

	buf_init(&b, 0);
	p = buf_reserve(&b, 100);
	ok(p != NULL, "reserve gives room");
	is_int(buf_length(&b), 0, "that does not count yet");
	memset(p, 'a', 100);
	buf_commit(&b, 3);
	is_int(buf_length(&b), 3, "commit counts what was written");
	p = buf_reserve(&b, 10000);
	memset(p, 'b', 10000);
	buf_commit(&b, 10000);
	ok(memcmp(buf_peek(&b), "aaabbb", 6) == 0, "growing moves the bytes");
	is_int(buf_length(&b), 10003, "all of them");
	buf_clear(&b);

	p = buf_reserve(&b, 8);
	ok(p != NULL && b.data != NULL, "reserve allocates");
	buf_commit(&b, 0);
	ok(b.data == NULL, "a commit of nothing gives it back");

	buf_append(&b, "x", 1);
	errno = 0;
	ok(buf_reserve(&b, SIZE_MAX) == NULL, "a size that wraps is refused");
	is_int(errno, ENOBUFS, "even without a limit");
	errno = 0;
	ok(buf_reserve(&b, SIZE_MAX / 2) == NULL && errno == ENOMEM,
	    "no memory is ENOMEM");
	ok(buf_length(&b) == 1 && *buf_peek(&b) == 'x', "and loses nothing");
	buf_clear(&b);
}

/* A queue of bytes that never empties, each value known. */
static void
test_queue(void)
{
	struct buf b;
	uint8_t in = 0, out = 0, chunk[97];
	size_t i, n, wrong = 0, refused = 0, most = 0;
	unsigned int turn;

	buf_init(&b, 1000);
	for (turn = 0; turn < 20000; turn++) {
		n = turn * 7 % sizeof(chunk) + 1;
		for (i = 0; i < n; i++)
			chunk[i] = (uint8_t)(in + i);
		if (buf_append(&b, chunk, n) == 0)
			in = (uint8_t)(in + n);
		else
			refused++;
		most = b.size > most ? b.size : most;
		n = turn * 5 % (sizeof(chunk) - 7) + 1;
		if (n >= buf_length(&b))
			continue;
		for (i = 0; i < n; i++)
			wrong += buf_peek(&b)[i] != out++;
		buf_drain(&b, n);
	}
	is_int(wrong, 0, "a queue that never empties keeps its order");
	is_int(most, 1000, "it grows to its limit and not over it");
	ok(refused > 0, "it was full at times");
	buf_clear(&b);
}

int
main(void)
{
	test_order();
	test_limit();
	test_reserve();
	test_queue();
	return tap_done();
}
