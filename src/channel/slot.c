/*
 * One FIFO of the slots, and who has it open, as far as events tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/slots_internal.h"

static const char *const slot_names[SLOTS] = {
	".out.0", ".out.1", ".out.2", ".out.3",
};

bool
slot_old(const struct slot *s)
{
	return s->made && s->fifo.fd == -1;
}

bool
slot_occupied(const struct slot *s)
{
	return s->readers > 0 || s->crowded;
}

void
slot_forget_readers(struct slot *s)
{
	s->readers = 0;
	s->crowded = s->fresh = s->touched = false;
}

static void
slot_opened(struct slot *s)
{
	if (s->readers++ > 0)
		s->crowded = true;
	s->fresh = true;
}

/* What is waited for may have come; and it may not be us who has asked. */
static void
slot_news(struct slot *s)
{
	struct slots *d = s->slots;

	if (s != d->current)
		return;
	d->patient = false;
	if (!d->again.set)
		return;
	timer_clear(&d->again);
	slots_look_soon(d);
}

/* An opening that was merged with another is found out here at the latest. */
static void
slot_read(struct slot *s)
{
	if (!s->touched)
		slot_news(s);
	if (s->readers == 0)
		s->readers = 1;
	s->fresh = false;
	s->touched = true;
}

static void
slot_left(struct slot *s)
{
	if (s->readers > 0)
		s->readers--;
	slot_news(s);
}

static void
slot_happened(void *arg, enum notice_event event)
{
	struct slot *s = arg;

	if (s->ours && event == NOTICE_OPENED)
		return;
	switch (event) {
	case NOTICE_OPENED:
		slot_opened(s);
		break;
	case NOTICE_READ:
		slot_read(s);
		break;
	case NOTICE_LEFT:
		slot_left(s);
		break;
	case NOTICE_LOST:
		s->crowded = true;
		break;
	}
}

static int
slot_watch_at(struct slot *s, const char *directory, bool wake)
{
	struct slots *d = s->slots;
	char *path = xasprintf("%s/%s", directory, s->fifo.name);
	int came, error;

	came = wake ?
	    notice_add(&d->bell, path, NOTICE_READERS, slots_look, d) :
	    notice_follow(&s->events, path, slot_happened, s);
	error = errno;
	free(path);
	errno = error;
	return came;
}

/*
 * By the descriptor of its directory, which has another name until it appears;
 * by its path if there is no /proc.
 */
int
slot_watch(struct slot *s, bool wake)
{
	char by_fd[32];

	snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", s->slots->dir_fd);
	if (slot_watch_at(s, by_fd, wake) == 0)
		return 0;
	return errno == ENOENT ? slot_watch_at(s, s->slots->path, wake) : -1;
}

int
slot_make(struct slot *s, struct slots *d)
{
	s->slots = d;
	s->fifo.narrow = true;
	if (fifo_hold(&s->fifo, d->dir_fd, slot_names[s - d->slot], d->mode,
	    d->gid) == -1)
		return -1;
	s->made = true;
	slot_forget_readers(s);
	if (d->told && slot_watch(s, false) == -1)
		d->told = false;
	return 0;
}

void
slot_inherit(struct slot *s, struct slots *d, int fd)
{
	const char *name = slot_names[s - d->slot];
	struct stat st;

	s->slots = d;
	s->fifo.name = name;
	s->fifo.narrow = true;
	if (fd != -1)
		s->made = fifo_inherit(&s->fifo, d->dir_fd, name, fd);
	if (s->made && (fstatat(d->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) ==
	    -1 || st.st_ino != s->fifo.inode)) {
		fifo_close(&s->fifo);
		s->made = false;
	}
	if (!s->made && fstatat(d->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) ==
	    0 && S_ISFIFO(st.st_mode)) {
		s->made = true;
		s->fifo.inode = st.st_ino;
	}
	if (!s->made)
		return;
	slot_forget_readers(s);
	/* Who came before the events were followed, nobody knows. */
	s->crowded = s->fifo.fd != -1;
	s->touched = true;
	if (d->told && slot_watch(s, false) == -1)
		d->told = false;
}

void
slot_remove(struct slot *s)
{
	if (!s->made)
		return;
	notice_clear(&s->events);
	unlinkat(s->slots->dir_fd, s->fifo.name, 0);
	if (s->slots->next == s)
		s->slots->next = NULL;
	fifo_close(&s->fifo);
	s->made = false;
}

bool
slot_reopen(struct slot *s)
{
	struct slots *d = s->slots;
	int end = fifo_write_end(&s->fifo, d->dir_fd);
	bool late = false, held = false;

	if (end != -1) {
		notice_sync();
		late = d->told && !slot_occupied(s) && !d->closed &&
		    !slot_occupied(d->current);
	}
	if (late || (end == -1 && errno == ENXIO))
		held = fifo_hold_again(&s->fifo, d->dir_fd) == 0;
	if (end != -1)
		close(end);
	s->ours = end != -1 || held;
	if (held) {
		slot_forget_readers(s);
		s->readers = s->fresh = d->late_comer = late;
	}
	return held;
}

void
slot_free(struct slot *s)
{
	int end;

	if (!s->made)
		return;
	notice_clear(&s->events);
	fifo_close(&s->fifo);
	end = fifo_write_end(&s->fifo, s->slots->dir_fd);
	if (end != -1)
		close(end);
}
