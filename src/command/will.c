#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ledger.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "channel/directory.h"
#include "command/will.h"
#include "keeper/anchor.h"
#include "keeper/hold.h"
#include "keeper/memory.h"
#include "session/status.h"

/*
 * Under which the keeper holds each engine's anchor and ledger; and whose they
 * are that stand, of which those of others that died too soon are told.
 */
#define WILL_ANCHOR ".anchor-"
#define WILL_STANDS ".anchor"
#define WILL_KEY 32
/* The last engine has made way by itself; for so long it is remembered. */
#define WILL_HANDED_OVER ".handed-over"
#define WILL_REMEMBERED_MS 10000
/* Whose will the last engine was at when it fell. */
#define WILL_TRYING ".trying"
#define WILL_FAULTS 3
/* The first of a will's words, each of which ends with a NUL. */
#define WILL_FORMAT "fifod-will-1"

/* One that was left. */
struct will {
	STAILQ_ENTRY(will) entry;
	char *name;
	size_t n;
	char words[];
};

/* The anchor and the ledger of an engine before us. */
struct will_past {
	STAILQ_ENTRY(will_past) entry;
	char key[WILL_KEY];
	int anchor_fd, ledger_fd;
};

static struct {
	char anchor[WILL_KEY];          /* our own key; "": we have none */
	char stands[WILL_KEY];          /* whose anchor is to be asked */
	bool too_long;                  /* the one that is being made */
	char tried[LEDGER_NAME + 1];    /* the will that the last was at */
	int64_t handed_over_ms;         /* when that was; 0: it was not */
	STAILQ_HEAD(, will_past) past;
	STAILQ_HEAD(, will) left;
} wills = { .past = STAILQ_HEAD_INITIALIZER(wills.past),
    .left = STAILQ_HEAD_INITIALIZER(wills.left) };

/* --- making one --- */

/* What does not fit is remembered: then it is no will. */
static void
will_put(struct buf *b, const char *word)
{
	if (buf_append(b, word, strlen(word) + 1) == -1)
		wills.too_long = true;
}

/* With the empty one at their end. */
static void
will_put_words(struct buf *b, const char *words)
{
	for (; *words != '\0'; words += strlen(words) + 1)
		will_put(b, words);
	will_put(b, "");
}

static void
will_refused(const char *name, const struct why *why)
{
	log_warn("%s: it would not outlive the engine: %s", name, why->text);
}

void
will_make(const struct entry *e)
{
	const struct session *s = e->session;
	struct options opened = { 0 };
	struct keeper_held held = { .key = e->name };
	struct buf b;
	char number[24], *since;

	buf_init(&b, KEEPER_HELD_BYTES);
	wills.too_long = false;
	plan_read(&opened, e->opened);
	since = plan_spell(&s->options, &opened);
	snprintf(number, sizeof(number), "%ju",
	    (uintmax_t)keeper_home_number(e->home));
	will_put(&b, WILL_FORMAT);
	will_put(&b, e->from_file ? "file" : "");
	will_put(&b, e->alias_from_file ? "file" : "");
	will_put(&b, s->url.text);
	will_put(&b, s->alias != NULL ? s->alias : "");
	will_put(&b, number);
	will_put_words(&b, e->opened);
	will_put_words(&b, since);
	held.bytes = buf_peek(&b);
	held.n = buf_length(&b);
	if (wills.too_long)
		log_warn("%s: it would not outlive the engine: its endpoint and "
		    "options are longer than %d bytes", e->name,
		    KEEPER_HELD_BYTES);
	else
		keeper_hold_soon(&held, will_refused);
	option_clear(option_groups, &opened);
	free(since);
	buf_clear(&b);
}

void
will_revoke(const char *name)
{
	keeper_let_go(name);
}

/* --- reading one --- */

/* The next word; NULL: there is none. */
static const char *
will_next(const struct will *w, size_t *at)
{
	const char *word = w->words + *at;

	if (*at >= w->n)
		return NULL;
	*at += strlen(word) + 1;
	return word;
}

static int
will_read_options(const struct will *w, size_t *at, struct options *options,
    struct why *why)
{
	const char *word;

	while ((word = will_next(w, at)) != NULL && *word != '\0')
		if (option_assign(option_groups, options, word, NULL, why) ==
		    -1)
			return -1;
	return word != NULL ? 0 :
	    why_fail(why, FAULT_REFUSED, "its will is not whole");
}

struct will_words {
	const char *format, *from_file, *alias_from_file, *endpoint, *alias,
	    *home;
};

/* It need not run a program, and without one goes on as it was. */
static struct keeper_home *
will_home(const struct will *w, uint64_t number)
{
	struct keeper_home *h = keeper_home_again(number);

	if (keeper_home_number(h) != number)
		log_warn("%s: the directory and the environment that it was "
		    "opened in are lost: no program is run for it any more",
		    w->name);
	return h;
}

