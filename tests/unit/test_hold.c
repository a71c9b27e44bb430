#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "keeper/anchor.h"
#include "keeper/direct.h"
#include "keeper/failed.h"
#include "keeper/held.h"
#include "keeper/lookup.h"
#include "keeper/message.h"
#include "tap.h"

static struct message out, in;

static int
null_fd(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* --- messages --- */

static void
test_message(int fds[2])
{
	int lent = null_fd(), given = null_fd(), fd;
	const void *bytes;
	size_t n;

	message_begin(&out, 7);
	message_put_number(&out, 1234567890123);
	message_put_text(&out, "words");
	message_put_text(&out, NULL);
	message_put_text(&out, "");
	message_put_bytes(&out, "a\0b", 3);
	message_lend(&out, lent);
	message_give(&out, given);
	is_int(message_send(&out, fds[0], true), 0, "a message is sent");
	ok(is_open(lent), "what was lent stays open");
	ok(!is_open(given), "what was given is closed");

	is_int(message_receive(&in, fds[1]), 1, "and comes");
	is_int(in.kind, 7, "with its kind");
	is_int(message_number(&in), 1234567890123, "a number");
	is(message_text(&in), "words", "a text");
	ok(message_text(&in) == NULL && !in.bad, "no text");
	is(message_text(&in), "", "an empty one");
	bytes = message_bytes(&in, &n);
	ok(n == 3 && memcmp(bytes, "a\0b", 3) == 0, "bytes");
	ok(message_whole(&in), "and nothing more");
	fd = message_fd(&in);
	ok(is_open(fd) && close(fd) == 0, "the first descriptor");
	fd = in.fds[1];
	message_clear(&in);
	ok(!is_open(fd), "one that nobody takes is closed");
	is_int(message_fd(&in), -1, "there is no third");
	ok(in.bad, "which makes it bad");
	close(lent);
}

/* Lengths are the other side's: none is believed. */
static void
test_message_bad(int fds[2])
{
	static const uint64_t lengths[] = { 1, 9, MESSAGE_MAX + 1,
		UINT64_MAX - 1, UINT64_MAX - 8, (uint64_t)1 << 63 };
	size_t i, n;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		message_begin(&out, 1);
		message_put_number(&out, lengths[i]);
		message_send(&out, fds[0], true);
		message_receive(&in, fds[1]);
		ok(message_bytes(&in, &n) == NULL && n == 0 && in.bad,
		    "a length over what is there is bad");
	}
	message_begin(&out, 1);
	message_put_bytes(&out, "abc", 3);
	message_send(&out, fds[0], true);
	message_receive(&in, fds[1]);
	ok(message_text(&in) == NULL && in.bad, "a text ends in a NUL");
	message_begin(&out, 1);
	message_put_bytes(&out, "a\0b", 4);
	message_send(&out, fds[0], true);
	message_receive(&in, fds[1]);
	ok(message_text(&in) == NULL && in.bad, "and has no other");
	send(fds[0], "abc", 3, 0);
	is_int(message_receive(&in, fds[1]), 1, "a packet of three bytes");
	ok(in.bad, "has no kind");
}

