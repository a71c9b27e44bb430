#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper/hearing.h"

/* More lines than this in one second are counted, not told. */
#define HEARING_LINES 100
/* The most pieces that are read for the rest. */
#define HEARING_PIECES 64

static void
hearing_tell(struct hearing *h, const char *line)
{
	if (h->said != NULL)
		h->said(line, h->arg);
}

static void
hearing_say_left_out(struct hearing *h)
{
	char text[48];

	if (h->left_out == 0)
		return;
	snprintf(text, sizeof(text), "(%zu lines left out)", h->left_out);
	h->left_out = 0;
	hearing_tell(h, text);
}

static bool
hearing_may_tell(struct hearing *h)
{
	if (loop_now_ms() - h->second_ms >= 1000) {
		h->second_ms = loop_now_ms();
		h->lines = 0;
		hearing_say_left_out(h);
	}
	if (h->lines++ < HEARING_LINES)
		return true;
	h->left_out++;
	return false;
}

static void
hearing_line(struct hearing *h)
{
	h->line[h->length] = '\0';
	h->length = 0;
	if (h->line[0] != '\0' && hearing_may_tell(h))
		hearing_tell(h, h->line);
}

/* Once: some of what there is; false: nothing now, or (*over) never again. */
static bool
hearing_listen(struct hearing *h, bool *over)
{
	char data[4096];
	ssize_t n, i;

	n = h->fd == -1 ? 0 : read(h->fd, data, sizeof(data));
	*over = n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR);
	for (i = 0; i < n; i++) {
		if (data[i] == '\n' || h->length == HEARING_LINE - 1)
			hearing_line(h);
		if (data[i] != '\n' && data[i] != '\r' && data[i] != '\0')
			h->line[h->length++] = data[i];
	}
	return n > 0;
}

static void
hearing_ready(void *arg)
{
	struct hearing *h = arg;
	bool over;

	hearing_listen(h, &over);
	if (over)
		hearing_end(h);
}

void
hearing_begin(struct hearing *h, int fd)
{
	h->fd = fd;
	watch_init(&h->readable, fd, LOOP_READ, hearing_ready, h);
	watch_want(&h->readable, true);
}

void
hearing_rest(struct hearing *h)
{
	int pieces = 0;
	bool over;

	while (pieces++ < HEARING_PIECES && hearing_listen(h, &over))
		;
	if (h->length > 0)
		hearing_line(h);
	hearing_say_left_out(h);
}

void
hearing_end(struct hearing *h)
{
	watch_clear(&h->readable);
	if (h->fd != -1)
		close(h->fd);
	h->fd = -1;
}
