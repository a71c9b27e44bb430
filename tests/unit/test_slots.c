#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/why.h"
#include "channel/fifo.h"
#include "channel/notice.h"
#include "channel/slots.h"
#include "tap.h"

#define LONG_MS 5000            /* what must come has come by then */
#define SHORT_MS 80             /* what must not come would have */
#define REST_MS 600             /* old slots have been seen to */

static char directory[] = "/tmp/test_slots.XXXXXX";
static int dir_fd;
static struct slots *d;
static int readies;
static bool has_asked;

/* --- the session's part --- */

static void
on_ready(void *arg)
{
	(void)arg;
	readies++;
}

static bool
on_asked(void *arg)
{
	(void)arg;
	return has_asked;
}

static void
on_note(void *arg, const char *text)
{
	(void)arg;
	printf("# note: %s\n", text);
}

static const struct slots_owner owner = { on_ready, on_asked, on_note, NULL };

static struct slots *
make(int fd)
{
	struct slots_place place = { .dir_fd = fd, .path = directory,
		.mode = 0600, .gid = (gid_t)-1, .pipe_size = 131072 };
	struct why why = { 0 };

	return slots_new(&place, &owner, &why);
}

static void
say(const char *text, bool failed)
{
	if (!slots_begin(d))
		errx(1, "begin refused");
	if (*text != '\0' &&
	    slots_write(d, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "write");
	slots_end(d, failed);
}

/*
 * The loop runs in this thread and the tests in another, by turns: never at
 * the same time.
 */
static sem_t to_loop, to_tests;
static struct timer beat;
static bool (*awaited)(void *arg);
static void *awaited_arg;
static bool came;
static int64_t give_up;

static void
hand_over(void)
{
	sem_post(&to_tests);
	while (sem_wait(&to_loop) == -1)
		continue;
}

static void
on_beat(void *arg)
{
	(void)arg;
	came = awaited(awaited_arg);
	if (came || loop_now_ms() >= give_up)
		hand_over();
	timer_set(&beat, 1, on_beat, NULL);
}

/* Run the loop until this comes true; did it? */
static bool
run_until(bool (*true_now)(void *arg), void *arg, int ms)
{
	awaited = true_now;
	awaited_arg = arg;
	give_up = loop_now_ms() + ms;
	sem_post(&to_loop);
	while (sem_wait(&to_tests) == -1)
		continue;
	return came;
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

static void
run_a_while(void)
{
	run_until(never, NULL, SHORT_MS);
}

static bool
was_ready(void *arg)
{
	(void)arg;
	return readies > 0;
}

static bool
is_done(void *arg)
{
	(void)arg;
	return !slots_busy(d);
}

/* --- clients --- */

struct reader {
	int fd;
	char text[200000];
	size_t length, most;
	bool end;
};

static struct reader *
come_to(const char *name)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		err(1, "calloc");
	r->fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (r->fd == -1)
		err(1, "%s", name);
	return r;
}

static struct reader *
come(void)
{
	return come_to("out");
}

static void
leave(struct reader *r)
{
	close(r->fd);
	free(r);
}

/* Read on; true when all that is awaited is there. */
static bool
has_read(void *arg)
{
	struct reader *r = arg;
	ssize_t n = 1;

	while (r->length < r->most && n > 0) {
		n = read(r->fd, r->text + r->length, r->most - r->length);
		if (n > 0)
			r->length += (size_t)n;
		r->end = n == 0;
	}
	return r->end || r->length == r->most;
}

/* Reads exactly this, and no end of file. */
static bool
reads(struct reader *r, const char *text)
{
	r->length = 0;
	r->most = strlen(text);
	run_until(has_read, r, LONG_MS);
	return r->length == r->most && !r->end &&
	    memcmp(r->text, text, r->most) == 0;
}

static bool
meets_end(struct reader *r)
{
	r->length = 0;
	r->most = 1;
	run_until(has_read, r, LONG_MS);
	return r->end;
}

static bool
goes_on_waiting(struct reader *r)
{
	r->length = 0;
	r->most = 1;
	run_until(has_read, r, SHORT_MS);
	return !r->end && r->length == 0;
}

static ino_t
inode_of(const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    st.st_ino : 0;
}

/* --- the sentences --- */

static void
test_end(void)
{
	struct reader *r;
	int i, good = 0;

	say("one\n", false);
	r = come();
	ok(reads(r, "one\n"), "a reader reads the reply");
	ok(meets_end(r), "and if it waits it meets the end of file");
	leave(r);
	ok(run_until(is_done, NULL, LONG_MS), "then the reply is done with");
	for (i = 0; i < 30; i++) {
		say("again\n", false);
		r = come();
		good += reads(r, "again\n") && meets_end(r);
		leave(r);
	}
	is_int(good, 30, "and so on, reply after reply");
}

static void
test_lines(void)
{
	struct reader *r;
	ino_t before = inode_of("out");

	say("head\nbody\n", false);
	r = come();
	ok(reads(r, "head\n"), "a reader takes a line");
	leave(r);
	ok(slots_busy(d), "and leaves: the reply is not done with");
	is_int(slots_waiting(d), 5, "the rest waits to be read");
	r = come();
	ok(reads(r, "body\n"), "the next takes the last line");
	leave(r);
	ok(run_until(is_done, NULL, LONG_MS), "and then it is");
	if (notice_follows())
		ok(inode_of("out") == before,
		    "without an end of file, on the same FIFO");
	r = come();
	ok(goes_on_waiting(r), "who comes then waits for the next reply");
	say("next\n", false);
	ok(reads(r, "next\n") && meets_end(r), "and gets it, with its end");
	leave(r);
}

static void
test_rest(void)
{
	struct reader *r;

	say("head\nbody\n", false);
	r = come();
	ok(reads(r, "head\n"), "a line is taken");
	leave(r);
	r = come();
	ok(reads(r, "body\n") && meets_end(r),
	    "who takes the rest meets the end of file");
	leave(r);
}

static void
test_early(void)
{
	struct reader *r = come(), *next;

	run_a_while();
	say("one\n", false);
	ok(reads(r, "one\n"), "who opened before the request gets its reply");
	leave(r);
	next = come();
	ok(goes_on_waiting(next),
	    "who opened after the last reading waits for the next reply");
	has_asked = true;
	ok(goes_on_waiting(next), "also when it has asked");
	has_asked = false;
	say("two\n", false);
	ok(reads(next, "two\n") && meets_end(next), "and gets that");
	leave(next);
}

static void
test_failed(void)
{
	struct reader *r;

	say("", false);
	run_a_while();
	ok(slots_busy(d), "an empty reply waits for its reader");
	r = come();
	ok(meets_end(r), "who meets the end of file at once");
	leave(r);
	say("par", true);
	r = come();
	ok(reads(r, "par") && meets_end(r),
	    "a reply that failed ends after what came of it");
	leave(r);
	say("line\n", true);
	r = come();
	ok(reads(r, "line\n"), "who takes a line of it and leaves");
	leave(r);
	run_a_while();
	r = come();
	ok(meets_end(r), "meets the end of file when it comes again");
	leave(r);
	ok(run_until(is_done, NULL, LONG_MS), "once");
	r = come();
	ok(goes_on_waiting(r), "and no more");
	leave(r);
}

static void
test_order(void)
{
	struct reader *r;

	say("one\n", false);
	readies = 0;
	ok(!slots_begin(d), "the next reply waits while one is unread");
	run_a_while();
	is_int(readies, 0, "as long as that is");
	r = come();
	ok(reads(r, "one\n") && meets_end(r), "when that was read");
	ok(run_until(was_ready, NULL, LONG_MS), "ready is told");
	leave(r);
	say("two\n", false);
	r = come();
	ok(reads(r, "two\n") && meets_end(r), "and the next is read");
	leave(r);
}

static char large[150000];
static size_t put;

/* Write what there is room for, and read a little of it. */
static bool
streams(void *arg)
{
	ssize_t n;

	while (put < sizeof(large) &&
	    (n = slots_write(d, large + put, sizeof(large) - put)) > 0)
		put += (size_t)n;
	return has_read(arg);
}

static void
test_large(void)
{
	struct reader *r;
	size_t i;

	for (i = 0; i < sizeof(large); i++)
		large[i] = (char)('a' + i % 23);
	put = 0;
	slots_begin(d);
	readies = 0;
	while (put < sizeof(large)) {
		ssize_t n = slots_write(d, large + put, sizeof(large) - put);

		if (n == -1)
			break;
		put += (size_t)n;
	}
	ok(put > 8192 && put < sizeof(large),
	    "a large reply fills the pipe, and no more is taken");
	r = come();
	r->most = 8192;
	ok(run_until(has_read, r, LONG_MS), "a part is read");
	ok(run_until(was_ready, NULL, LONG_MS), "then there is room again");
	r->most = sizeof(large) - 1;
	run_until(streams, r, LONG_MS);
	is_int(put, sizeof(large), "it streams through");
	slots_end(d, false);
	r->most = sizeof(large);
	ok(run_until(has_read, r, LONG_MS) &&
	    memcmp(r->text, large, sizeof(large)) == 0, "every byte of it");
	ok(meets_end(r), "up to the end of file");
	leave(r);
}

static void
test_leftover(void)
{
	struct reader *r;
	size_t n;

	say("one\nmore\n", false);
	run_a_while();
	ok(!slots_abandoned(d), "a reply nobody has touched is not abandoned");
	r = come();
	ok(reads(r, "one\n"), "of one a line is taken");
	ok(!slots_abandoned(d), "it is not, while somebody has it open");
	ok(!slots_drop(d, &n), "then nothing of it is dropped");
	leave(r);
	ok(slots_abandoned(d), "it is when that one has left");
	ok(slots_drop(d, &n) && n == 5, "and the rest is dropped");
	ok(!slots_busy(d), "which is the end of it");
	say("two\n", false);
	r = come();
	ok(reads(r, "two\n") && meets_end(r), "the next reply is read alone");
	leave(r);

	slots_begin(d);
	slots_write(d, "three\n...", 9);
	r = come();
	ok(reads(r, "three\n"), "of a reply under way a line is taken");
	leave(r);
	ok(slots_abandoned(d), "it is abandoned, too");
	ok(slots_drop(d, &n) && n == 3, "and what there is of it dropped");
	slots_end(d, false);
	ok(!slots_busy(d), "it ends without an end of file");
	r = come();
	ok(goes_on_waiting(r), "for anybody");
	say("four\n", false);
	ok(reads(r, "four\n") && meets_end(r), "and the next one is whole");
	leave(r);
}

static void
test_closed(void)
{
	struct reader *r;
	int i, good = 0;

	say("last\n", false);
	slots_close(d);
	r = come();
	ok(reads(r, "last\n") && meets_end(r),
	    "when all is over, what was there is read");
	leave(r);
	for (i = 0; i < 5; i++) {
		r = come();
		good += meets_end(r);
		leave(r);
	}
	is_int(good, 5, "and everybody who comes meets the end of file");
	slots_resume(d);
	run_a_while();
	r = come();
	ok(goes_on_waiting(r), "until there is more to come");
	say("new\n", false);
	ok(reads(r, "new\n") && meets_end(r), "which is read");
	leave(r);
}

static void
test_names(void)
{
	const char *what = "";
	struct reader *r;
	ino_t before = inode_of("out");
	int fd;

	is_int(slots_restore(d, &what), 0, "the name is in place");
	unlinkat(dir_fd, "out", 0);
	is_int(slots_restore(d, &what), 1, "a name that was deleted");
	is(what, "it had been deleted", "(so it says)");
	ok(inode_of("out") == before, "is put back to the same FIFO");
	unlinkat(dir_fd, "out", 0);
	fd = openat(dir_fd, "out", O_WRONLY | O_CREAT, 0600);
	close(fd);
	is_int(slots_restore(d, &what), 1, "one that was replaced");
	is(what, "a regular file in its place was removed", "(so it says)");
	ok(inode_of("out") == before, "too");

	say("one\n", false);
	r = come();
	unlinkat(dir_fd, "out", 0);
	fd = openat(dir_fd, "out", O_WRONLY | O_CREAT, 0600);
	close(fd);
	ok(reads(r, "one\n") && meets_end(r),
	    "a reader has its end although the name was replaced");
	leave(r);
	is_int(slots_restore(d, &what) == -1, 0, "and the name put back");
	say("two\n", false);
	r = come();
	ok(reads(r, "two\n") && meets_end(r), "the next reply is found by it");
	leave(r);
	ok(slots_restore(d, &what) == 0, "what had replaced it is gone");
}

static void
test_mode(void)
{
	struct reader *r;
	struct stat st;
	int i, good = 0;

	slots_mode(d, 0640);
	for (i = 0; i < 3; i++) {
		fstatat(dir_fd, "out", &st, 0);
		good += (st.st_mode & 0777) == 0640;
		say("one\n", false);
		r = come();
		good += reads(r, "one\n") && meets_end(r);
		leave(r);
	}
	is_int(good, 6, "a new mode is that of every FIFO that takes the name");
	slots_mode(d, 0600);
}

static void
test_lingering(void)
{
	struct reader *r[8];
	int i, good = 0;

	for (i = 0; i < 8; i++) {
		say("one\n", false);
		r[i] = come();
		good += reads(r[i], "one\n") && meets_end(r[i]);
	}
	is_int(good, 8, "readers that stay after their end hinder nobody");
	for (i = 0; i < 8; i++)
		good += meets_end(r[i]);
	is_int(good, 16, "and have nothing but their end");
	for (i = 0; i < 8; i++)
		leave(r[i]);
}

/* A client that waits in open(2), as nobody in this process may. */
static pid_t
come_blocking(const char *name)
{
	pid_t pid = fork();
	char c;
	int fd;

	if (pid == -1)
		err(1, "fork");
	if (pid > 0)
		return pid;
	alarm(LONG_MS / 1000);
	fd = openat(dir_fd, name, O_RDONLY);
	_exit(fd == -1 || read(fd, &c, 1) != 0);
}

static bool
has_exited(void *arg)
{
	int status = 1;

	return waitpid(*(pid_t *)arg, &status, WNOHANG) > 0 && status == 0;
}

/* Which of the slots has the name. */
static const char *
current(void)
{
	static const char *const names[] = { ".out.0", ".out.1", ".out.2",
		".out.3" };
	ino_t inode = inode_of("out");
	size_t i;

	for (i = 0; i < 4; i++)
		if (inode_of(names[i]) == inode)
			return names[i];
	return "none";
}

static void
test_late(void)
{
	struct reader *r;
	const char *old = current();
	pid_t pid;

	say("one\n", false);
	r = come();
	ok(reads(r, "one\n") && meets_end(r), "an end of file is given");
	pid = come_blocking(old);
	ok(run_until(has_exited, &pid, LONG_MS),
	    "who comes late to the old slot is set free");
	leave(r);
}

static int
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static bool
holds_no_more(void *arg)
{
	return descriptors() == *(int *)arg;
}

static void
test_idle(void)
{
	char medium[20001] = "";
	struct reader *r;
	int before, i, good = 0;

	memset(medium, 'm', sizeof(medium) - 1);
	run_until(never, NULL, REST_MS);
	before = descriptors();
	for (i = 0; i < 3; i++) {
		say(i == 1 ? medium : "one\n", false);
		r = come();
		good += reads(r, i == 1 ? medium : "one\n") && meets_end(r);
		leave(r);
	}
	is_int(good, 3, "after replies that filled more than a small pipe");
	run_until(never, NULL, REST_MS);
	run_until(holds_no_more, &before, LONG_MS);
	is_int(descriptors(), before,
	    "at rest as many descriptors are held as before");
	r = come();
#ifdef F_GETPIPE_SZ
	ok(fcntl(r->fd, F_GETPIPE_SZ) <= FIFO_IDLE_SIZE || !notice_follows(),
	    "and the pipe is small");
#endif
	leave(r);
}

static bool
at_once(void *arg)
{
	(void)arg;
	return true;
}

/* Its events are told because some other session has asked for its own. */
static void
test_beside(void)
{
	char medium[20001] = "";
	struct reader *r;
	int i, good = 0;

	memset(medium, 'm', sizeof(medium) - 1);
	for (i = 0; i < 4; i++) {
		run_until(never, NULL, REST_MS);
		say(medium, false);
		r = come();
		r->most = 1;
		run_until(at_once, NULL, LONG_MS);
		run_until(at_once, NULL, LONG_MS);
		has_read(r);
		run_until(at_once, NULL, LONG_MS);
		leave(r);
		notice_sync();
		r = come();
		good += reads(r, medium + 1) && meets_end(r);
		leave(r);
	}
	is_int(good, i, "whoever asks for events, nobody's are lost");
}

static void
test_refused(void)
{
	int fd;

	mkdirat(dir_fd, "x", 0700);
	fd = openat(dir_fd, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(fd, ".out.1", 0700);
	ok(make(fd) == NULL, "where a FIFO cannot be made, none is");
	ok(fcntl(fd, F_GETFD) != -1, "the directory is still the caller's");
	unlinkat(fd, ".out.1", AT_REMOVEDIR);
	close(fd);
	is_int(unlinkat(dir_fd, "x", AT_REMOVEDIR), 0, "and nothing is left");
}

/* --- what a former engine left --- */

/* All as it is, held by descriptors of its own, as of an engine that died. */
static void
take_over(struct ledger_row *row)
{
	struct slots_place place = { .path = directory, .mode = 0600,
		.gid = (gid_t)-1, .pipe_size = 131072, .row = row };
	struct ledger_left left = { .number = { row->number[0] } };
	struct why why = { 0 };
	int i;

	left.state = ledger_get(row);
	for (i = 0; i < LEDGER_FDS; i++)
		left.fd[i] = row->fd[i] == -1 ? -1 :
		    fcntl(row->fd[i], F_DUPFD_CLOEXEC, 0);
	slots_free(d);
	place.dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	d = slots_inherit(&place, &owner, &left, &why);
	if (d == NULL)
		errx(1, "slots_inherit: %s", why.text);
	slots_go_on(d);
}

/* An unread reply, and whoever comes for it to the engine after. */
static void
test_heir(void)
{
	struct slots_place place = { .path = directory, .mode = 0600,
		.gid = (gid_t)-1, .pipe_size = 131072 };
	static struct ledger_row row = { .kind = LEDGER_SESSION };
	struct reader *r;
	struct why why = { 0 };
	char text[8];
	int i;

	/* Nothing outlives an engine where no events tell of readers. */
	if (!notice_follows())
		return;
	for (i = 0; i < LEDGER_FDS; i++)
		row.fd[i] = -1;
	slots_free(d);
	place.row = &row;
	place.dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	d = slots_new(&place, &owner, &why);
	if (d == NULL)
		errx(1, "slots_new: %s", why.text);

	say("one\n", false);
	take_over(&row);
	has_asked = true;
	r = come();
	ok(reads(r, "one\n") && meets_end(r), "who reads what a former engine "
	    "left has its end of file, though somebody has asked since");
	leave(r);
	run_until(is_done, NULL, LONG_MS);

	say("two\n", false);
	take_over(&row);
	r = come();
	is_int(read(r->fd, text, sizeof(text)), 4, "who reads it and leaves");
	leave(r);
	r = come();
	ok(goes_on_waiting(r), "and comes again, before anybody has looked, "
	    "waits for the next");
	say("three\n", false);
	ok(reads(r, "three\n"), "and reads that");
	leave(r);
	run_until(is_done, NULL, LONG_MS);
	has_asked = false;
}

static void *
run_tests(void *arg)
{
	static void (*const tests[])(void) = {
		test_end, test_lines, test_rest, test_early, test_failed,
		test_order, test_large, test_leftover, test_closed, test_names,
		test_mode, test_lingering, test_late, test_idle, test_beside,
		test_refused, test_heir,
	};
	size_t i;

	sem_wait(&to_tests);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i]();
		if (!run_until(is_done, NULL, LONG_MS))
			ok(false, "a test has left a reply behind");
	}
	loop_stop();
	sem_post(&to_loop);
	return arg;
}

static void
tidy(void)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL)
		unlinkat(dir_fd, e->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(directory);
}

int
main(void)
{
	pthread_t tests;

	if (mkdtemp(directory) == NULL)
		err(1, "%s", directory);
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	loop_init();
	d = make(fcntl(dir_fd, F_DUPFD_CLOEXEC, 0));
	if (d == NULL)
		errx(1, "slots_new");
	awaited = never;
	if (sem_init(&to_loop, 0, 0) == -1 || sem_init(&to_tests, 0, 0) == -1 ||
	    pthread_create(&tests, NULL, run_tests, NULL) != 0)
		err(1, "a thread");
	timer_set(&beat, 1, on_beat, NULL);
	loop_run();
	pthread_join(tests, NULL);
	timer_clear(&beat);
	slots_free(d);
	tidy();
	loop_free();
	return tap_done();
}
