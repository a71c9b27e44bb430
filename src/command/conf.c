#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/broker.h"
#include "command/conf.h"
#include "command/conf_file.h"
#include "keeper/keeper.h"

/* What is in force. */
static struct {
	char *path;
	char *user;             /* `user=' when we started, or NULL */
	struct conf_opens opens;
	struct broker_observer observer;
} conf = { .opens.list = TAILQ_HEAD_INITIALIZER(conf.opens.list) };

static void
conf_refuse(struct conf_file *f, const struct conf_open *o,
    const struct why *why)
{
	f->refused = true;
	conf_file_say(f, o->line, "%s: %s", o->plan.name, why->text);
}

static void
conf_start(struct conf_file *f, struct conf_open *o)
{
	struct why why;
	struct entry *e = broker_open(&o->plan, true, &why);

	o->owed = false;
	if (e != NULL)
		e->alias_from_file = o->plan.alias != NULL;
	else
		conf_refuse(f, o, &why);
}

/* A session that stood in the way has ended. */
static void
conf_event(const char *name, struct entry *e, void *arg)
{
	struct conf_file f = { .path = conf.path };
	struct conf_open *o;

	(void)arg;
	if (e != NULL || broker_stopping())
		return;
	o = conf_opens_find(&conf.opens, name);
	if (o == NULL || !o->owed)
		return;
	conf_start(&f, o);
	conf_opens_remove(&conf.opens, o);
}

/*
 * A session of the file stands.  One that it gave a link, and gives none any
 * more, is opened again without; a link made by hand stays.
 */
static void
conf_adapt(struct conf_file *f, struct conf_open *o, struct entry *e)
{
	bool unlinked = e->alias_from_file && o->plan.alias == NULL;
	struct why why;

	switch (unlinked ? 0 : broker_adapt(e, &o->plan, &why)) {
	case 1:
		e->alias_from_file = o->plan.alias != NULL;
		break;
	case 0:
		o->owed = true;
		session_close(e->session, false);
		break;
	default:
		conf_refuse(f, o, &why);
	}
}

static void
conf_apply_open(struct conf_file *f, struct conf_open *o)
{
	struct entry *e = broker_find(o->plan.name, NULL);

	if (e == NULL) {
		conf_start(f, o);
	} else if (e->session->state == SESSION_CLOSING ||
	    e->session->state == SESSION_CLOSED) {
		o->owed = true;
	} else if (!e->from_file) {
		conf_file_say(f, o->line, "%s: was opened by hand, and stays "
		    "as it is", o->plan.name);
	} else {
		conf_adapt(f, o, e);
	}
}

/* Sessions of the file before that are not in this one. */
static void
conf_close_gone(void)
{
	struct entry *e;

	for (e = broker_after(""); e != NULL; e = broker_after(e->name))
		if (e->from_file &&
		    conf_opens_find(&conf.opens, e->name) == NULL)
			session_close(e->session, false);
}

/*
 * Only what is owed is remembered; the rest is freed in one piece, not in
 * holes between the sessions.  At the start each of these gets on its way
 * before the next: thousands would else all wait for memory at once.
 */
static void
conf_apply(struct conf_file *f, bool starting)
{
	struct conf_open *o, *next;

	limits_apply(&f->limits);
	conf_opens_clear(&conf.opens);
	TAILQ_CONCAT(&conf.opens.list, &f->opens.list, entry);
	conf.opens.names = f->opens.names;
	RB_INIT(&f->opens.names);
	broker_observe(&conf.observer, NULL, conf_event, NULL);
	conf_close_gone();
	TAILQ_FOREACH_SAFE(o, &conf.opens.list, entry, next) {
		conf_apply_open(f, o);
		if (starting)
			loop_settle();
	}
	TAILQ_FOREACH_SAFE(o, &conf.opens.list, entry, next)
		if (!o->owed)
			conf_opens_remove(&conf.opens, o);
	xtrim();
}

int
conf_check(const char *path, conf_say *say, void *arg)
{
	struct conf_file f = { .path = path, .say = say, .arg = arg };

	int rv = conf_file_read(&f);

	if (rv == 0)
		conf_opens_clear(&f.opens);
	free(f.user);
	return rv;
}

static void
conf_hush(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

char *
conf_user(const char *path)
{
	struct conf_file f = { .path = path, .say = conf_hush,
		.user_alone = true };

	conf_file_read(&f);
	return f.user;
}

/* Who we are does not change any more. */
static void
conf_compare_user(struct conf_file *f)
{
	const char *was = conf.user != NULL ? conf.user : "";
	const char *is = f->user != NULL ? f->user : "";

	if (strcmp(was, is) != 0)
		conf_file_say(f, 0, "user= is another: that takes effect when "
		    "the broker is started again");
	free(f->user);
}

int
conf_load(const char *path, conf_say *say, void *arg)
{
	struct conf_file f = { .path = path, .say = say, .arg = arg };

	free(conf.path);
	conf.path = xstrdup(path);
	if (conf_file_read(&f) == -1)
		return -1;
	conf.user = f.user;
	conf_apply(&f, true);
	return 0;
}

void
conf_inherit(const char *path)
{
	struct conf_file f = { .path = path };

	/* What is not a session's is ours to read again. */
	if (conf_file_read(&f) == 0) {
		limits_apply(&f.limits);
		conf_opens_clear(&f.opens);
	}
	free(f.user);
	free(conf.path);
	conf.path = xstrdup(path);
	broker_observe(&conf.observer, NULL, conf_event, NULL);
}

static int
conf_again(conf_say *say, void *arg)
{
	struct conf_file f = { .path = conf.path, .say = say, .arg = arg };

	if (conf.path == NULL) {
		f.path = "reload";
		conf_file_say(&f, 0, "this broker has no configuration file");
		return -1;
	}
	if (conf_file_read(&f) == -1)
		return -1;
	conf_compare_user(&f);
	conf_apply(&f, false);
	log_info("%s: reloaded", conf.path);
	return f.refused ? -1 : 0;
}

/* The service manager has an answer to each, whoever asked for it. */
int
conf_reload(conf_say *say, void *arg)
{
	int reloaded;

	keeper_tell(KEEPER_RELOADING);
	reloaded = conf_again(say, arg);
	keeper_tell(KEEPER_RELOADED);
	return reloaded;
}

void
conf_free(void)
{
	broker_forget(&conf.observer);
	conf_opens_clear(&conf.opens);
	free(conf.path);
	free(conf.user);
	conf.path = conf.user = NULL;
}

/* --- where it is --- */

static char *
conf_home_path(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const struct passwd *user;

	if (dir != NULL && dir[0] == '/')
		return xasprintf("%s/fifod/fifod.conf", dir);
	if (home == NULL || home[0] != '/') {
		user = getpwuid(geteuid());
		home = user != NULL ? user->pw_dir : "";
	}
	return xasprintf("%s/.config/fifod/fifod.conf", home);
}

char *
conf_path(const char *given)
{
	char cwd[4096], *path;

	if (given != NULL)
		return words_absolute(getcwd(cwd, sizeof(cwd)) != NULL ? cwd :
		    "/", given);
	path = geteuid() == 0 ? xstrdup(SYSCONFDIR "/fifod.conf") :
	    conf_home_path();
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}