/* The plan it was opened by, and the options that it has by now. */
static int
will_read(const struct will *w, struct will_words *words, struct plan *p,
    struct options *now, struct why *why)
{
	size_t at = 0;

	words->format = will_next(w, &at);
	words->from_file = will_next(w, &at);
	words->alias_from_file = will_next(w, &at);
	words->endpoint = will_next(w, &at);
	words->alias = will_next(w, &at);
	words->home = will_next(w, &at);
	if (words->home == NULL || strcmp(words->format, WILL_FORMAT) != 0)
		return why_fail(why, FAULT_REFUSED, "its will is not whole");
	p->name = xstrdup(w->name);
	p->alias = *words->alias != '\0' ? xstrdup(words->alias) : NULL;
	p->home = will_home(w, strtoull(words->home, NULL, 10));
	option_init(option_groups, &p->options);
	if (url_parse(&p->url, words->endpoint, why) == -1 ||
	    will_read_options(w, &at, &p->options, why) == -1)
		return -1;
	option_copy(option_groups, now, &p->options);
	return will_read_options(w, &at, now, why) == -1 ||
	    session_imply(&p->url, now, why) == -1 ? -1 : 0;
}

/* It is opened as it is by now, and remembered as it was opened. */
static int
will_open(const struct will *w, struct why *why)
{
	struct plan p = { 0 };
	struct options now = { 0 };
	struct will_words words;
	struct entry *e = NULL;

	if (will_read(w, &words, &p, &now, why) == 0)
		e = broker_inherit(&p, &now, *words.from_file != '\0', why);
	if (e != NULL) {
		e->alias_from_file = *words.alias_from_file != '\0';
		will_make(e);
	}
	option_clear(option_groups, &now);
	plan_clear(&p);
	return e != NULL ? 0 : -1;
}

/*
 * After engines that fell it is told which one is tried, and that of which
 * the last one has fallen is left out.
 */
static int
will_try(const struct will *w, struct why *why)
{
	const struct keeper_held held = { .key = WILL_TRYING,
		.bytes = w->name, .n = strlen(w->name) + 1 };

	if (keeper_faults() == 0)
		return will_open(w, why);
	if (keeper_faults() >= WILL_FAULTS &&
	    strcmp(w->name, wills.tried) == 0)
		return why_fail(why, FAULT_REFUSED, "engines have died of it");
	if (keeper_hold(&held, why) == -1)
		return -1;
	return will_open(w, why);
}

/* --- executing them --- */

static void
will_take_anchor(const struct keeper_held *held)
{
	struct will_past *p = xcalloc(1, sizeof(*p));

	strlcpy(p->key, held->key, sizeof(p->key));
	p->anchor_fd = held->fds[0];
	p->ledger_fd = held->fds[1];
	STAILQ_INSERT_TAIL(&wills.past, p, entry);
}

static void
will_take_words(const struct keeper_held *held)
{
	struct will *w = xcalloc(1, sizeof(*w) + held->n + 1);

	w->name = xstrdup(held->key);
	w->n = held->n;
	memcpy(w->words, held->bytes, held->n);
	STAILQ_INSERT_TAIL(&wills.left, w, entry);
}

static void
will_take(const struct keeper_held *held, void *arg)
{
	const char *bytes = held->bytes;
	bool words = held->n > 0 && bytes[held->n - 1] == '\0';
	size_t i;

	(void)arg;
	if (strncmp(held->key, WILL_ANCHOR, strlen(WILL_ANCHOR)) == 0 &&
	    strcmp(held->key, wills.anchor) != 0 && held->nfds == 2) {
		will_take_anchor(held);
		return;
	}
	for (i = 0; i < held->nfds; i++)
		close(held->fds[i]);
	if (strcmp(held->key, wills.anchor) == 0)
		return;
	/* What is none of these is let go when it is tried. */
	if (strcmp(held->key, WILL_HANDED_OVER) == 0)
		wills.handed_over_ms = loop_now_ms();
	else if (words && strcmp(held->key, WILL_TRYING) == 0)
		strlcpy(wills.tried, bytes, sizeof(wills.tried));
	else if (words && strcmp(held->key, WILL_STANDS) == 0)
		strlcpy(wills.stands, bytes, sizeof(wills.stands));
	else
		will_take_words(held);
}

static void
will_fetch(const int *numbers, int *fds, size_t n, void *arg)
{
	const struct will_past *p = arg;

	anchor_fetch(p->anchor_fd, numbers, fds, n);
}

/* What the last one had that stood; those after it never got so far. */
static size_t
will_remember(void)
{
	struct will_past *p;

	STAILQ_FOREACH(p, &wills.past, entry)
		if (strcmp(p->key, wills.stands) == 0)
			return ledger_remember(p->ledger_fd, will_fetch, p);
	return 0;
}

