#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/words.h"

static bool log_foreground = true, log_journal;
static int log_verbose;

/* Is standard error systemd's journal?  $JOURNAL_STREAM, systemd.exec(5). */
static bool
log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char name[48];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(name, stream) == 0;
}

void
log_init(bool foreground, int verbose)
{
	log_foreground = foreground;
	log_journal = foreground && log_is_journal();
	log_verbose = verbose;
	if (!foreground)
		openlog("fifod", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

static void
log_line(int priority, const char *fmt, va_list ap)
{
	char line[1024], safe[2048];

	vsnprintf(line, sizeof(line), fmt, ap);
	words_vis(line, safe, sizeof(safe));
	if (log_journal)
		fprintf(stderr, "<%d>%s\n", priority, safe);
	else if (log_foreground)
		fprintf(stderr, "fifod: %s\n", safe);
	else
		syslog(priority, "%s", safe);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (log_verbose == 0)
		return;
	va_start(ap, fmt);
	log_line(LOG_DEBUG, fmt, ap);
	va_end(ap);
}
