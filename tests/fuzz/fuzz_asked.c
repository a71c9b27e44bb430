/*
 * What an engine asks its keeper, if it may be in anybody's hands: packets of
 * any bytes, with any descriptors.  Each is answered once, in the form that
 * ask.c reads, or is the engine's end; what it asks for is named wholly and
 * within bounds by the time that it would be done (direct.h), which it is not;
 * and no descriptor stays behind.
 *
 * A packet is a byte of its kind (ODD_KIND: the bytes are all of it), one of
 * its descriptors, one of its length, and bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fake_direct.h"
#include "fuzz.h"
#include "keeper/answer.h"
#include "keeper/held.h"
#include "keeper/request.h"
#include "world.h"

#define ODD_KIND 0xff
#define FDS_MOST 20

/* A home that can be had, what cannot be one, and a directory. */
static int lent[3];
static int ends[2];
static struct message question, answered;

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
begin(void)
{
	static const char home[] = "/\0""22\0KEY=value";
	const int size = 2 * MESSAGE_MAX;
	int i;

	log_init(false, 0);
	lent[0] = memfd_create("home", MFD_CLOEXEC);
	lent[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	lent[2] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(write(lent[0], home, sizeof(home)) == sizeof(home));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, ends) == 0);
	for (i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void
ask(const uint8_t *packet, size_t size)
{
	int i;

	message_begin(&question, packet[0]);
	if (packet[0] == ODD_KIND)
		question.length = 0;
	memcpy(question.data + question.length, packet + 3, size - 3);
	question.length += size - 3;
	for (i = 0; i < packet[1] % (FDS_MOST + 1); i++)
		message_lend(&question, lent[i % 3]);
	must(message_send(&question, ends[0], false) == 0);
}

/* As ask_read() does. */
static void
look_at_answer(void)
{
	uint32_t kind = question.kind;
	uint64_t error;
	const char *text;

	must(message_receive(&answered, ends[0]) == 1 && !answered.bad);
	must(kind == ODD_KIND || answered.kind == kind);
	error = message_number(&answered);
	must(error < 4096 && message_number(&answered) < 256);
	text = message_text(&answered);
	must(!answered.bad && (text != NULL) == (error != 0));
	must(error == 0 || (message_whole(&answered) && answered.nfds == 0));
	message_clear(&answered);
	must(message_receive(&answered, ends[0]) == -1 && errno == EAGAIN);
}

/* false: it is ended. */
static bool
put(struct answers *a, const uint8_t *packet, size_t size)
{
	struct why why = { 0 };
	int rv;

	ask(packet, size);
	rv = answer_next(a, ends[1], &why);
	must(rv != 0);
	if (rv == 1) {
		look_at_answer();
		return true;
	}
	must(why.fault == FAULT_REFUSED && why.text[0] != '\0');
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answers a = { .rundir_fd = -1, .path = "/fifod",
		.on_ready = on_ready };
	unsigned descriptors;
	size_t n;

	if (lent[2] == 0)
		begin();
	descriptors = world_descriptors();
	for (; size >= 3; data += n, size -= n) {
		n = 3 + (size_t)data[2];
		if (n > size)
			n = size;
		if (!put(&a, data, n))
			break;
	}
	while (message_receive(&answered, ends[0]) == 1)
		message_clear(&answered);
	held_drop_all();
	direct_home_orphan();
	direct_home_drop();
	must(world_descriptors() == descriptors);
	return 0;
}
