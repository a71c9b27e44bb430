/*
 * A session as a whole, against a peer and clients that do what the input
 * says: the first byte picks its options, each further pair is a step.  Time
 * passes as the input says, too.  What must hold, whatever they do
 * (scene_*.c asserts the first three):
 *
 *	no byte of a reply reaches a client who has not asked for it;
 *	no reply comes twice, and no request is sent twice where nobody said so;
 *	no request is made of two clients' bytes;
 *	it never turns in a circle (world.c);
 *	every exchange comes to its end, though the peer says nothing;
 *	memory is bounded; and when the session has ended, its directory is gone,
 *	all memory is free and all descriptors are closed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chunk.h"
#include "base/loop.h"
#include "fuzz.h"
#include "keeper/keeper.h"
#include "scene.h"
#include "session/exchange.h"
#include "session/relay_pipe.h"
#include "session/session.h"
#include "world.h"

#define MEMORY_MOST ((size_t)4 * 1024 * 1024)
#define STEPS_MOST 400
/* By then the last exchange has ended, one after the other: see late.c. */
#define EXCHANGES_END_MS 2000000
#define SESSION_END_MS 60000
#define ROUNDS_MOST 300

static const struct config {
	enum scene_language language;
	const char *options[5];
} configs[] = {
	{ SPEAKS_LINES, { "framing=line" } },
	{ SPEAKS_LINES, { "framing=line", "pipeline=3" } },
	{ SPEAKS_LINES, { "framing=line", "connections=2", "leftover=keep" } },
	{ SPEAKS_HTTP, { "framing=http" } },
	{ SPEAKS_HTTP, { "framing=http", "connections=2", "max-requests=2" } },
	{ SPEAKS_HTTP, { "framing=http", "connections=each" } },
	{ SPEAKS_HTTP, { "framing=http", "retry=never", "reconnect=always",
		"idle=7" } },
	{ SPEAKS_NETSTRINGS, { "framing=netstring", "connect=on-demand",
		"pipeline=2", "reconnect=never" } },
	{ SPEAKS_STREAM, { "framing=stream" } },
	{ SPEAKS_STREAM, { "framing=stream", "on-close=eof",
		"reconnect=never" } },
	{ SPEAKS_STREAM, { "framing=stream", "connections=each" } },
	{ SPEAKS_LINES, { "framing=line", "delivery=stream", "crlf=no",
		"record-max=1M" } },
};

static char dir[80], address[80];
static struct session_place place;
static struct scene scene;
static struct session *session;
static bool ended, foreign;
static const uint8_t *input;
static size_t left;
static size_t memory = SIZE_MAX / 2;

/* --- steps --- */

/*
 * Who asks before the reply to the last request has gone cannot be kept from
 * what the peer says behind that: it may be the beginning of his.
 */
static bool
pipelines(void)
{
	return ended || session->options.session.pipeline > 1;
}

static void
write_ctl(unsigned which)
{
	static const char *const lines[] = { "discard\n", "reconnect\n",
		"eof\n", "set timeout=3\n", "set timeout-request=1\n", "set ",
		"nonsense\n", "set leftover=keep\n", "set pipeline=2\n",
		"set max-age=1\n", "set idle=2\n", "set crlf=yes\n",
		"discard\nreconnect\n", "set mode=0640\n", "close\n", "\n" };
	const char *line = lines[which % 16];
	char path[96];
	int fd;

	if (scene.unasked && strstr(line, "pipeline") != NULL)
		return;
	snprintf(path, sizeof(path), "%s/ctl", dir);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	(void)!write(fd, line, strlen(line));
	close(fd);
}

/* Somebody touches what is the session's. */
static void
meddle(unsigned which)
{
	static const char *const names[] = { "in", "out", "ctl", "status",
		"ch/x/in", "ch/x/out", "ch/x", "sock" };
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, names[which % 8]);
	if (unlink(path) == -1)
		rmdir(path);
	if (!(which & 8))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	foreign = true;
	(void)!write(fd, "x", 1);
	close(fd);
}

