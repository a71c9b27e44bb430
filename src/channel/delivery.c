#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "channel/delivery.h"

/*
 * How long an old FIFO waits for late openers: the time between the look-up
 * of a name and the opening of what was found is as long as a preemption.
 */
#define DELIVERY_LATE_MS 200
#define DELIVERY_LATE 8         /* at most so many wait; see directory.c */

struct delivery_late {
	int dir_fd;
	unsigned first, next;   /* of their numbers */
	struct timer timer;
};

/* The hidden name of old FIFO number n. */
static void
late_name(unsigned n, char out[16])
{
	snprintf(out, 16, ".out.%u", n % DELIVERY_LATE);
}

static void
late_release(const struct delivery_late *late, unsigned n)
{
	char name[16];
	int fd;

	late_name(n, name);
	fd = openat(late->dir_fd, name,
	    O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1)
		close(fd);
}

/* Release whoever came late to the first of them, and remove that. */
static void
late_remove(struct delivery_late *late)
{
	char name[16];

	late_release(late, late->first);
	late_name(late->first++, name);
	unlinkat(late->dir_fd, name, 0);
}

static void
late_free(struct delivery *d)
{
	if (d->late == NULL)
		return;
	while (d->late->first != d->late->next)
		late_remove(d->late);
	timer_clear(&d->late->timer);
	close(d->late->dir_fd);
	free(d->late);
	d->late = NULL;
}

static void
late_over(void *arg)
{
	late_free(arg);
}

/* The name for one more old FIFO; -1 without a descriptor for the directory. */
static int
late_add(struct delivery *d, char name[16])
{
	if (d->late == NULL) {
		d->late = xcalloc(1, sizeof(*d->late));
		d->late->dir_fd = fcntl(d->dir_fd, F_DUPFD_CLOEXEC, 0);
		if (d->late->dir_fd == -1) {
			free(d->late);
			d->late = NULL;
			return -1;
		}
	}
	if (d->late->next - d->late->first == DELIVERY_LATE)
		late_remove(d->late);
	late_name(d->late->next, name);
	return 0;
}

void
delivery_init(struct delivery *d, loop_cb *ready, void *arg)
{
	d->dir_fd = -1;
	d->ready = ready;
	d->arg = arg;
}

/* Hear of readers no more. */
static void
delivery_deafen(struct delivery *d)
{
	if (d->readers != NULL)
		notice_clear(d->readers);
}

/* Stop ending, whatever came of it. */
static void
delivery_leave(struct delivery *d)
{
	delivery_deafen(d);
	free(d->readers);
	d->readers = NULL;
	if (d->dir_fd != -1)
		close(d->dir_fd);
	d->dir_fd = -1;
	free(d->path);
	d->path = NULL;
	d->ending = d->for_good = d->keep = false;
}

void
delivery_clear(struct delivery *d)
{
	delivery_leave(d);
	fifo_close(&d->fifo);
	late_free(d);
}

/* The FIFO that has the name, by its hidden one. */
static int
delivery_fd(const struct delivery *d, int access_mode)
{
	char hidden[16];

	snprintf(hidden, sizeof(hidden), ".%s", d->fifo.name);
	return openat(d->dir_fd, hidden,
	    access_mode | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

/* Our one descriptor of the FIFO, opened anew: O_RDWR, or only O_WRONLY. */
static int
delivery_reopen(struct delivery *d, int access_mode)
{
	int fd = delivery_fd(d, access_mode);

	if (fd == -1)
		return -1;
	close(d->fifo.fd);
	fifo_become(&d->fifo, fd);
	d->write_end = access_mode == O_WRONLY;
	return 0;
}

/* Linux says POLLERR on a write end that nobody reads, others POLLHUP. */
static bool
delivery_has_reader(const struct delivery *d)
{
	struct pollfd p = { .fd = d->fifo.fd, .events = POLLOUT };

	return d->write_end && poll(&p, 1, 0) >= 0 &&
	    !(p.revents & (POLLERR | POLLHUP));
}

static void delivery_look(void *arg);

/* Hold only the write end, and hear of readers. */
static int
delivery_begin(struct delivery *d)
{
	if (d->readers == NULL)
		d->readers = xcalloc(1, sizeof(*d->readers));
	if (delivery_reopen(d, O_WRONLY) == -1 ||
	    notice_add(d->readers, d->path, NOTICE_READERS, delivery_look,
	    d) == -1) {
		log_warn("%s: no end of file can be given: %s", d->path,
		    strerror(errno));
		return -1;
	}
	return 0;
}

/* A fresh FIFO takes the name; whoever reads the old one has its EOF. */
static int
delivery_rotate(struct delivery *d)
{
	char aside[16];
	int old;

	if (late_add(d, aside) == -1 ||
	    fifo_rotate(&d->fifo, d->dir_fd, aside, &old) == -1)
		return -1;
	delivery_deafen(d);
	close(old);
	d->write_end = false;
	late_release(d->late, d->late->next++);
	timer_set(&d->late->timer, DELIVERY_LATE_MS, late_over, d);
	return 0;
}

/*
 * How is it now?  Asked when a stream ends, and whenever a reader has done
 * something until its end is delivered.
 */
static void
delivery_look(void *arg)
{
	struct delivery *d = arg;
	bool read;

	/* A reader may come between a rotation and the watch on it: once more. */
	do {
		if (!d->ending || fifo_waiting(d->fifo.fd) > 0)
			return;
		read = delivery_has_reader(d);
		if (read && delivery_rotate(d) == -1)
			return;
		if (read && d->for_good && delivery_begin(d) == -1)
			return;
	} while (read && d->for_good);
	if (d->for_good)
		return;
	delivery_resume(d);
	d->ready(d->arg);
}

void
delivery_end(struct delivery *d, int dir_fd, const char *path, unsigned how)
{
	d->for_good = how & DELIVERY_FOR_GOOD;
	d->keep = d->keep || (how & DELIVERY_KEEP);
	if (d->ending) {
		close(dir_fd);
	} else {
		d->ending = true;
		d->dir_fd = dir_fd;
		d->path = xstrdup(path);
		if (delivery_begin(d) == -1) {
			delivery_resume(d);
			return;
		}
	}
	delivery_look(d);
}

void
delivery_resume(struct delivery *d)
{
	if (!d->ending)
		return;
	d->for_good = false;
	if (fifo_waiting(d->fifo.fd) > 0 && d->keep)
		return;
	/* Who has just read the last byte has not been looked at yet. */
	if (fifo_waiting(d->fifo.fd) == 0 && delivery_has_reader(d))
		delivery_rotate(d);
	delivery_deafen(d);
	if (d->write_end)
		delivery_reopen(d, O_RDWR);
	delivery_leave(d);
}

bool
delivery_open(const struct delivery *d)
{
	return !d->ending;
}

size_t
delivery_drop(struct delivery *d)
{
	size_t n;
	int fd;

	if (!d->ending)
		return fifo_drop(d->fifo.fd);
	fd = delivery_fd(d, O_RDONLY);
	if (fd == -1)
		return 0;
	n = fifo_drop(fd);
	close(fd);
	delivery_look(d);
	return n;
}