/* So many bytes, and a descriptor with them: how many bytes went. */
static ssize_t
send_with(int to, char *bytes, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec v = { bytes, n };
	struct msghdr header = { .msg_iov = &v, .msg_iovlen = n > 0,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(to, &header, 0);
}

/* No bytes, but a descriptor: neither the end nor a leak. */
static void
test_message_empty(int fds[2])
{
	int fd = null_fd(), before = dup(fd), after;

	close(before);
	is_int(send_with(fds[0], NULL, 0, fd), 0, "an empty packet goes");
	is_int(message_receive(&in, fds[1]), 1, "and is not the end");
	ok(in.bad, "but has no kind");
	message_clear(&in);
	after = dup(fd);
	is_int(after, before, "what came with it is closed");
	close(after);
	close(fd);
}

static void
test_message_long(int fds[2])
{
	static char lots[MESSAGE_MAX];
	int fd = null_fd(), given = -1, i;

	message_begin(&out, 1);
	message_put_bytes(&out, lots, sizeof(lots) - 64);
	is_int(message_send(&out, fds[0], true), 0, "a long one goes");
	is_int(message_receive(&in, fds[1]), 1, "and comes");
	is_int(in.length, sizeof(lots) - 64 + 16, "as it was");
	message_begin(&out, 1);
	message_put_bytes(&out, lots, sizeof(lots));
	given = null_fd();
	message_give(&out, given);
	is_int(message_send(&out, fds[0], true), -1, "one too long does not");
	is_int(errno, EMSGSIZE, "for that reason");
	ok(!is_open(given), "and what it was given is closed");

	message_begin(&out, 1);
	for (i = 0; i < MESSAGE_FDS; i++)
		message_lend(&out, fd);
	is_int(message_send(&out, fds[0], true), 0, "200 descriptors go");
	message_receive(&in, fds[1]);
	is_int(in.nfds, MESSAGE_FDS, "and come");
	message_clear(&in);
	message_lend(&out, fd);
	close(fd);
	close(fds[0]);
	is_int(message_receive(&in, fds[1]), 0, "then the end");
}

/* --- what is held --- */

static int
put(const char *key, const char *bytes, int nfds)
{
	int fds[2] = { -1, -1 }, i;
	const struct keeper_held what = { key, bytes, strlen(bytes), fds,
		(size_t)nfds };

	for (i = 0; i < nfds; i++)
		fds[i] = null_fd();
	held_put(&what);
	return fds[0];
}

static const char *
keys(void)
{
	static char all[512];
	struct keeper_held what = { 0 };

	all[0] = '\0';
	while (held_next(what.key, &what)) {
		strlcat(all, what.key, sizeof(all));
		strlcat(all, " ", sizeof(all));
	}
	return all;
}

static void
test_held(void)
{
	struct keeper_held what;
	int fd, again;

	is(keys(), "", "nothing is held at first");
	put("b", "B", 1);
	put("a-b", "", 0);
	put("a", "A", 2);
	put("a.b", "", 1);
	fd = put("a@", "0", 1);
	is(keys(), "a a-b a.b a@ b ", "keys have their order");
	ok(held_next("a", &what) && strcmp(what.key, "a-b") == 0,
	    "one after the other");
	ok(held_next("aa", &what) && strcmp(what.key, "b") == 0,
	    "also after what is not there");
	ok(held_next(NULL, &what) && what.n == 1 && what.nfds == 2 &&
	    memcmp(what.bytes, "A", 1) == 0, "bytes and descriptors are kept");
	again = put("a@", "longer than before", 1);
	ok(!is_open(fd) && is_open(again), "the same key again replaces");
	is_int(held_count(), 5, "and is no other");
	held_drop("a@");
	is(keys(), "a a-b a.b b ", "one goes, and no more");
	ok(!is_open(again), "descriptors, too");
	held_drop("nothing");
	held_drop_all();
	is(keys(), "", "all goes");
	ok(!held_key_is_sound("") && !held_key_is_sound("a/b") &&
	    !held_key_is_sound("a\nMAINPID=1") &&
	    held_key_is_sound(".a-1@b"), "keys are names");
}

/* --- homes of a keeper before this one, as its file has them --- */

static size_t homes_bytes;

static void
home_count(uint64_t number, const char *bytes, size_t n)
{
	(void)number;
	(void)bytes;
	homes_bytes += n;
}

static void
test_homes(void)
{
	static const char good[] = "/\0" "022\0A=1";
	static char long_one[4 * 1024 * 1024];
	const struct direct_program lost = { .command = "exit 1", .home = 11,
		.fd = STDIN_FILENO };
	struct direct_child child;
	struct why why = { 0 };

	direct_home_put(7, good, sizeof(good));
	direct_home_put(8, good, sizeof(good) - 1);
	direct_home_put(9, good, 0);
	direct_home_put(10, long_one, sizeof(long_one));
	direct_home_each(home_count);
	is_int((long)homes_bytes, sizeof(good), "what is no home is not taken "
	    "for one");
	is(home_directory(home_find(7)), "/", "one is there again");
	direct_home_put(7, "/tmp", 5);
	is(home_directory(home_find(7)), "/tmp", "the last of a number counts");
	ok(direct_home_again(7) && !direct_home_again(8), "it can be asked for");
	direct_home_put(11, good, sizeof(good));
	direct_home_drop();
	ok(home_find(7) != NULL && home_find(11) == NULL,
	    "which nobody asks for is dropped");
	ok(direct_program(&lost, &child, &why) == -1 && strstr(why.text,
	    "are lost") != NULL, "no program runs elsewhere instead");
	direct_home_end(7);
}

/* --- the status files, while no engine lives --- */

/* A disk that is full, as far as a limit can be one. */
static void
test_failed_full(int rundir_fd, int dir_fd)
{
	const struct rlimit none = { 16, RLIM_INFINITY };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char now[8] = "";
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	failed_tell(rundir_fd, "it is dead");
	setrlimit(RLIMIT_FSIZE, &all);
	fd = openat(dir_fd, "status", O_RDONLY | O_CLOEXEC);
	(void)!read(fd, now, sizeof(now) - 1);
	close(fd);
	is(now, "name=s\n", "what cannot be written leaves the old one");
	is_int(faccessat(dir_fd, FAILED_FRESH, F_OK, 0), -1, "and nothing new");
}

static void
test_failed(void)
{
	static const char after[] = "name=s\nstate=failed\n"
	    "error=it is dead\nlinks=1\nerror-status=1\nerror-since=20";
	static const char before[] = "name=s\nstate=up\nerror=\n"
	    "links=1\nerror-status=0\nerror-since=\n";
	char dir[] = "/tmp/test_hold.XXXXXX", now[512] = "";
	int rundir_fd, dir_fd, fd;
	struct stat st;

	if (mkdtemp(dir) == NULL)
		return;
	rundir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(rundir_fd, "s", 0700);
	dir_fd = openat(rundir_fd, "s", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir_fd, "status", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	(void)!write(fd, before, sizeof(before) - 1);
	close(fd);
	put("s", "", 0);
	put("gone", "", 0);
	put(".own", "", 0);
	test_failed_full(rundir_fd, dir_fd);
	failed_tell(rundir_fd, "it is dead");
	fd = openat(dir_fd, "status", O_RDONLY | O_CLOEXEC);
	(void)!read(fd, now, sizeof(now) - 1);
	ok(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0640,
	    "the status file keeps its mode");
	close(fd);
	ok(strncmp(now, after, sizeof(after) - 1) == 0,
	    "says failed, and what else it said, in its order");
	is_int(unlinkat(dir_fd, "status", 0), 0, "and nothing else");
	close(dir_fd);
	is_int(unlinkat(rundir_fd, "s", AT_REMOVEDIR), 0, "is left there");
	close(rundir_fd);
	rmdir(dir);
	held_drop_all();
}

/* --- what a former engine left in place of its anchor --- */

static void
test_anchor(void)
{
	static const char full[256];
	const int numbers[] = { 0, 1 };
	int fds[2], came[2] = { 0, 0 };

	if (anchor_sockets(fds) == -1)
		return;
	while (send(fds[0], full, sizeof(full), MSG_DONTWAIT) != -1)
		;
	alarm(20);
	anchor_fetch(fds[0], numbers, came, 2);
	ok(came[0] == -1 && came[1] == -1, "one that is full has nothing");
	close(fds[1]);
	anchor_end(fds[0]);
	alarm(0);
	close(fds[0]);
}

static void
on_alarm(int signo)
{
	(void)signo;
}

/* It takes its time, and signals come meanwhile. */
static void
test_anchor_slow(void)
{
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	const struct itimerval never = { 0 };
	const struct timespec rest = { 0, 200000000 };
	const int numbers[] = { 0, 1 };
	int fds[2], came[2] = { -1, -1 }, asked[2];
	char there[2] = { 1, 0 };
	pid_t pid;

	if (anchor_sockets(fds) == -1)
		return;
	pid = fork();
	if (pid == 0) {
		(void)!recv(fds[1], asked, sizeof(asked), 0);
		nanosleep(&rest, NULL);
		send_with(fds[1], there, sizeof(there), fds[1]);
		_exit(0);
	}
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	anchor_fetch(fds[0], numbers, came, 2);
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	ok(came[0] != -1 && came[1] == -1, "a slow one is waited for, whatever "
	    "signals come");
	close(came[0]);
	close(fds[0]);
	close(fds[1]);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

/* --- what a look-up's child says --- */

static void
test_lookup(void)
{
	struct lookup *good = calloc(1, LOOKUP_SIZE(2)), *l;
	size_t size = LOOKUP_SIZE(2);

	good->addresses.n = 2;
	good->addresses.at[0].length = good->addresses.at[1].length = 16;
	l = lookup_parse(good, size);
	is_int(l->addresses.n, 2, "two addresses");
	free(l);
	l = lookup_parse(good, size - 1);
	is_int(l->addresses.n, 0, "not whole: none");
	is_int(l->why.fault, FAULT_RESOLVE, "and why");
	free(l);
	l = lookup_parse(good, 3);
	is_int(l->addresses.n, 0, "hardly anything: none");
	free(l);
	good->addresses.at[1].length = sizeof(struct sockaddr_storage) + 1;
	l = lookup_parse(good, size);
	is_int(l->addresses.n, 0, "an address longer than any: none");
	free(l);
	good->addresses.n = (size_t)-1;
	l = lookup_parse(good, size);
	is_int(l->addresses.n, 0, "more than there can be: none");
	free(l);
	free(good);
}

int
main(void)
{
	int fds[2], size = 2 * MESSAGE_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return 1;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	test_message(fds);
	test_message_bad(fds);
	test_message_empty(fds);
	test_message_long(fds);
	test_held();
	test_homes();
	test_failed();
	test_anchor();
	test_anchor_slow();
	test_lookup();
	return tap_done();
}
