/*
 * The broker's log: syslog, or standard error in the foreground.  A line that
 * concerns a session starts with its name.  What comes from outside is
 * spelled with vis(3), so that no line can be forged.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/*
 * To standard error, or to syslog as facility daemon; -v lowers the bar.
 * Where standard error is systemd's journal each line begins with its
 * priority, sd-daemon(3).
 */
void log_init(bool foreground, int verbose);

void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Only with -v. */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
