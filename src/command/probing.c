/*
 * The probing itself: an attempt for each address and port, many at a time,
 * told of in their order.  Nothing is sent but TLS's handshake, and each
 * connection is closed as soon as it is known.
 */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/loop.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/client.h"
#include "command/probe.h"
#include "command/probe_report.h"
#include "keeper/keeper.h"
#include "transport/link.h"

#define PROBING_PARALLEL 64
/* Those that are done and wait for an earlier one to be told count, too. */
#define PROBING_HELD 1024

struct trial {
	TAILQ_ENTRY(trial) entry;
	struct url url;                 /* its strings are host and port */
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct dial dial;
	struct link *link;              /* NULL: done */
	struct timer late;
	struct why why;
	struct probe_result result;
};

static struct {
	struct probe_target target;
	struct keeper_addresses *addresses;     /* NULL: the URL's host */
	struct keeper_resolve *resolve;
	TAILQ_HEAD(, trial) trials;
	size_t open, held;
	size_t range, address;          /* the next one to begin */
	int port;                       /* -1: the URL's */
	struct why first;               /* of the failures */
	bool reached;
} probing;

static void probing_go_on(void);

static double
probing_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* --- one attempt --- */

static void
trial_free(struct trial *a)
{
	timer_clear(&a->late);
	link_free(a->link);
	link_forget(probing.target.transport, &a->dial);
	free(a);
}

/* Tell of those that are done, in their order. */
static void
probing_tell(void)
{
	struct trial *a;

	while ((a = TAILQ_FIRST(&probing.trials)) != NULL &&
	    a->link == NULL) {
		probe_report(&a->result, probing.target.json);
		TAILQ_REMOVE(&probing.trials, a, entry);
		probing.held--;
		trial_free(a);
	}
	fflush(stdout);
}

static void
trial_done(struct trial *a)
{
	struct probe_result *r = &a->result;

	timer_clear(&a->late);
	r->ended_ms = probing_now_ms();
	probe_result_take(r, a->link, &a->why);
	link_free(a->link);
	a->link = NULL;
	probing.open--;
	if (a->why.fault == FAULT_NONE)
		probing.reached = true;
	else if (probing.first.fault == FAULT_NONE)
		probing.first = a->why;
	probing_tell();
	probing_go_on();
}

static void
trial_changed(struct link *l, void *arg)
{
	struct trial *a = arg;

	if (l->phase == LINK_CONNECTING)
		a->result.began_ms = probing_now_ms();
	else if (l->phase == LINK_HANDSHAKE)
		a->result.connected_ms = probing_now_ms();
	else if (l->phase == LINK_UP || l->phase == LINK_FAILED)
		trial_done(a);
}

static void
trial_late(void *arg)
{
	struct trial *a = arg;

	why_fail(&a->why, FAULT_TIMEOUT, "no answer within %g s",
	    probing.target.timeout_ms / 1000.0);
	trial_done(a);
}

