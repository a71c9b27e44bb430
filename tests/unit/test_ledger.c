#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ledger.h"
#include "keeper/memory.h"
#include "tap.h"

/* What another process would read of the state. */
static void
test_state(void)
{
	struct ledger_row *row = ledger_new(LEDGER_SESSION, NULL, "s");
	struct ledger_state s = ledger_get(row);

	ok(s.open == 0 && s.reply == LEDGER_IDLE && !s.taking && !s.half,
	    "a new row has nothing under way");
	ledger_taking(row);
	s = ledger_get(row);
	is_int(ledger_owed(&s), 1, "who is taking bytes may have a request");
	ledger_opened(row);
	s = ledger_get(row);
	is_int(ledger_owed(&s), 1, "... which counts once");
	ledger_taken(row, true);
	s = ledger_get(row);
	ok(s.half && !s.taking, "a part of it was taken");
	ledger_taking(row);
	s = ledger_get(row);
	is_int(ledger_owed(&s), 1, "its rest is no other");
	ledger_taken(row, false);
	ledger_begun(row);
	s = ledger_get(row);
	ok(s.open == 0 && s.reply == LEDGER_WRITING,
	    "its reply has begun: it is open no more");
	ledger_reply(row, LEDGER_TURNING, true, 3);
	ledger_busy(row, true);
	s = ledger_get(row);
	ok(s.reply == LEDGER_TURNING && s.failed && s.slot == 3 && s.busy,
	    "what has become of the reply");
	ledger_closed(row);
	s = ledger_get(row);
	is_int(s.open, 0, "there is no less than none");
	ledger_free(row);
}

/* A number's descriptor is a copy of standard input, but of 99 there is none. */
static void
fetch(const int *numbers, int *fds, size_t n, void *arg)
{
	size_t i;

	*(size_t *)arg += n;
	for (i = 0; i < n; i++)
		fds[i] = numbers[i] == 99 ? -1 : dup(STDIN_FILENO);
}

static void
test_left(void)
{
	struct ledger_row *s, *t, *c;
	struct ledger_left *left;
	size_t fetched = 0;
	int fd = memory_file("test");
	char longest[LEDGER_NAME + 1];

	ok(fd != -1 && ledger_begin(fd) == 0, "a ledger in a memory file");
	memset(longest, 'x', LEDGER_NAME);
	longest[LEDGER_NAME] = '\0';
	s = ledger_new(LEDGER_SESSION, NULL, "s");
	t = ledger_new(LEDGER_SESSION, NULL, longest);
	ledger_free(ledger_new(LEDGER_LINK, t, "gone"));
	c = ledger_new(LEDGER_CHANNEL, s, "7");
	s->fd[LEDGER_IN] = 5;
	s->fd[LEDGER_CTL] = 99;
	c->fd[LEDGER_IN] = 6;
	ledger_opened(c);
	is_int((long long)ledger_remember(fd, fetch, &fetched), 3,
	    "what is free is not left");
	is_int((long long)fetched, 3, "descriptors are fetched all at once");
	ok(ledger_claim(LEDGER_LINK, longest, NULL) == NULL, "nothing of it");
	ok(ledger_claim(LEDGER_SESSION, "s", "t") == NULL, "no such name");
	left = ledger_claim(LEDGER_SESSION, "s", "s");
	ok(left != NULL && left->fd[LEDGER_IN] > 2 &&
	    left->fd[LEDGER_CTL] == -1 && left->fd[LEDGER_SOCK] == -1,
	    "a session is claimed with the descriptors that there are");
	ok(ledger_claim(LEDGER_SESSION, "s", "s") == NULL, "... once");
	close(ledger_inherit(left, LEDGER_IN));
	is_int(left->fd[LEDGER_IN], -1, "what was taken over is gone");
	ok(ledger_claim(LEDGER_SESSION, longest, longest) != NULL,
	    "the longest name is one");
	left = ledger_claim(LEDGER_CHANNEL, "s", NULL);
	ok(left != NULL && strcmp(left->name, "7") == 0 &&
	    left->state.open == 1, "a channel of that session");
	ledger_forget();
	ok(ledger_claim(LEDGER_CHANNEL, "s", NULL) == NULL,
	    "nothing is remembered for ever");
	ledger_end();
	close(fd);
}

static void
fetch_copies(const int *numbers, int *fds, size_t n, void *arg)
{
	(void)arg;
	while (n-- > 0)
		fds[n] = dup(numbers[n]);
}

