/* What a broken engine may try with its keeper. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper/answer.h"
#include "keeper/keeper.h"
#include "keeper/request.h"
#include "tap.h"

/* How a question ends. */
enum { ENDED = -1, REFUSED = -2, DONE = 0 };

static struct answers answers;
static struct message asked, answer;
static int pair[2];

static void
on_ready(void *arg)
{
	(void)arg;
}

/* A fresh keeper; greeted, unless that is what is tried. */
static void
begin(bool greeted)
{
	answers = (struct answers){ .rundir_fd = open("/", O_PATH),
		.on_ready = on_ready };
	if (greeted)
		answers.asked = 1UL << REQUEST_HELLO;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == -1)
		exit(1);
}

static void
end(void)
{
	close(answers.rundir_fd);
	close(pair[0]);
	close(pair[1]);
}

static struct message *
question(uint32_t kind)
{
	message_begin(&asked, kind);
	return &asked;
}

/* Put it: how it ends. */
static int
ask(void)
{
	struct why why;
	int error;

	if (message_send(&asked, pair[0], false) == -1)
		return ENDED;
	if (answer_next(&answers, pair[1], &why) != 1)
		return ENDED;
	if (message_receive(&answer, pair[0]) != 1)
		return ENDED;
	error = (int)message_number(&answer);
	message_clear(&answer);
	return error == 0 ? DONE : REFUSED;
}

static void
expect(int how, const char *name)
{
	is_int(ask(), how, name);
	end();
}

static void
test_times(void)
{
	begin(false);
	question(REQUEST_READY);
	expect(ENDED, "nothing is answered before the greeting");

	begin(false);
	message_put_number(question(REQUEST_HELLO), REQUEST_PROTOCOL);
	is_int(ask(), DONE, "the greeting is answered");
	message_put_number(question(REQUEST_HELLO), REQUEST_PROTOCOL);
	expect(ENDED, "and once");

	begin(true);
	question(REQUEST_READY);
	is_int(ask(), DONE, "an engine is ready");
	message_put_text(question(REQUEST_TAKE), NULL);
	expect(ENDED, "what the last one left is not given later");
}

static void
test_forms(void)
{
	begin(true);
	question(NREQUESTS);
	expect(ENDED, "a question that there is not ends the engine");

	begin(true);
	question(REQUEST_OPEN);
	expect(ENDED, "so does one that is too short");

	begin(true);
	message_put_text(question(REQUEST_GROUP), "root");
	message_put_number(&asked, 1);
	expect(ENDED, "and one that is too long");

	begin(true);
	message_put_text(question(REQUEST_GROUP), "root");
	message_lend(&asked, 0);
	expect(ENDED, "and one with a descriptor that it has not");

	begin(true);
	message_put_bytes(question(REQUEST_GROUP), "ro\0ot", 6);
	expect(ENDED, "and a text with an end in the middle");

	begin(true);
	message_put_number(question(REQUEST_GROUP), (uint64_t)1 << 40);
	expect(ENDED, "and a text that is longer than the message");
}

static void
try_mkdir(const char *name, uint64_t mode, int how, const char *says)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	begin(true);
	question(REQUEST_MKDIR);
	message_lend(&asked, fd);
	message_put_text(&asked, name);
	message_put_number(&asked, mode);
	message_put_number(&asked, (uint64_t)-1);
	expect(how, says);
	close(fd);
}

static void
test_directories(void)
{
	try_mkdir("../answer-test", 0700, ENDED, "a directory elsewhere");
	try_mkdir("..", 0700, ENDED, "the directory above");
	try_mkdir("/answer-test", 0700, ENDED, "a directory by its path");
	try_mkdir("", 0700, ENDED, "a directory without a name");
	try_mkdir("answer-test", 04777, ENDED, "one with a set-user-ID bit");
	mkdir("answer-test", 0700);
	try_mkdir("answer-test", 0700, REFUSED, "one that is there already");
	is_int(rmdir("answer-test"), 0, "which stays");
}

