#include "session/relay_pipe.h"
#include "tap.h"

/* LIMITS in fifod-session(7): so many in all. */
#define MOST 128

int
main(void)
{
	struct relay_pipe *pipes[MOST];
	size_t i, n = 0;

	for (i = 0; i < MOST; i++) {
		pipes[i] = relay_pipe_take();
		n += pipes[i] != NULL;
	}
	is_int(n, MOST, "there are so many pipes");
	ok(relay_pipe_take() == NULL, "... and no more");
	pipes[0]->n = 1;
	relay_pipe_give(pipes[0]);
	pipes[0] = relay_pipe_take();
	ok(pipes[0] != NULL && pipes[0]->n == 0,
	    "one that is given back makes room for another, which is empty");
	for (i = 0; i < MOST; i++)
		relay_pipe_give(pipes[i]);
	relay_pipe_close_all();
	return tap_done();
}