/* Its anchor ends, and what that held is ours alone. */
static void
will_release(struct will_past *p)
{
	STAILQ_REMOVE(&wills.past, p, will_past, entry);
	anchor_end(p->anchor_fd);
	close(p->anchor_fd);
	close(p->ledger_fd);
	keeper_let_go(p->key);
	free(p);
}

/*
 * Of all, or of those that never came to stand.
 */
static void
will_release_past(bool all)
{
	struct will_past *p, *next;

	STAILQ_FOREACH_SAFE(p, &wills.past, entry, next) {
		if (!all && strcmp(p->key, wills.stands) == 0)
			continue;
		will_release(p);
	}
}

/* It is started before everything else, or not at all. */
static void
will_anchor_gone(void *arg)
{
	struct entry *e;

	(void)arg;
	log_warn("the anchor is gone: nothing would outlive this engine");
	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		status_changed(e->session);
}

/* The keeper's end is the keeper's alone before there is an anchor. */
static int
will_begin_anchor(int ledger_fd, void (*confine)(void), struct why *why)
{
	struct keeper_held held = { .key = wills.anchor, .nfds = 2 };
	int ends[2], fds[2], held_well;

	if (anchor_sockets(ends) == -1)
		return errno == ENOSYS ? -1 : why_fail(why, FAULT_REFUSED,
		    "%s", strerror(errno));
	fds[0] = ends[0];
	fds[1] = ledger_fd;
	held.fds = fds;
	held_well = keeper_hold(&held, why);
	close(ends[0]);
	if (held_well == 0 && anchor_begin(ends[1], confine) == 0) {
		anchor_watch(will_anchor_gone, NULL);
		return 0;
	}
	if (held_well == 0)
		why_fail(why, FAULT_REFUSED, "%s", strerror(errno));
	close(ends[1]);
	return -1;
}

void
will_begin(void (*confine_anchor)(void))
{
	int fd = memory_file("ledger");
	struct why why = { 0 };

	snprintf(wills.anchor, sizeof(wills.anchor), "%s%u", WILL_ANCHOR,
	    keeper_generation());
	if (fd == -1 || ledger_begin(fd) == -1)
		why_fail(&why, FAULT_REFUSED, "%s", strerror(errno));
	else if (will_begin_anchor(fd, confine_anchor, &why) == 0)
		return;
	ledger_end();
	wills.anchor[0] = '\0';
	if (fd != -1)
		close(fd);
	if (why.fault != FAULT_NONE)
		log_warn("nothing would outlive the engine: %s", why.text);
}

bool
will_succeeds(void)
{
	return *wills.stands != '\0';
}

bool
will_outlives(void)
{
	return *wills.anchor != '\0' && anchor_pid() > 0;
}

void
will_hand_over(void)
{
	const struct keeper_held held = { .key = WILL_HANDED_OVER,
		.bytes = "", .n = 1 };
	struct why why;

	if (keeper_hold(&held, &why) == -1)
		log_warn("handing over: %s", why.text);
}

bool
will_was_handed_over(void)
{
	bool was = wills.handed_over_ms != 0 &&
	    loop_now_ms() - wills.handed_over_ms < WILL_REMEMBERED_MS;

	wills.handed_over_ms = 0;
	return was;
}

static bool
will_is_ours(const char *name)
{
	return broker_find(name, NULL) != NULL;
}

static void
will_swept(const char *name, int left)
{
	if (left == 0)
		log_debug("%s: left by an earlier broker, removed", name);
	else
		log_warn("%s: left by an earlier broker, cannot be removed "
		    "whole: it holds files that are not ours", name);
}

static void
will_sweep(void)
{
	directory_sweep(broker_place()->rundir_fd, will_is_ours, will_swept);
}

size_t
will_execute(void)
{
	struct will *w;
	struct why why;
	size_t n = 0;

	keeper_take(will_take, NULL);
	will_release_past(false);
	if (will_remember() == 0)
		will_sweep();
	while ((w = STAILQ_FIRST(&wills.left)) != NULL) {
		STAILQ_REMOVE_HEAD(&wills.left, entry);
		if (will_try(w, &why) == 0) {
			n++;
		} else {
			log_warn("%s: cannot go on: %s", w->name, why.text);
			keeper_let_go(w->name);
		}
		free(w->name);
		free(w);
	}
	will_sweep();
	ledger_keep();
	return n;
}

void
will_done(void)
{
	const struct keeper_held held = { .key = WILL_STANDS,
		.bytes = wills.anchor, .n = strlen(wills.anchor) + 1 };
	struct why why;
	struct entry *e;

	if (*wills.anchor != '\0' && keeper_hold(&held, &why) == -1)
		log_warn("nothing would outlive the engine: %s", why.text);
	will_release_past(true);
	keeper_let_go(WILL_HANDED_OVER);
	if (keeper_faults() > 0)
		keeper_let_go(WILL_TRYING);
	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		session_go_on(e->session);
	ledger_forget();
}
