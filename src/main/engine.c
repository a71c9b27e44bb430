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
#include "base/ledger.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/usage.h"
#include "base/xalloc.h"
#include "channel/stage.h"
#include "command/broker.h"
#include "command/conf.h"
#include "command/control.h"
#include "command/limit.h"
#include "command/service.h"
#include "command/will.h"
#include "keeper/anchor.h"
#include "keeper/hold.h"
#include "keeper/keep.h"
#include "keeper/sandbox.h"
#include "main/fifod.h"
#include "session/relay_pipe.h"

/* Directories of certificates, and two files, at most. */
#define READABLE 16

/* OpenSSL's own allocation, with our reserve behind it. */
static void *
crypto_take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xalloc_try(NULL, size);
}

static void *
crypto_resize(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return xalloc_try(old, size);
	free(old);
	return NULL;
}

static void
crypto_give(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

/* What it has once failed to set up it does not try again, or worse. */
static void
keep_reserve(void)
{
	CRYPTO_set_mem_functions(crypto_take, crypto_resize, crypto_give);
	xalloc_keep();
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
	broker_drain();
}

static void
on_hangup(void *arg)
{
	(void)arg;
	conf_reload(NULL, NULL);
}

static void
take_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* The anchor, when it ends, is waited for by nobody. */
	signal(SIGCHLD, SIG_IGN);
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
	/* Where the service manager has what it held there will be another. */
	if (keeper_is_service()) {
		log_warn("the keeper is gone: what is open is the next one's");
		_exit(1);
	}
	log_warn("the keeper is gone: stopping");
	broker_stop_now();
	loop_stop();
}

/*
 * The configuration file's sessions, or, of an engine that takes the place of
 * another, that one's.
 */
static int
load(const struct fifod *f)
{
	size_t n = will_execute();

	if (keeper_generation() > 0)
		log_info("%zu session%s go%s on", n, n == 1 ? "" : "s",
		    n == 1 ? "es" : "");
	if (f->conf == NULL)
		return 0;
	if (will_succeeds()) {
		conf_inherit(f->conf);
		return 0;
	}
	/* A file that is wrong by now ends no broker that stood. */
	return conf_load(f->conf, fifod_say, NULL) == 0 ||
	    keeper_generation() > 0 ? 0 : -1;
}

static int
run(const struct fifod *f)
{
	if (load(f) == -1)
		return FAULT_USAGE;
	will_done();
	if (keeper_generation() == 0)
		log_info("%s, run directory %s", PACKAGE_STRING, f->rundir);
	if (!f->foreground)
		fifod_to_null();
	keeper_ready();
	service_begin();
	loop_run();
	service_end();
	keeper_tell(KEEPER_STOPPING);
	return 0;
}

int
engine_run(const struct fifod *f)
{
	const struct session_place place = { .rundir = f->rundir,
		.rundir_fd = KEEP_RUNDIR_FD };
	static const int own[] = { KEEP_ASK_FD, KEEP_RUNDIR_FD,
		KEEP_CONTROL_FD };
	struct limits defaults;
	int status;

	log_init(f->foreground, f->verbose);
	keep_reserve();
	loop_init();
	usage_init();
	take_signals();
	keeper_begin(KEEP_ASK_FD, gone, NULL);
	/* There is another keeper soon, which starts an engine of its own. */
	if (keeper_is_service())
		sandbox_die_with(keeper_pid());
	anchor_owns(own, sizeof(own) / sizeof(own[0]));
	will_begin(sandbox_anchor);
	if (f->unconfined)
		log_warn("the engine is not confined: -X");
	else
		confine();
	if (will_outlives())
		stage_begin();
	limits_init(&defaults);
	limits_apply(&defaults);
	broker_init(&place, f->transient);
	control_listen(KEEP_CONTROL_FD);
	status = run(f);
	control_close();
	broker_free();
	conf_free();
	keeper_recall_end();
	keeper_end();
	anchor_watch(NULL, NULL);
	stage_end();
	ledger_end();
	loop_free();
	chunk_free_all();
	usage_end();
	relay_pipe_close_all();
	OPENSSL_cleanup();
	close(place.rundir_fd);
	return status;
}
