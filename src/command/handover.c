#include <unistd.h>

#include "base/ledger.h"
#include "base/log.h"
#include "command/broker.h"
#include "command/handover.h"
#include "command/will.h"
#include "keeper/hold.h"
#include "session/heir.h"

void
handover_halt(bool halted)
{
	struct entry *e;

	heir_halt(halted);
	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		session_look(e->session);
}

const struct session *
handover_waits_for(void)
{
	struct entry *e;

	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		if (!heir_is_quiet(e->session))
			return e->session;
	return NULL;
}

/* What the next engine could not open is not to end by our will. */
static int
handover_check(struct why *why)
{
	const struct session *s;
	struct entry *e;

	if (!ledger_is_whole())
		return why_fail(why, FAULT_REFUSED, "more is open than "
		    "outlives an engine");
	for (e = broker_after(""); e != NULL; e = broker_after(e->name)) {
		s = e->session;
		if (session_check(e->name, &s->url, &s->options, why) == -1)
			return why_prefix(why, "%s", e->name);
	}
	return 0;
}

/* Nothing is closed: what is open is the next one's. */
int
handover_go(struct why *why)
{
	struct entry *e;

	if (handover_check(why) == -1 || keeper_hand_over(why) == -1)
		return -1;
	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		heir_bequeath(e->session);
	log_info("another engine takes over");
	will_hand_over();
	_exit(0);
}
