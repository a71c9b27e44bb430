/*
 * A configuration file of any bytes: it is taken or something is said, every
 * session of it can be opened by what was taken, and lines that say nothing
 * make no difference.  Files that it names hold what stands in it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "command/conf_file.h"
#include "fuzz.h"
#include "keeper/keeper.h"

#define CONF "/conf"

int __wrap_keeper_open(const char *path, bool append, const char *what,
    struct why *why);

static const uint8_t *file;
static size_t file_size;

/* Nothing of the system is opened: any path is this text. */
int
__wrap_keeper_open(const char *path, bool append, const char *what,
    struct why *why)
{
	int fd;

	must(path[0] == '/' && what[0] != '\0');
	if (strstr(path, "no") != NULL)
		return why_fail(why, FAULT_REFUSED, "%s: %s: no", what, path);
	fd = memfd_create("conf", MFD_CLOEXEC);
	must(fd != -1);
	if (!append)
		must(write(fd, file, file_size) == (ssize_t)file_size);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void
say(const char *line, void *arg)
{
	must(strncmp(line, CONF, strlen(CONF)) == 0);
	must(strchr(line, ':') != NULL);
	++*(size_t *)arg;
}

/* What is opened, into out: a line each. */
static int
read_conf(struct buf *out)
{
	size_t said = 0;
	struct conf_file f = { .path = CONF, .say = say, .arg = &said };
	struct conf_open *o;
	struct why why = { 0 };
	char *line;
	int rv = conf_file_read(&f), last = 0;

	must(rv == 0 ? said == 0 : said > 0 && TAILQ_EMPTY(&f.opens.list));
	TAILQ_FOREACH(o, &f.opens.list, entry) {
		must(session_name_check(o->plan.name, &why) == 0);
		must(conf_opens_find(&f.opens, o->plan.name) == o);
		must(o->line > last);
		last = o->line;
		line = xasprintf("%s %s %s\n", o->plan.name,
		    o->plan.url.text, o->plan.options.session.framing);
		must(buf_append(out, line, strlen(line)) == 0);
		free(line);
	}
	conf_opens_clear(&f.opens);
	free(f.user);
	return rv;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf plain = { 0 }, more = { 0 }, text = { 0 };
	int rv;

	if (size > 4096)
		return 0;
	file = data;
	file_size = size;
	rv = read_conf(&plain);
	must(buf_append(&text, "# 'this\n\n \t\n", 12) == 0);
	must(buf_append(&text, data, size) == 0);
	file = buf_peek(&text);
	file_size = buf_length(&text);
	must(read_conf(&more) == rv);
	must(buf_length(&plain) == buf_length(&more));
	must(buf_length(&plain) == 0 || memcmp(buf_peek(&plain),
	    buf_peek(&more), buf_length(&plain)) == 0);
	buf_clear(&plain);
	buf_clear(&more);
	buf_clear(&text);
	return 0;
}
