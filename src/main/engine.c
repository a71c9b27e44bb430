/*
 * The engine: all sessions, and the loop.
 */
#include <errno.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chunk.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "channel/directory.h"
#include "command/broker.h"
#include "command/conf.h"
#include "command/control.h"
#include "keeper/hold.h"
#include "keeper/keep.h"
#include "keeper/sandbox.h"
#include "main/fifod.h"
#include "session/relay_pipe.h"

/* Directories of certificates, and two files, at most. */
#define READABLE 16

static void
swept(const char *name, int left)
{
	if (left == 0)
		log_debug("%s: left by an earlier broker, removed", name);
	else
		log_warn("%s: left by an earlier broker, cannot be removed "
		    "whole: it holds files that are not ours", name);
}

static void
on_terminate(void *arg)
{
	(void)arg;
	if (broker_stopping()) {
		broker_stop_now();
		return;
	}
	log_info("stopping");
	keeper_tell(KEEPER_STOPPING);
	broker_drain();
}

static void
on_hangup(void *arg)
{
	(void)arg;
	keeper_tell(KEEPER_RELOADING);
	conf_reload(NULL, NULL);
	keeper_tell(KEEPER_RELOADED);
}

static void
take_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow further is a write(2) that fails. */
	signal(SIGXFSZ, SIG_IGN);
	/* The terminal is the keeper's, but the log may go there, too. */
	signal(SIGTTOU, SIG_IGN);
	loop_signal(SIGTERM, on_terminate, NULL);
	loop_signal(SIGINT, on_terminate, NULL);
	loop_signal(SIGHUP, on_hangup, NULL);
}

/* What OpenSSL trusts where nothing else is said: X509_LOOKUP_hash_dir(3). */
static char *
trusted(const char *variable, const char *otherwise)
{
	const char *path = secure_getenv(variable);

	return xstrdup(path != NULL ? path : otherwise);
}

/*
 * From here on nothing that a peer sends can do much harm.  What OpenSSL's
 * configuration wants to load is loaded before.
 */
static void
confine(void)
{
	char *conf = CONF_get1_default_config_file();
	char *file = trusted(X509_get_default_cert_file_env(),
	    X509_get_default_cert_file());
	char *dirs = trusted(X509_get_default_cert_dir_env(),
	    X509_get_default_cert_dir());
	const char *readable[READABLE + 1] = { conf, file };
	const struct sandbox what = { .rundir_fd = KEEP_RUNDIR_FD,
		.readable = readable };
	char *rest = dirs;
	struct why why;
	size_t n = 2;

	while (n < READABLE && rest != NULL)
		readable[n++] = strsep(&rest, ":");
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (sandbox_enter(&what, &why) == -1)
		log_warn("%s", why.text);
	OPENSSL_free(conf);
	free(file);
	free(dirs);
}

/* The keeper is our whole reason to be. */
static void
gone(void *arg)
{
	(void)arg;
	log_warn("the keeper is gone: stopping");
	broker_stop_now();
	loop_stop();
}

/* Nobody takes up what the last engine left yet. */
static void
taken(const struct keeper_held *what, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < what->nfds; i++)
		close(what->fds[i]);
	log_debug("%s: left by the last engine", what->key);
}

/*
 * The configuration file's sessions.  One that is wrong ends the first engine,
 * but not one that takes the place of another.
 */
static int
load(const struct fifod *f)
{
	if (f->conf == NULL || conf_load(f->conf, fifod_say, NULL) == 0)
		return 0;
	return keeper_generation() > 0 ? 0 : -1;
}

static int
run(const struct fifod *f)
{
	if (load(f) == -1)
		return FAULT_USAGE;
	if (keeper_generation() == 0)
		log_info("%s, run directory %s", PACKAGE_STRING, f->rundir);
	if (!f->foreground)
		fifod_to_null();
	keeper_ready();
	loop_run();
	keeper_tell(KEEPER_STOPPING);
	return 0;
}

int
engine_run(const struct fifod *f)
{
	const struct session_place place = { .rundir = f->rundir,
		.rundir_fd = KEEP_RUNDIR_FD };
	int status;

	log_init(f->foreground, f->verbose);
	loop_init();
	take_signals();
	if (f->unconfined)
		log_warn("the engine is not confined: -X");
	else
		confine();
	keeper_begin(KEEP_ASK_FD, gone, NULL);
	keeper_take(taken, NULL);
	directory_sweep(place.rundir_fd, swept);
	broker_init(&place, f->transient);
	control_listen(KEEP_CONTROL_FD);
	status = run(f);
	control_close();
	broker_free();
	conf_free();
	keeper_recall_end();
	keeper_end();
	loop_free();
	chunk_free_all();
	relay_pipe_close_all();
	OPENSSL_cleanup();
	close(place.rundir_fd);
	return status;
}
