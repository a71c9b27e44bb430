/*
 * Holding, letting go and taking: the engine's side.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "keeper/ask.h"
#include "keeper/held.h"

static int
hold_check(const struct keeper_held *what, struct why *why)
{
	if (held_key_is_sound(what->key) && what->n <= KEEPER_HELD_BYTES &&
	    what->nfds <= KEEPER_HELD_FDS)
		return 0;
	return why_fail(why, FAULT_REFUSED, "%.64s: more than the keeper holds "
	    "under one key", what->key);
}

static void
hold_begin(const struct keeper_held *what)
{
	struct message *m = ask_begin(REQUEST_HOLD);
	size_t i;

	message_put_text(m, what->key);
	message_put_bytes(m, what->bytes, what->n);
	for (i = 0; i < what->nfds; i++)
		message_lend(m, what->fds[i]);
}

int
keeper_hold(const struct keeper_held *what, struct why *why)
{
	if (hold_check(what, why) == -1)
		return -1;
	if (!ask_may())
		return 0;
	hold_begin(what);
	return ask_done(why);
}

void
keeper_hold_soon(const struct keeper_held *what, keeper_refused_cb *refused)
{
	struct why why;

	if (hold_check(what, &why) == -1) {
		refused(what->key, &why);
	} else if (ask_may()) {
		hold_begin(what);
		ask_soon(what->key, refused);
	}
}

void
keeper_let_go(const char *key)
{
	if (!ask_may())
		return;
	message_put_text(ask_begin(REQUEST_LET_GO), key);
	ask_soon(key, NULL);
}

/* One of a batch. False: there is none, or it makes no sense. */
static bool
take_one(struct message *m, keeper_take_cb *cb, void *arg)
{
	struct keeper_held what = { .key = message_text(m) };
	int fds[KEEPER_HELD_FDS];
	size_t nfds, i;

	what.bytes = message_bytes(m, &what.n);
	nfds = (size_t)message_number(m);
	if (m->bad || what.key == NULL || nfds > KEEPER_HELD_FDS ||
	    nfds > m->nfds - m->taken)
		return false;
	for (i = 0; i < nfds; i++)
		fds[i] = message_fd(m);
	what.fds = fds;
	what.nfds = nfds;
	cb(&what, arg);
	return true;
}

/*
 * The next batch, into a message of its own, so that the callback may ask;
 * asking for the one after it says that this one has come.
 */
static bool
take_ask(struct message *batch, const char *after)
{
	struct message *m = ask_begin(REQUEST_TAKE);
	struct why why;

	message_put_text(m, after);
	m = ask_answer(&why);
	if (m == NULL) {
		log_warn("what the last engine left cannot be taken: %s",
		    why.text);
		return false;
	}
	memcpy(batch, m, offsetof(struct message, data) + m->length);
	return true;
}

size_t
keeper_take(keeper_take_cb *cb, void *arg)
{
	struct message *batch = xcalloc(1, sizeof(*batch));
	char after[KEEPER_HELD_KEY] = "";
	uint64_t n = 1, i;
	size_t count = 0;
	const char *key;

	while (ask_may() && n > 0 &&
	    take_ask(batch, count > 0 ? after : NULL)) {
		key = message_text(batch);
		n = message_number(batch);
		if (key != NULL)
			strlcpy(after, key, sizeof(after));
		for (i = 0; i < n && take_one(batch, cb, arg); i++)
			count++;
		message_clear(batch);
		if (i < n)
			break;
	}
	free(batch);
	return count;
}

