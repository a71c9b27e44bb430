/*
 * How a session is: the facts of `status`, the file of that name, and the
 * log.
 */
#ifndef SESSION_STATUS_H
#define SESSION_STATUS_H

#include "base/metric.h"
#include "session/session.h"

#define STATUS_FACT 512         /* the longest fact, a certificate's reason */

/* --- status_rows.c --- */

/* One fact: its key, its value as plain text (STATUS_FACT), what it is. */
struct status_row {
	const char *key;
	void (*fact)(struct session *s, char *out);
	const char *text;
	bool lines;             /* several values: each is told by itself */
	struct metric metric;   /* that it is, too */
};
extern const struct status_row status_rows[];
extern const size_t status_nrows;
/* A fact of its link, the first that is up of several; else out stays. */
void status_link(struct session *s, enum link_fact fact, char *out,
    size_t size);
/* Connections that are up, and further channels. */
uint64_t status_links(const struct session *s);
uint64_t status_channels(const struct session *s);

/* --- measures.c --- */

/* What is a metric and no fact. */
extern const struct status_row status_metrics[];
extern const size_t status_nmetrics;

/* --- status.c --- */

/*
 * Something that `status` shows has changed: the file is replaced and the
 * owner told at the end of the turn, once for all changes.
 */
void status_changed(struct session *s);
/*
 * Replace it now, before clients can act on what it tells.  Where that cannot
 * be it is tried again, a second later.
 */
void status_flush(struct session *s);
/* RFC 3339, in UTC, with milliseconds, into out (25 bytes).  Returns out. */
char *status_time(const struct timespec *when, char *out, size_t size);
/* The first one, in the directory that is made.  0, or -1 and errno. */
int status_begin(struct session *s, int dir_fd);

/* --- log.c --- */

/* The log with its first line, in the directory that is made. */
void session_log_begin(struct session *s, int dir_fd);

#endif