static void
try_socket(uint64_t family, uint64_t type, int how, const char *says)
{
	begin(true);
	question(REQUEST_SOCKET);
	message_put_number(&asked, family);
	message_put_number(&asked, type);
	message_put_text(&asked, NULL);
	message_put_text(&asked, NULL);
	message_put_text(&asked, NULL);
	expect(how, says);
}

static void
test_sockets(void)
{
	try_socket(AF_INET, SOCK_STREAM, DONE, "a socket of a link");
	try_socket(AF_INET, SOCK_RAW, ENDED, "a raw socket");
	try_socket(17 /* AF_PACKET */, SOCK_RAW, ENDED, "one of packets");
	try_socket(16 /* AF_NETLINK */, SOCK_DGRAM, ENDED, "one of netlink");
	try_socket(AF_UNSPEC, SOCK_STREAM, ENDED, "one of no family");
}

/* Of the socket that it stands for. */
static void
try_share(const char *path, const char *says)
{
	struct keeper_address at = { .length = sizeof(struct sockaddr_un) };
	struct sockaddr_un *un = (struct sockaddr_un *)&at.address;

	un->sun_family = AF_UNIX;
	strlcpy(un->sun_path, path, sizeof(un->sun_path));
	begin(true);
	message_put_bytes(question(REQUEST_LISTEN_SHARE), &at, sizeof(at));
	message_put_number(&asked, 0666);
	message_put_number(&asked, (uint64_t)-1);
	expect(DONE, says);
}

static int
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static void
test_share(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX,
		.sun_path = "answer-socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	umask(077);
	close(open("answer-file", O_WRONLY | O_CREAT, 0600));
	(void)!symlink("answer-file", "answer-link");
	try_share("answer-link", "what took a socket's name");
	is_int(mode_of("answer-file"), 0600, "is not given away by it");
	unlink("answer-link");
	unlink("answer-file");
	(void)!bind(fd, (struct sockaddr *)&un, sizeof(un));
	try_share("answer-socket", "the socket itself");
	is_int(mode_of("answer-socket"), 0666, "is");
	unlink("answer-socket");
	close(fd);
}

static void
test_names(void)
{
	begin(true);
	message_put_text(question(REQUEST_GROUP), "root");
	is_int(ask(), DONE, "a group's name");
	is_int(message_number(&answer), FAULT_NONE, "without a fault");
	message_text(&answer);
	is_int(message_number(&answer), 0, "has a number");
	end();

	begin(true);
	message_put_text(question(REQUEST_GROUP), "no-such-group");
	expect(REFUSED, "another has none");

	begin(true);
	message_put_text(question(REQUEST_SERVICE), "https");
	message_put_text(&asked, "tcp");
	expect(DONE, "so has a service");
}

static void
test_files(void)
{
	begin(true);
	message_put_text(question(REQUEST_OPEN), "/");
	message_put_number(&asked, 0);
	message_put_text(&asked, "ca");
	expect(REFUSED, "a directory is no file that an option names");

	begin(true);
	message_put_text(question(REQUEST_TERMINAL_OPEN), "/dev/null");
	expect(REFUSED, "what is no terminal is not opened as one");

	mkfifo("answer-fifo", 0600);
	begin(true);
	message_put_number(question(REQUEST_SOCKET), AF_INET);
	message_put_number(&asked, SOCK_STREAM);
	message_put_text(&asked, "./answer-fifo");
	message_put_text(&asked, NULL);
	message_put_text(&asked, NULL);
	alarm(10);
	expect(REFUSED, "a FIFO is no network namespace, nor waited for");
	alarm(0);
	unlink("answer-fifo");

	begin(true);
	message_put_text(question(REQUEST_PROGRAM), "true");
	message_put_number(&asked, 7777);
	message_put_text(&asked, NULL);
	message_put_number(&asked, 0);
	message_put_number(&asked, 0);
	message_lend(&asked, 0);
	expect(REFUSED, "a home that is gone is no question of an enemy's");

	begin(true);
	message_put_number(question(REQUEST_CHILD_END), 1);
	expect(DONE, "a child that is not ours is not ended");
}

int
main(void)
{
	test_times();
	test_forms();
	test_directories();
	test_sockets();
	test_share();
	test_names();
	test_files();
	return tap_done();
}