/* The attempt's own URL, in numbers where the name was looked up. */
static void
trial_address(struct trial *a)
{
	const struct url *url = &probing.target.url;
	const struct keeper_address *at;

	a->url = *url;
	if (url->port != NULL)
		strlcpy(a->port, url->port, sizeof(a->port));
	if (url->host != NULL)
		strlcpy(a->host, url->host, sizeof(a->host));
	if (probing.addresses != NULL) {
		at = &probing.addresses->at[probing.address];
		getnameinfo((const struct sockaddr *)&at->address, at->length,
		    a->host, sizeof(a->host), a->port, sizeof(a->port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	}
	if (probing.port != -1)
		snprintf(a->port, sizeof(a->port), "%d", probing.port);
	if (url->host == NULL) {
		strlcpy(a->result.address, url->text,
		    sizeof(a->result.address));
		return;
	}
	a->url.host = a->host;
	a->url.port = a->port;
	snprintf(a->result.address, sizeof(a->result.address),
	    strchr(a->host, ':') != NULL ? "[%s]:%s" : "%s:%s", a->host,
	    a->port);
}

static void
trial_begin(void)
{
	struct trial *a = xcalloc(1, sizeof(*a));

	trial_address(a);
	a->dial = (struct dial){ .url = &a->url,
		.link = &probing.target.options.link,
		.tls = &probing.target.options.tls };
	TAILQ_INSERT_TAIL(&probing.trials, a, entry);
	probing.open++;
	probing.held++;
	a->result.began_ms = probing_now_ms();
	a->link = link_new(probing.target.transport, &a->dial,
	    trial_changed, a, &a->why, NULL);
	timer_set(&a->late, probing.target.timeout_ms, trial_late, a);
}

/* --- all of them --- */

/* The next one, each address of each port; false: that was the last. */
static bool
probing_next(void)
{
	const struct probe_target *t = &probing.target;

	if (probing.addresses != NULL &&
	    ++probing.address < probing.addresses->n)
		return true;
	probing.address = 0;
	if (probing.range >= t->nranges)
		return false;
	if (probing.port < t->ranges[probing.range].last) {
		probing.port++;
		return true;
	}
	if (++probing.range >= t->nranges)
		return false;
	probing.port = t->ranges[probing.range].first;
	return true;
}

static void
probing_go_on(void)
{
	static bool over;

	while (!over && probing.open < PROBING_PARALLEL &&
	    probing.held < PROBING_HELD) {
		trial_begin();
		over = !probing_next();
	}
	if (over && probing.open == 0)
		loop_stop();
}

static void
probing_resolved(const struct keeper_addresses *found, const struct why *why,
    void *arg)
{
	size_t size;

	(void)arg;
	probing.resolve = NULL;
	if (found == NULL) {
		probing.first = *why;
		loop_stop();
		return;
	}
	size = sizeof(*found) + found->n * sizeof(found->at[0]);
	probing.addresses = xcalloc(1, size);
	memcpy(probing.addresses, found, size);
	probing_go_on();
}

/*
 * A name is looked up once and its addresses are tried one by one; a proxy
 * looks up by itself.
 */
static int
probing_begin(struct why *why)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	const struct probe_target *t = &probing.target;
	struct keeper_look_up what = { t->url.host, t->url.port,
		families[t->options.link.family],
		t->options.link.place.netns };

	probing.port = t->nranges > 0 ? t->ranges[0].first : -1;
	if (t->url.host == NULL || strcmp(t->transport->name, "vsock") == 0 ||
	    probe_has_option(t, "via")) {
		probing_go_on();
		return 0;
	}
	probing.resolve = keeper_resolve(&what, probing_resolved, NULL, why);
	return probing.resolve == NULL ? -1 : 0;
}

/* The certificate has to be for the name that was given, by any address. */
static void
probing_expect(struct probe_target *t)
{
	struct tls_options *o = &t->options.tls;
	const char *host = t->url.host;
	size_t n;

	o->resume = false;
	if (host == NULL)
		return;
	n = strlen(host);
	if (n > 1 && host[n - 1] == '.')
		n--;
	if (o->verify_name == NULL)
		o->verify_name = xasprintf("%.*s", (int)n, host);
	if (o->sni == NULL && strchr(host, ':') == NULL &&
	    host[strspn(host, "0123456789.")] != '\0')
		o->sni = xasprintf("%.*s", (int)n, host);
}

/* What the options name is read before anybody is connected to. */
static int
probing_prepare(struct why *why)
{
	const struct probe_target *t = &probing.target;
	struct dial dial = { .url = &t->url, .link = &t->options.link,
		.tls = &t->options.tls };
	int prepared = link_prepare(t->transport, &dial, why);

	link_forget(t->transport, &dial);
	return prepared;
}

static int
probing_do(const char *endpoint)
{
	struct why why = { 0 };

	if (probing_prepare(&why) == -1)
		return client_fail(endpoint, &why);
	probing_expect(&probing.target);
	loop_init();
	if (probing_begin(&why) == -1) {
		loop_free();
		return client_fail(endpoint, &why);
	}
	loop_run();
	loop_free();
	if (probing.reached)
		return FAULT_NONE;
	if (probing.addresses == NULL && probing.first.fault == FAULT_RESOLVE)
		return client_fail(endpoint, &probing.first);
	return probing.first.fault;
}

int
probing_run(int argc, char **argv)
{
	struct command_args args = { 0 };
	struct why why = { 0 };
	char *cwd = client_cwd();
	int status;

	signal(SIGPIPE, SIG_DFL);
	TAILQ_INIT(&probing.trials);
	if (command_parse(&args, argc, argv, &why) == -1) {
		status = client_fail(NULL, &why);
	} else if (probe_parse(&probing.target, &args, cwd, &why) == -1) {
		status = client_fail(args.operands[0], &why);
	} else {
		status = probing_do(args.operands[0]);
		probe_clear(&probing.target);
	}
	free(probing.addresses);
	command_args_clear(&args);
	free(cwd);
	return status;
}