/* How much of it the next engine would say has gone. */
static long long
gone(int fd)
{
	long long n;

	ledger_remember(fd, fetch_copies, NULL);
	n = (long long)ledger_claim(LEDGER_SESSION, "s", NULL)->number[0];
	ledger_forget();
	return n;
}

static void
test_stage(void)
{
	struct ledger_row *s;
	int fd = memory_file("test"), stage[2];
	char bytes[4];

	ok(fd != -1 && ledger_begin(fd) == 0 && pipe(stage) == 0, "a stage");
	ledger_stage(stage[0]);
	s = ledger_new(LEDGER_SESSION, NULL, "s");
	ok(write(stage[1], "1234", 4) == 4, "bytes that stand there");
	is_int(gone(fd), 0, "nothing was to go");
	ledger_staged(s, 4);
	is_int(gone(fd), 0, "what was to go stands there");
	ok(read(stage[0], bytes, 3) == 3, "most of it goes");
	is_int(gone(fd), 3, "what does not stand there has gone");
	ledger_sent(s, 3);
	ok(read(stage[0], bytes, 1) == 1, "what could not go is dropped");
	is_int(gone(fd), 3, "which is not as if it had gone");
	ledger_staged(s, 7);
	close(stage[0]);
	is_int(gone(fd), (long long)LEDGER_UNKNOWN, "without a stage, unknown");
	close(stage[1]);
	ledger_end();
	close(fd);
}

/* Whoever wrote it may have been anybody. */
static void
test_wild(void)
{
	char *bytes;
	int fd = memory_file("test");
	size_t size = 1 << 20, i, fetched = 0;

	ok(ledger_remember(fd, fetch, &fetched) == 0, "an empty file");
	ok(ledger_begin(fd) == 0, "its size is right now");
	bytes = malloc(size);
	for (i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 + (i >> 8));
	ok(pwrite(fd, bytes, size, 0) == (ssize_t)size, "nonsense");
	ledger_remember(fd, fetch, &fetched);
	while (ledger_claim(LEDGER_SESSION, "", NULL) != NULL)
		continue;
	ledger_forget();
	ok(true, "is survived");
	free(bytes);
	ledger_end();
	close(fd);
}

static void
test_none(void)
{
	ledger_begun(ledger_none());
	ledger_free(ledger_none());
	ledger_free(NULL);
	ok(ledger_new(LEDGER_CHANNEL, ledger_none(), "x")->session == 0,
	    "what belongs to nobody");
	ledger_end();
}

/* Those without room know nothing of each other, nor does the next engine. */
static void
test_full(void)
{
	static struct ledger_row *rows[LEDGER_ROWS];
	struct ledger_row *a, *b;
	size_t fetched = 0, i;
	int fd = memory_file("test");

	ok(fd != -1 && ledger_begin(fd) == 0, "a ledger that becomes full");
	for (i = 1; i < LEDGER_ROWS; i++)
		rows[i] = ledger_new(LEDGER_SESSION, NULL, "s");
	ok(ledger_is_whole(), "it just has room for all");
	a = ledger_new(LEDGER_SESSION, NULL, "a");
	b = ledger_new(LEDGER_RELAY, a, "b");
	ok(!ledger_is_whole(), "... and not for one more");
	ledger_busy(a, true);
	ok(ledger_get(a).busy && !ledger_get(b).busy &&
	    !ledger_get(ledger_none()).busy,
	    "what has no room is not under way because another is");
	ledger_staged(b, 7);
	ledger_sent(b, 7);
	ok(b->number[0] == 7 && a->number[0] == 0, "nor sent");
	is_int((long long)ledger_remember(fd, fetch, &fetched),
	    LEDGER_ROWS - 1, "only the others are left to the next engine");
	ok(!ledger_has(LEDGER_SESSION, "a", "a"), "... of which it is none");
	ledger_forget();
	ledger_free(rows[1]);
	ledger_free(a);
	ledger_free(b);
	ok(ledger_is_whole(), "with those gone there is room for all again");
	ok(ledger_new(LEDGER_SESSION, NULL, "c") == rows[1],
	    "... where one has made room");
	ledger_end();
	close(fd);
}

int
main(void)
{
	test_state();
	ledger_end();
	test_left();
	test_stage();
	test_wild();
	test_none();
	test_full();
	return tap_done();
}
