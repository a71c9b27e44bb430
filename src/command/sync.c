/*
 * sync: until what was written to a session up to now has left this host for
 * good.
 */
#include "base/loop.h"
#include "base/xalloc.h"
#include "command/call.h"
#include "session/written.h"

/*
 * The kernel tells of an acknowledgement by nothing that could be waited for;
 * how often to look grows up to this.
 */
#define SYNC_LOOK_MS 50

enum { SYNC_TIMEOUT = 't' };

struct syncing {
	struct session *s;
	struct written written;
	int look_ms;
	int64_t until_ms;       /* 0: for ever */
};

static void sync_look(struct call *c);

static void
sync_late(struct call *c)
{
	struct syncing *y = c->state;

	call_warn(c, "%s: %ju bytes have not arrived in time: it is %s",
	    call_operand(c, 0), (uintmax_t)written_waiting(y->s),
	    session_state_name(y->s->state));
	call_finish(c, FAULT_TIMEOUT);
}

/* While there is no connection an event tells when to look. */
static void
sync_again(struct call *c)
{
	struct syncing *y = c->state;
	int64_t left = y->until_ms - loop_now_ms();
	bool moves = y->s->state == SESSION_UP ||
	    y->s->state == SESSION_LISTENING ||
	    y->s->state == SESSION_CLOSING;

	y->look_ms = moves && y->look_ms < SYNC_LOOK_MS / 2 ?
	    y->look_ms * 2 : SYNC_LOOK_MS;
	if (y->until_ms != 0 && left <= 0)
		sync_late(c);
	else if (moves && (y->until_ms == 0 || left > y->look_ms))
		call_after(c, y->look_ms, sync_look);
	else if (y->until_ms != 0)
		call_after(c, (int)left, sync_look);
}

static void
sync_look(struct call *c)
{
	struct syncing *y = c->state;
	struct why why = { 0 };

	switch (written_look(y->s, &y->written, &why)) {
	case WRITTEN_ARRIVED:
		call_finish(c, FAULT_NONE);
		break;
	case WRITTEN_LOST:
		call_fail(c, &why);
		break;
	case WRITTEN_WAITS:
		sync_again(c);
		break;
	}
}

/* The session that has ended is there until we return. */
static void
sync_event(const char *name, struct entry *e, void *arg)
{
	struct call *c = arg;
	struct syncing *y = c->state;

	(void)name;
	(void)e;
	y->look_ms = 1;
	sync_look(c);
}

static void
sync_run(struct call *c)
{
	struct entry *e = call_session(c);
	struct why why = { 0 };
	struct syncing *y;
	int ms = 0;

	if (e == NULL)
		return;
	y = c->state = xcalloc(1, sizeof(*y));
	if (command_seconds(&c->args, SYNC_TIMEOUT, &ms, &why) == -1) {
		call_fail(c, &why);
		return;
	}
	y->s = e->session;
	y->until_ms = command_value(&c->args, SYNC_TIMEOUT) != NULL ?
	    loop_now_ms() + ms : 0;
	y->look_ms = 1;
	written_mark(y->s, &y->written);
	call_observe(c, call_operand(c, 0), sync_event);
	sync_look(c);
}

static const struct command_option sync_options[] = {
	{ SYNC_TIMEOUT, "timeout", "SEC", "Wait no longer than SEC seconds." },
	{ 0 }
};

const struct command command_sync = {
	.name = "sync",
	.usage = "NAME",
	.text = "Wait until the peer's system has acknowledged all that was "
		"written to a session up to now.",
	.flags = COMMAND_SESSION | COMMAND_AGAIN,
	.min = 1,
	.max = 1,
	.options = sync_options,
	.run = sync_run,
};
