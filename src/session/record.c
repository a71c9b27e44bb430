#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/sync.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "session/exchange.h"
#include "session/listen.h"
#include "session/record.h"
#include "session/relay.h"
#include "session/session.h"
#include "session/status.h"

/* After trouble, and to see whether somebody has renamed it. */
#define RECORD_LOOK_MS 1000
/* So much is formatted at once. */
#define RECORD_PART ((size_t)16384)

struct record {
	struct session *s;
	struct record_options is;       /* the path is our own */
	int fd;                         /* -1: it could not be opened again */
	struct stat st;                 /* of the file, when last looked at */
	uint64_t size;
	int64_t looked_ms;
	struct transcript transcript;
	bool torn;                      /* the last line was not written whole */
	bool grows;                     /* it could not be cut over: said */
	uint64_t done, missed;          /* bytes that passed */
	uint64_t missed_now;            /* in this stretch */
	struct why trouble;
	int64_t rest_ms;                /* it is not tried again before */
	struct sync *sync;              /* NULL: none was needed yet */
	bool syncing;
	/* Marks: the newest, what the sync under way covers, and did. */
	uint64_t newest, asked, synced;
};

/*
 * Marks of all records are one row, so that those of an earlier record of a
 * session are never taken for later ones.
 */
static uint64_t record_mark;

/* --- trouble --- */

/* What passes is not recorded; said once in each stretch. */
static void
record_fail(struct record *r, const char *text)
{
	bool news = r->trouble.fault == FAULT_NONE;

	why_fail(&r->trouble, FAULT_REFUSED, "%s", text);
	r->rest_ms = loop_now_ms() + RECORD_LOOK_MS;
	if (!news)
		return;
	session_log(r->s, true, "%s: what passes is not recorded", text);
	status_changed(r->s);
}

static void
record_fail_errno(struct record *r, int error)
{
	char text[sizeof(r->trouble.text)];

	snprintf(text, sizeof(text), "record: %.150s: %s", r->is.path,
	    strerror(error));
	record_fail(r, text);
}

/* --- the file --- */

static int
record_file(const struct record_options *o, struct why *why)
{
	return keeper_open(o->path, true, "record", why);
}

/*
 * Did whoever wrote to it before leave a line open, as one does who dies?  It
 * is broken before ours, as one of another direction is.
 */
static void
record_take_open(struct record *r)
{
	int fd = r->is.format == TRANSCRIPT_TEXT && r->size > 0 ?
	    keeper_open(r->is.path, false, "record", NULL) : -1;
	char last = '\n';

	if (fd == -1)
		return;
	if (pread(fd, &last, 1, (off_t)r->size - 1) == 1 && last != '\n') {
		r->torn = r->trouble.fault != FAULT_NONE;
		r->transcript.open = r->torn ? 0 : '?';
	}
	close(fd);
}

/* A new file is on disk only when its directory is. */
static void
record_sync_directory(struct record *r)
{
	int fd = r->sync != NULL && r->is.sync ?
	    keeper_directory(r->is.path) : -1;

	if (fd != -1)
		sync_close(r->sync, fd);
}

static void
record_take(struct record *r, int fd)
{
	r->fd = fd;
	r->looked_ms = loop_now_ms();
	if (fd == -1 || fstat(fd, &r->st) == -1)
		memset(&r->st, 0, sizeof(r->st));
	r->size = (uint64_t)r->st.st_size;
	record_take_open(r);
	record_sync_directory(r);
}

/* An open line ends here; a file that the thread may be at is left to it. */
static void
record_let_go(struct record *r)
{
	if (r->fd != -1 && r->transcript.open != 0 && !r->torn &&
	    write(r->fd, "\\\n", 2) != 2)
		r->torn = true;
	r->transcript.open = 0;
	if (r->fd != -1 && r->sync != NULL)
		sync_close(r->sync, r->fd);
	else if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
}

static void
record_reopen(struct record *r)
{
	struct why why = { 0 };

	record_let_go(r);
	record_take(r, record_file(&r->is, &why));
	if (r->fd == -1)
		record_fail(r, why.text);
}

/* Somebody may have renamed or removed it, as logrotate(8) does. */
static void
record_look(struct record *r)
{
	struct stat st;

	r->looked_ms = loop_now_ms();
	if (r->fd == -1 || keeper_stat(r->is.path, &st, "record", NULL) == -1 ||
	    st.st_ino != r->st.st_ino || st.st_dev != r->st.st_dev) {
		record_reopen(r);
		return;
	}
	r->size = (uint64_t)st.st_size;
}

