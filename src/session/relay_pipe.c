#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "session/relay_pipe.h"

/* In use and free together: the rest of the relays copies. */
#define RELAY_PIPES 128
/* As large as one turn moves; where it may not be, as it comes. */
#define RELAY_PIPE_SIZE (256 * 1024)
/* Free ones that are kept. */
#define RELAY_PIPES_FREE 8

static struct relay_pipe *relay_pipe_free;
static size_t relay_pipe_nfree, relay_pipe_count;

static void
relay_pipe_close(struct relay_pipe *p)
{
	close(p->fds[0]);
	close(p->fds[1]);
	free(p);
	relay_pipe_count--;
}

struct relay_pipe *
relay_pipe_take(void)
{
	struct relay_pipe *p = relay_pipe_free;

	if (p != NULL) {
		relay_pipe_free = p->next;
		relay_pipe_nfree--;
		return p;
	}
	if (relay_pipe_count >= RELAY_PIPES)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	if (pipe2(p->fds, O_CLOEXEC | O_NONBLOCK) == -1) {
		free(p);
		return NULL;
	}
	fcntl(p->fds[1], F_SETPIPE_SZ, RELAY_PIPE_SIZE);
	relay_pipe_count++;
	return p;
}

void
relay_pipe_give(struct relay_pipe *p)
{
	if (p == NULL)
		return;
	if (p->n > 0 || relay_pipe_nfree >= RELAY_PIPES_FREE) {
		relay_pipe_close(p);
		return;
	}
	p->next = relay_pipe_free;
	relay_pipe_free = p;
	relay_pipe_nfree++;
}

void
relay_pipe_close_all(void)
{
	struct relay_pipe *p;

	while ((p = relay_pipe_free) != NULL) {
		relay_pipe_free = p->next;
		relay_pipe_nfree--;
		relay_pipe_close(p);
	}
}
