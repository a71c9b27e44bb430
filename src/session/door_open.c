/*
 * Doors are opened and closed, when a session begins and when its options
 * change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/dial.h"
#include "session/door_internal.h"
#include "session/session.h"
#include "session/status.h"
#include "transport/child.h"

static void door_try(void *arg);

/* Nobody logs in on a client's link. */
static const struct child_options no_child;

/* --- one door --- */

/* What it shows is its own where the options say so; nobody's name is asked. */
static void
door_follow(struct door *d, const struct options *o)
{
	const struct door_options *own = &o->door;

	d->tls = o->tls;
	d->tls.verify = true;
	d->tls.verify_name = d->tls.sni = d->tls.pin = d->tls.crl = NULL;
	d->tls.ocsp = TLS_OCSP_NO;
	d->tls.starttls = 0;
	d->tls.ca = own->ca;
	if (own->cert != NULL) {
		d->tls.cert = own->cert;
		d->tls.key = own->key;
	}
	/* How we reach the peer is no matter of theirs. */
	d->link = (struct link_options){
		.keepalive = o->link.keepalive,
		.keepalive_idle = o->link.keepalive_idle,
		.timeout_connect = o->link.timeout_connect,
		.place.netns = d->netns,
	};
}

static void
door_free(struct door *d)
{
	timer_clear(&d->again);
	listener_free(d->listener);
	if (d->accepted != NULL && d->accepted->forget != NULL)
		d->accepted->forget(&d->dial);
	url_clear(&d->url);
	free(d->netns);
	free(d->text);
	free(d);
}

static struct door *
door_new(struct session *s, const char *text, const struct options *o)
{
	struct door *d = xcalloc(1, sizeof(*d));
	struct why why;

	d->s = s;
	d->text = xstrdup(text);
	d->netns = xstrdup(o->door.netns);
	/* The words have been checked. */
	d->waits = door_address_parse(&d->url, text, &why);
	d->accepted = transport_find(d->waits->accepts, NULL);
	d->dial.url = &d->url;
	d->dial.link = &d->link;
	d->dial.tls = &d->tls;
	d->dial.child = &no_child;
	d->dial.accepts = true;
	door_follow(d, o);
	return d;
}

static int
door_later_ms(const struct door *d)
{
	const int *backoff = d->s->options.session.backoff;
	int64_t ms = backoff[0];
	int i;

	for (i = 1; i < d->tries && ms < backoff[1]; i++)
		ms *= 2;
	return (int)(ms < backoff[1] ? ms : backoff[1]);
}

/* The same reason is said once. */
static void
door_failed(struct door *d, const struct why *why)
{
	struct session *s = d->s;
	bool known = d->tries > 0 && strcmp(d->why.text, why->text) == 0;

	listener_free(d->listener);
	d->listener = NULL;
	d->why = *why;
	d->tries++;
	timer_set(&d->again, door_later_ms(d), door_try, d);
	if (known)
		return;
	s->why = *why;
	why_prefix(&s->why, "listen");
	s->nchanges++;
	dial_failure(s);
	session_log(s, true, "%s (it will be tried again)", s->why.text);
}

static void
door_stands(void *arg, const struct why *why)
{
	struct door *d = arg;
	struct session *s = d->s;
	char text[160], *p;

	if (why != NULL) {
		door_failed(d, why);
		return;
	}
	d->stands = true;
	d->tries = 0;
	listener_text(d->listener, text, sizeof(text));
	while ((p = strchr(text, '\n')) != NULL)
		*p = ' ';
	session_log(s, false, "listening at %s", text);
	if (strncmp(s->why.text, "listen: ", strlen("listen: ")) == 0)
		why_clear(&s->why);
	s->nchanges++;
	status_changed(s);
	door_want(s);
}

static void
door_note(void *arg, const char *text)
{
	const struct door *d = arg;

	session_log(d->s, true, "listen=%s: %s", d->text, text);
}

static void
door_try(void *arg)
{
	struct door *d = arg;
	struct listener_plan plan = { .transport = d->waits, .url = &d->url,
		.link = &d->link, .name = d->s->name, .row = d->s->row,
		.mode = d->s->options.channel.mode, .gid = d->s->gid,
		.stands = door_stands, .arrived = door_arrived,
		.note = door_note, .arg = d };
	struct why why;

	if (d->accepted->prepare != NULL && d->dial.tls_memory == NULL &&
	    d->accepted->prepare(&d->dial, &why) == -1)
		door_failed(d, &why);
	else
		d->listener = listener_new(&plan);
}

