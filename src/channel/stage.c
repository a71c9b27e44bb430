#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "channel/fifo.h"
#include "channel/stage.h"

static int stage[2] = { -1, -1 };

void
stage_begin(void)
{
	if (!fifo_can_splice() || pipe2(stage, O_NONBLOCK | O_CLOEXEC) == -1)
		return;
	ledger_stage(stage[0]);
}

void
stage_end(void)
{
	if (stage[0] == -1)
		return;
	ledger_stage(-1);
	close(stage[0]);
	close(stage[1]);
	stage[0] = stage[1] = -1;
}

ssize_t
stage_write(struct ledger_row *row, int fd, const struct iovec *v, int n)
{
	ssize_t staged = stage[1] == -1 ? -1 : writev(stage[1], v, n);
	ssize_t sent;
	int error;

	if (staged == -1)
		return writev(fd, v, n);
	ledger_staged(row, (uint64_t)staged);
	sent = fifo_splice(stage[0], fd, (size_t)staged);
	error = errno;
	ledger_sent(row, sent > 0 ? (uint64_t)sent : 0);
	if (sent < staged)
		fifo_drop(stage[0]);
	errno = error;
	return sent;
}