static void
pass(unsigned which)
{
	static const int64_t times[] = { 1, 20, 100, 600, 1500, 5000, 11000,
		61000 };
	int64_t wait = world_wait_ms();

	if (which & 8 && wait > 0)
		world_pass(wait);
	else
		world_pass(times[which % 8]);
}

static void
step(unsigned what, unsigned arg)
{
	unsigned n = arg % SCENE_CLIENTS, rest = arg / SCENE_CLIENTS;

	switch (what % 24) {
	case 0: case 1:
		client_ask(n, rest, SIZE_MAX);
		break;
	case 2:
		client_ask(n, rest, 1 + rest);
		break;
	case 3:
		client_more(n, rest == 0 ? SIZE_MAX : rest);
		break;
	case 4:
		client_flood(n);
		break;
	case 5:
		client_finish(n);
		break;
	case 6:
		client_join(n);
		break;
	case 7:
		client_leave(n);
		break;
	case 8:
		client_listen(n);
		break;
	case 9:
		client_listen(n);
		client_read(n, 1 + rest);
		break;
	case 10: case 11:
		client_listen(n);
		client_read(n, SIZE_MAX);
		break;
	case 12: case 13: case 14:
		peer_answer(n, rest, SIZE_MAX);
		break;
	case 15:
		peer_answer(n, rest, 1 + rest);
		break;
	case 16:
		if (!pipelines())
			peer_unasked(n);
		break;
	case 17:
		peer_close(n);
		break;
	case 18:
		peer_finish(n);
		break;
	case 19:
		if (rest & 1)
			peer_stall();
		else
			peer_away();
		break;
	case 20: case 21:
		pass(rest);
		break;
	case 22:
		write_ctl(rest);
		break;
	case 23:
		meddle(arg);
		break;
	}
}

/* --- the end --- */

static void
on_ended(struct session *s, void *arg)
{
	(void)arg;
	must(s == session);
	session_free(s);
	session = NULL;
	ended = true;
}

static void
on_changed(struct session *s, void *arg)
{
	(void)arg;
	must(s == session || session == NULL);
}

/* Everybody reads what there is for him, and time passes. */
static bool
wind_down(int64_t until)
{
	static int64_t passed;
	static unsigned rounds;
	int64_t wait = world_wait_ms();
	bool busy = false;
	unsigned i;

	for (i = 0; i < SCENE_CLIENTS; i++) {
		busy |= client_listen(i);
		busy |= client_read(i, SIZE_MAX);
	}
	/*
	 * Who has just opened `out' is seen in the next turn of the loop at the
	 * earliest.  Where no timer runs, nothing comes by waiting.  Of a
	 * session that has failed who reads again meets the end again, for ever.
	 */
	if (busy && rounds++ < ROUNDS_MOST)
		wait = 1;
	else if (wait == -1)
		wait = until;
	else if (wait < 5000)
		wait = 5000;
	world_pass(wait);
	passed += wait;
	if (passed < until && !ended)
		return false;
	passed = 0;
	rounds = 0;
	return true;
}

static enum { PLAYING, WINDING, CLOSING } stage;
static struct timer turn;

static void
turned(void *arg)
{
	(void)arg;
	if (ended && stage == CLOSING)
		loop_stop();
}

/* What was asked for outside of the loop is done at the end of a turn. */
static void
have_turn(void)
{
	timer_set(&turn, 1, turned, NULL);
	world_pass(1);
}

/* Waits an exchange for what does not come?  A tunnel has no end of its own. */
static bool
waits(void)
{
	const struct dialogue *d;

	if (ended || session->pool == NULL)
		return false;
	TAILQ_FOREACH(d, &session->pool->dialogues, entry)
		if (d->tunnel != NULL)
			return false;
	return pool_busy(session);
}

/*
 * What was read in the very last step is seen in the next turn; and rounds in
 * which somebody reads are not counted for ever.
 */
static bool wound_again;

static bool
wind_again(void)
{
	if (wound_again)
		return false;
	wound_again = true;
	have_turn();
	return true;
}

