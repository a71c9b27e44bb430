/*
 * What the child that looks a name up answers, if anything may have become of
 * it: there are addresses, no more than there may be and none longer than its
 * place, or a sentence.
 */
#include <limits.h>
#include <unistd.h>

#include "base/loop.h"
#include "fuzz.h"
#include "keeper/keeper.h"

int __wrap_pipe2(int fds[2], int flags);
pid_t __wrap_fork(void);
int __real_pipe2(int fds[2], int flags);

static const uint8_t *said;
static size_t said_size;
static unsigned answers;

/* The child has said all, and is no process. */
int
__wrap_pipe2(int fds[2], int flags)
{
	must(__real_pipe2(fds, flags) == 0);
	must(write(fds[1], said, said_size) == (ssize_t)said_size);
	return 0;
}

pid_t
__wrap_fork(void)
{
	return INT_MAX;
}

static void
answered(const struct keeper_addresses *addresses, const struct why *why,
    void *arg)
{
	static volatile uint8_t touched;
	const uint8_t *p;
	size_t i, j;

	must(arg == &answers);
	answers++;
	loop_stop();
	if (addresses == NULL) {
		must(why->fault == FAULT_RESOLVE && why->text[0] != '\0');
		must(memchr(why->text, '\0', sizeof(why->text)) != NULL);
		return;
	}
	must(addresses->n > 0 && addresses->n <= KEEPER_ADDRESSES);
	for (i = 0; i < addresses->n; i++) {
		p = (const uint8_t *)&addresses->at[i].address;
		must(addresses->at[i].length <=
		    sizeof(addresses->at[i].address));
		for (j = 0; j < sizeof(addresses->at[i].address); j++)
			touched = p[j];
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct keeper_look_up what = { "name.example", "80",
		0, NULL };
	struct keeper_resolve *r;
	struct why why = { 0 };

	if (size > 16384)
		return 0;
	said = data;
	said_size = size;
	answers = 0;
	loop_init();
	r = keeper_resolve(&what, answered, &answers, &why);
	must(r != NULL);
	loop_run();
	must(answers == 1);
	loop_free();
	return 0;
}