/* Others may have added to it: what counts is how large it is. */
static void
record_cut_over(struct record *r)
{
	struct why why;

	if (keeper_rotate(r->is.path, r->is.keep, "record", &why) == -1) {
		if (!r->grows)
			session_log(r->s, true, "%s; it grows beyond "
			    "record-max", why.text);
		r->grows = true;
		r->size = 0;
		return;
	}
	r->grows = false;
	record_reopen(r);
}

/* --- writing --- */

/* All of it; -1: then what is missing is lost, and r->trouble says why. */
static int
record_write(struct record *r, struct buf *b)
{
	ssize_t n = 0;

	while (buf_length(b) > 0 && (n != -1 || errno == EINTR)) {
		n = write(r->fd, buf_peek(b), buf_length(b));
		if (n > 0) {
			buf_drain(b, (size_t)n);
			r->size += (uint64_t)n;
			r->torn = true;
		}
	}
	if (buf_length(b) > 0) {
		record_fail_errno(r, errno);
		return -1;
	}
	r->torn = false;
	return 0;
}

/* The end of trouble: where it was a line says how much is missing. */
static void
record_resume(struct record *r, const struct timespec *when, struct buf *b)
{
	char text[200];

	if (r->trouble.fault == FAULT_NONE)
		return;
	if (r->torn && r->is.format != TRANSCRIPT_RAW)
		buf_append(b, "\n", 1);
	r->transcript.open = 0;
	snprintf(text, sizeof(text), "%ju bytes were not recorded: %.150s",
	    (uintmax_t)r->missed_now, r->trouble.text);
	transcript_note(&r->transcript, when, text, b);
}

static void
record_resumed(struct record *r)
{
	if (r->trouble.fault == FAULT_NONE)
		return;
	why_clear(&r->trouble);
	session_log(r->s, true, "record: %.150s: goes on; %ju bytes were not "
	    "recorded", r->is.path, (uintmax_t)r->missed_now);
	r->missed_now = 0;
	status_changed(r->s);
}

/* May anything be written now?  Seen to first: is it the right file? */
static bool
record_ready(struct record *r)
{
	int64_t now = loop_now_ms();

	if (r->trouble.fault != FAULT_NONE && now < r->rest_ms)
		return false;
	if (!S_ISREG(r->st.st_mode) && r->fd != -1)
		return true;
	if (r->fd == -1 || now - r->looked_ms >= RECORD_LOOK_MS)
		record_look(r);
	return r->fd != -1;
}

static int
record_put(struct record *r, const struct transcript_piece *p)
{
	struct buf b;
	int done;

	if (!record_ready(r))
		return -1;
	if (r->is.max > 0 && r->size >= r->is.max && S_ISREG(r->st.st_mode))
		record_cut_over(r);
	if (r->fd == -1)
		return -1;
	buf_init(&b, 0);
	record_resume(r, &p->when, &b);
	transcript_append(&r->transcript, p, &b);
	done = record_write(r, &b);
	buf_clear(&b);
	if (done == 0)
		record_resumed(r);
	return done;
}

/* --- on disk --- */

static void
record_sync(struct record *r)
{
	if (r->syncing || r->sync == NULL || r->fd == -1)
		return;
	r->asked = record_mark;
	if (sync_begin(r->sync, r->fd) == -1) {
		record_fail_errno(r, errno);
		r->synced = r->asked;
		return;
	}
	r->syncing = true;
}

static void
record_go_on(struct session *s, void *arg)
{
	(void)arg;
	if (s->pool != NULL)
		wire_go_on(s);
	else
		flow_turn(s);
	relay_go_on(s);
}

/* Whoever was held back, peers that are sessions of their own too. */
static void
record_let_on(struct session *s)
{
	record_go_on(s, NULL);
	listen_each(s, record_go_on, NULL);
}

/* What was held back may go on, be it on disk or not: that was said. */
static void
record_synced(int error, void *arg)
{
	struct record *r = arg;

	r->syncing = false;
	r->synced = r->asked;
	if (error != 0)
		record_fail_errno(r, error);
	if (r->synced < r->newest)
		record_sync(r);
	record_let_on(r->s);
}