/*
 * The odd byte at the end: the peer says nothing more, rather than that it dies
 * (1), and the session is closed at once (2).
 */
static void
next_stage(void)
{
	unsigned how = left > 0 ? input[left - 1] : 0;

	if (stage == PLAYING) {
		if (!(how & 1))
			peer_die();
		stage = WINDING;
	} else if (stage == WINDING && wind_down(EXCHANGES_END_MS)) {
		if (waits() && wind_again())
			return;
		must(!waits());
		if (!ended)
			session_close(session, how & 2);
		stage = CLOSING;
		have_turn();
	} else if (stage == CLOSING && wind_down(SESSION_END_MS)) {
		must(ended);
		have_turn();
	}
}

/* Nothing is left to be done for the loop: what happens next? */
static void
idle(void)
{
	static unsigned steps;

	must(world_memory() < memory + MEMORY_MOST);
	if (peer_turn())
		return;
	if (stage == PLAYING && left >= 2 && steps < STEPS_MOST && !ended) {
		step(input[0], input[1]);
		input += 2;
		left -= 2;
		steps++;
	} else {
		steps = 0;
		next_stage();
	}
}

/* --- the beginning --- */

static void
begin(void)
{
	world_open(&place, idle);
	snprintf(dir, sizeof(dir), "%s/s", place.rundir);
	snprintf(address, sizeof(address), "%s/peer", place.rundir);
}

/* Options, and what the peer has to know of them. */
static void
choose(const struct config *c, struct options *options)
{
	const char *framing = strchr(c->options[0], '=') + 1;
	struct why why;
	size_t i;

	memset(&scene, 0, sizeof(scene));
	scene.language = c->language;
	scene.resends = true;
	scene.unasked = false;
	scene.dir = dir;
	scene.address = address;
	must(framing_choose(&scene.choice, framing, &why) == 0);
	option_init(option_groups, options);
	must(option_assign(option_groups, options, "max-message=100K", NULL,
	    &why) == 0);
	for (i = 0; i < 5 && c->options[i] != NULL; i++) {
		must(option_assign(option_groups, options, c->options[i],
		    NULL, &why) == 0);
		if (strcmp(c->options[i], "retry=never") == 0)
			scene.resends = false;
	}
}

static void
begin_scene(const struct config *c)
{
	static const struct session_owner owner = { .changed = on_changed,
		.ended = on_ended };
	struct options options = { 0 };
	struct url url = { 0 };
	struct why why = { 0 };
	char text[96];

	choose(c, &options);
	peer_begin(&scene);
	clients_begin(&scene);
	snprintf(text, sizeof(text), "unix:%s", address);
	must(url_parse(&url, text, &why) == 0);
	must(session_imply(&url, &options, &why) == 0);
	session = session_new("s", &url, &options, &place, &owner, &why);
	must(session != NULL);
}

/* What somebody has put there is not the session's to remove. */
static void
check_directory(void)
{
	char path[128];
	struct stat st;

	if (foreign) {
		snprintf(path, sizeof(path), "rm -rf %s", dir);
		must(system(path) == 0);
	}
	must(lstat(dir, &st) == -1);
}

/* A scene, from its beginning to its end. */
static void
play(const uint8_t *data, size_t size)
{
	input = data + 1;
	left = size - 1;
	stage = PLAYING;
	wound_again = false;
	ended = foreign = false;
	world_begin(idle);
	begin_scene(&configs[data[0] % (sizeof(configs) /
	    sizeof(configs[0]))]);
	loop_run();
	clients_end();
	peer_end();
	framing_forget(&scene.choice);
	keeper_recall_end();
	chunk_free_all();
	relay_pipe_close_all();
	world_begin(NULL);
	check_directory();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nothing[1];
	unsigned descriptors;

	if (size < 1)
		return 0;
	/* The first one opens what stays open. */
	if (place.rundir == NULL) {
		begin();
		play(nothing, sizeof(nothing));
	}
	descriptors = world_descriptors();
	memory = world_memory();
	play(data, size);
	must(world_descriptors() == descriptors);
	return 0;
}
