#include <stdio.h>
#include <string.h>

#include "command/broker.h"
#include "command/service.h"
#include "keeper/keeper.h"

/* Sessions come up by the hundred: one line for all that happens in this. */
#define SERVICE_STATUS_MS 250

static struct {
	struct broker_observer observer;
	struct timer status, watchdog;
	char told[KEEPER_STATUS_MAX + 1];
} service;

/* "3 sessions, 1 failed". */
static void
service_words(char *out, size_t size)
{
	size_t all = 0, failed = 0, backoff = 0;
	const struct entry *e;
	int n;

	for (e = broker_after(""); e != NULL; e = broker_after(e->name)) {
		all++;
		failed += e->session->state == SESSION_FAILED;
		backoff += e->session->state == SESSION_BACKOFF;
	}
	n = snprintf(out, size, "%zu session%s", all,
	    all == 1 ? "" : "s");
	if (failed > 0)
		n += snprintf(out + n, size - (size_t)n, ", %zu failed",
		    failed);
	if (backoff > 0)
		snprintf(out + n, size - (size_t)n, ", %zu to be tried again",
		    backoff);
}

static void
service_tell_status(void *arg)
{
	char words[sizeof(service.told)];

	(void)arg;
	service_words(words, sizeof(words));
	if (strcmp(words, service.told) == 0)
		return;
	strlcpy(service.told, words, sizeof(service.told));
	keeper_tell_status(words);
}

static void
service_changed(const char *name, struct entry *e, void *arg)
{
	(void)name;
	(void)e;
	(void)arg;
	if (!service.status.set)
		timer_set(&service.status, SERVICE_STATUS_MS,
		    service_tell_status, NULL);
}

static void
service_alive(void *arg)
{
	(void)arg;
	keeper_tell(KEEPER_ALIVE);
	timer_set(&service.watchdog, keeper_watchdog_ms(), service_alive, NULL);
}

void
service_begin(void)
{
	if (!keeper_is_service())
		return;
	service.told[0] = '\0';
	service_tell_status(NULL);
	broker_observe(&service.observer, NULL, service_changed, NULL);
	if (keeper_watchdog_ms() > 0)
		service_alive(NULL);
}

void
service_end(void)
{
	broker_forget(&service.observer);
	timer_clear(&service.status);
	timer_clear(&service.watchdog);
}