/* Links that came in by TLS borrow its options until they end. */
static void
door_retire(struct door *d)
{
	struct session *s = d->s;

	arrival_clear(s, d);
	TAILQ_REMOVE(&s->doors->list, d, entry);
	if (d->accepted->over == NULL) {
		door_free(d);
		return;
	}
	timer_clear(&d->again);
	listener_free(d->listener);
	d->listener = NULL;
	d->stands = false;
	TAILQ_INSERT_TAIL(&s->doors->retired, d, entry);
}

/* --- all of a session --- */

static void
door_make(struct session *s)
{
	if (s->doors != NULL)
		return;
	s->doors = xcalloc(1, sizeof(*s->doors));
	TAILQ_INIT(&s->doors->list);
	TAILQ_INIT(&s->doors->retired);
	TAILQ_INIT(&s->doors->arrivals);
}

struct door_plan {
	struct session *s;
	const struct options *options;
	struct door_list old;
};

/* One that stands already stays. */
static int
door_plan_add(const char *text, void *arg, struct why *why)
{
	struct door_plan *plan = arg;
	struct door *d;

	(void)why;
	TAILQ_FOREACH(d, &plan->old, entry)
		if (strcmp(d->text, text) == 0)
			break;
	if (d != NULL) {
		TAILQ_REMOVE(&plan->old, d, entry);
	} else {
		d = door_new(plan->s, text, plan->options);
		door_try(d);
	}
	TAILQ_INSERT_TAIL(&plan->s->doors->list, d, entry);
	return 0;
}

static void
door_open_all(struct session *s, const struct options *o)
{
	struct door_plan plan = { .s = s, .options = o };
	struct door *d;
	struct why why;

	TAILQ_INIT(&plan.old);
	TAILQ_CONCAT(&plan.old, &s->doors->list, entry);
	(void)door_address_each(o->door.listen, door_plan_add, &plan, &why);
	while ((d = TAILQ_FIRST(&plan.old)) != NULL) {
		TAILQ_REMOVE(&plan.old, d, entry);
		TAILQ_INSERT_TAIL(&s->doors->list, d, entry);
		session_log(s, false, "no longer listening at %s", d->text);
		door_retire(d);
	}
}

static int
door_check_one(const char *text, void *arg, struct why *why)
{
	struct session *s = arg;
	struct door *d = door_new(s, text, &s->options);
	int fine = 0;

	if (d->accepted->over != NULL && d->tls.cert == NULL)
		fine = why_fail(why, FAULT_USAGE, "%.60s: give listen-cert= "
		    "and listen-key=, to be shown to clients", text);
	else if (d->accepted->prepare != NULL)
		fine = d->accepted->prepare(&d->dial, why);
	door_free(d);
	return fine == 0 ? 0 : why_prefix(why, "listen");
}

int
door_check(struct session *s, struct why *why)
{
	return door_address_each(s->options.door.listen, door_check_one, s,
	    why);
}

void
door_init(struct session *s)
{
	const struct door_options *o = &s->options.door;
	struct why why;

	if (o->listen == NULL)
		return;
	door_make(s);
	(void)access_parse(&s->doors->access, o->allow, o->deny, &why);
	door_open_all(s, &s->options);
}

void
door_close(struct session *s)
{
	struct door *d;

	if (s->doors == NULL)
		return;
	while ((d = TAILQ_FIRST(&s->doors->list)) != NULL)
		door_retire(d);
}

void
door_clear(struct session *s)
{
	struct door *d;

	if (s->doors == NULL)
		return;
	door_close(s);
	while ((d = TAILQ_FIRST(&s->doors->retired)) != NULL) {
		TAILQ_REMOVE(&s->doors->retired, d, entry);
		door_free(d);
	}
	access_clear(&s->doors->access);
	free(s->doors);
	s->doors = NULL;
}

void
door_retry(struct session *s)
{
	struct door *d;

	if (s->doors == NULL)
		return;
	TAILQ_FOREACH(d, &s->doors->list, entry) {
		if (d->listener != NULL)
			continue;
		timer_clear(&d->again);
		door_try(d);
	}
}

int
door_change(struct session *s, const struct options *options,
    struct why *why)
{
	const struct door_options *o = &options->door;
	struct access access;
	struct door *d;

	if (s->doors == NULL && o->listen == NULL)
		return 0;
	if (access_parse(&access, o->allow, o->deny, why) == -1)
		return -1;
	door_make(s);
	access_clear(&s->doors->access);
	s->doors->access = access;
	TAILQ_FOREACH(d, &s->doors->list, entry)
		door_follow(d, options);
	TAILQ_FOREACH(d, &s->doors->retired, entry)
		door_follow(d, options);
	door_open_all(s, options);
	return 0;
}