/* A part that is formatted and written at once. */
static bool
record_part(struct record *r, const struct transcript_piece *p)
{
	uint64_t after = r->transcript.at[p->way] + p->size;
	bool put = record_put(r, p) == 0;

	r->transcript.at[p->way] = after;
	if (put) {
		r->done += p->size;
		return true;
	}
	r->missed += p->size;
	r->missed_now += p->size;
	return false;
}

uint64_t
record_show(struct record *r, const struct transcript_piece *p)
{
	struct transcript_piece part = *p;
	size_t left = p->size;
	bool any = false;

	if (r->is.direction == (p->way == TRANSCRIPT_IN ? RECORD_OUT :
	    RECORD_IN))
		return 0;
	for (; left > 0; left -= part.size, part.data += part.size) {
		part.size = left < RECORD_PART ? left : RECORD_PART;
		any |= record_part(r, &part);
	}
	if (!any || !r->is.sync)
		return 0;
	r->newest = ++record_mark;
	record_sync(r);
	return r->newest;
}

bool
record_holds(const struct record *r, uint64_t mark)
{
	return r != NULL && mark > r->synced;
}

/* --- beginning, change and end --- */

static bool
record_is(const struct record *r, const struct record_options *o)
{
	if (r == NULL || o->path == NULL)
		return r == NULL && o->path == NULL;
	return strcmp(r->is.path, o->path) == 0 && r->is.format == o->format;
}

static int
record_prepare_sync(struct record *r, const struct record_options *o,
    struct why *why)
{
	if (!o->sync || r->sync != NULL)
		return 0;
	r->sync = sync_new(record_synced, r);
	if (r->sync != NULL)
		return 0;
	return why_fail(why, FAULT_REFUSED, "record-sync: no thread can be "
	    "made: %s", strerror(errno));
}

static struct record *
record_new(struct session *s)
{
	struct record *r = xcalloc(1, sizeof(*r));

	r->s = s;
	r->fd = -1;
	r->synced = record_mark;
	return r;
}

/* From now on this file; what was written to the old one stays there. */
static void
record_begin(struct record *r, const struct record_options *o, int fd)
{
	record_let_go(r);
	free(r->is.path);
	r->is = *o;
	r->is.path = xstrdup(o->path);
	r->transcript = (struct transcript){ .format = o->format };
	r->torn = false;
	why_clear(&r->trouble);
	r->missed_now = 0;
	record_take(r, fd);
}

int
record_become(struct session *s, const struct record_options *o,
    struct why *why)
{
	struct record *r = s->record;
	char *path;
	int fd = -1;

	/* A peer's bytes are in the record of the session it has called. */
	if (s->place->parent != NULL)
		return 0;
	if (o->path == NULL) {
		record_free(r);
		s->record = NULL;
		if (r != NULL)
			record_let_on(s);
		return 0;
	}
	if (!record_is(r, o) && (fd = record_file(o, why)) == -1)
		return -1;
	if (r == NULL)
		r = record_new(s);
	if (record_prepare_sync(r, o, why) == -1) {
		if (fd != -1)
			close(fd);
		if (s->record == NULL)
			record_free(r);
		return -1;
	}
	s->record = r;
	if (fd != -1) {
		record_begin(r, o, fd);
	} else {
		path = r->is.path;
		r->is = *o;
		r->is.path = path;
	}
	return 0;
}

void
record_inherit(struct session *s, const struct record_options *o,
    const char *trouble)
{
	struct record *r = record_new(s);
	struct why why;

	r->is = *o;
	r->is.path = xstrdup(o->path);
	r->transcript.format = o->format;
	s->record = r;
	/* Without its thread nothing would ever be known to be on disk. */
	if (record_prepare_sync(r, o, &why) == -1)
		r->is.sync = false;
	record_fail(r, trouble);
}

void
record_free(struct record *r)
{
	if (r == NULL)
		return;
	record_let_go(r);
	sync_free(r->sync);
	free(r->is.path);
	free(r);
}

/* --- for `status' --- */

uint64_t
record_done(const struct record *r)
{
	return r == NULL ? 0 : r->done;
}

uint64_t
record_missed(const struct record *r)
{
	return r == NULL ? 0 : r->missed;
}

const char *
record_trouble(const struct record *r)
{
	return r == NULL ? "" : r->trouble.text;
}
