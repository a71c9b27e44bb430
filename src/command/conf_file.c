#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/words.h"
#include "base/xalloc.h"
#include "command/conf_file.h"
#include "keeper/keeper.h"

#define FILE_MAX ((size_t)4 * 1024 * 1024)
#define FILE_READ 65536
#define FILE_USER "user="

static int
conf_open_compare(const struct conf_open *a, const struct conf_open *b)
{
	return strcmp(a->plan.name, b->plan.name);
}

RB_PROTOTYPE(conf_names, conf_open, name, conf_open_compare)
RB_GENERATE(conf_names, conf_open, name, conf_open_compare)

void
conf_opens_remove(struct conf_opens *opens, struct conf_open *o)
{
	TAILQ_REMOVE(&opens->list, o, entry);
	RB_REMOVE(conf_names, &opens->names, o);
	plan_clear(&o->plan);
	free(o);
}

void
conf_opens_clear(struct conf_opens *opens)
{
	struct conf_open *o;

	while ((o = TAILQ_FIRST(&opens->list)) != NULL)
		conf_opens_remove(opens, o);
}

struct conf_open *
conf_opens_find(struct conf_opens *opens, const char *name)
{
	struct conf_open find = { .plan.name = (char *)(uintptr_t)name };

	return RB_FIND(conf_names, &opens->names, &find);
}

/* Say a sentence about the line, or the file. */
void
conf_file_say(const struct conf_file *f, int line, const char *fmt, ...)
{
	char text[512], number[16] = "", *full;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line > 0)
		snprintf(number, sizeof(number), ":%d", line);
	full = xasprintf("%s%s: %s", f->path, number, text);
	if (f->say != NULL)
		f->say(full, f->arg);
	else
		log_warn("%s", full);
	free(full);
}

/*
 * Does this line go on on the next: does it end in a backslash that is
 * neither within '…' nor quoted by another one nor in a comment?
 */
static bool
file_continues(const char *line)
{
	bool start = true;      /* of a word */
	char quote = '\0';

	for (; *line != '\0'; line++) {
		if (*line == '#' && start && quote == '\0')
			return false;
		start = false;
		if (*line == '\\' && quote != '\'') {
			if (*++line == '\0')
				return true;
		} else if (*line == quote) {
			quote = '\0';
		} else if (quote == '\0' && strchr("'\"", *line) != NULL) {
			quote = *line;
		} else {
			start = quote == '\0' && strchr(" \t", *line) != NULL;
		}
	}
	return false;
}

static void
file_default(struct conf_file *f, int argc, char **argv)
{
	struct why why;
	int i;

	if (argc == 1)
		conf_file_say(f, f->line, "default: KEY=VALUE is missing");
	f->wrong |= argc == 1;
	for (i = 1; i < argc; i++) {
		if (option_assign(option_groups, &f->defaults, argv[i], NULL,
		    &why) == -1) {
			conf_file_say(f, f->line, "default: %s", why.text);
			f->wrong = true;
		}
	}
}

static void
file_limit(struct conf_file *f, int argc, char **argv)
{
	struct why why;
	int i;

	if (argc == 1)
		conf_file_say(f, f->line, "limit: KEY=VALUE is missing");
	f->wrong |= argc == 1;
	for (i = 1; i < argc; i++) {
		if (limits_assign(&f->limits, argv[i], &why) == 0)
			continue;
		conf_file_say(f, f->line, "limit: %s", why.text);
		f->wrong = true;
	}
}

/* Waiting is for those who call; here nobody does. */
static int
file_allowed(const struct command_args *args, struct why *why)
{
	size_t i;
	int code;

	if (args->help)
		return why_fail(why, FAULT_USAGE,
		    "--help has no meaning in a file");
	for (i = 0; i < args->ngiven; i++) {
		code = args->given[i].option->code;
		if (code != PLAN_DIRECTORY && code != PLAN_OPTION)
			return why_fail(why, FAULT_USAGE,
			    "--%s has no meaning in a file",
			    args->given[i].option->name);
	}
	return 0;
}

static int
file_session(struct conf_file *f, struct plan *plan,
    const struct command_args *args, struct why *why)
{
	struct conf_open *same;
	char who[COMMAND_WHO];

	if (plan_parse(plan, args, &f->defaults, NULL, why) == -1 ||
	    plan_check(plan, why) == -1)
		return why_prefix(why, "%s",
		    command_who(args->operands[0], who));
	same = conf_opens_find(&f->opens, plan->name);
	if (same != NULL)
		return why_fail(why, FAULT_USAGE, "%s is opened on line %d "
		    "already", plan->name, same->line);
	return 0;
}

static int
file_plan(struct conf_file *f, struct plan *plan, int argc,
    char **argv, struct why *why)
{
	const struct command *command = command_find(argv[0], NULL);
	struct command_args args = { 0 };
	int rv = -1;

	if (command == NULL || !(command->flags & COMMAND_IN_FILE))
		return why_fail(why, FAULT_USAGE, "\"%.40s\" is not a command "
		    "for a file: there are open, default, limit and user=",
		    argv[0]);
	if (command_parse(&args, argc, argv, why) == -1)
		return -1;
	if (file_allowed(&args, why) == 0)
		rv = file_session(f, plan, &args, why);
	command_args_clear(&args);
	return rv;
}

static void
file_open(struct conf_file *f, int argc, char **argv)
{
	struct conf_open *o = xcalloc(1, sizeof(*o));
	struct why why = { 0 };

	if (file_plan(f, &o->plan, argc, argv, &why) == 0) {
		o->line = f->line;
		TAILQ_INSERT_TAIL(&f->opens.list, o, entry);
		RB_INSERT(conf_names, &f->opens.names, o);
		return;
	}
	conf_file_say(f, f->line, "%s", why.text);
	f->wrong = true;
	plan_clear(&o->plan);
	free(o);
}

/* Who the broker is: it was that before it read anything else. */
static void
file_user(struct conf_file *f, int argc, const char *name)
{
	const char *flaw = NULL;
	uid_t uid;

	if (argc > 1 || *name == '\0')
		flaw = "the name of one user follows";
	else if (f->user != NULL)
		flaw = "is said already";
	else if (keeper_user(name, &uid) == -1)
		flaw = "there is no such user";
	if (flaw == NULL) {
		f->user = xstrdup(name);
		return;
	}
	conf_file_say(f, f->line, FILE_USER "%.60s: %s", name, flaw);
	f->wrong = true;
}

static void
file_words(struct conf_file *f, int argc, char **argv)
{
	if (strncmp(argv[0], FILE_USER, strlen(FILE_USER)) == 0)
		file_user(f, argc, argv[0] + strlen(FILE_USER));
	else if (f->user_alone)
		return;
	else if (strcmp(argv[0], "default") == 0)
		file_default(f, argc, argv);
	else if (strcmp(argv[0], "limit") == 0)
		file_limit(f, argc, argv);
	else
		file_open(f, argc, argv);
}

static void
file_line(struct conf_file *f, const char *line)
{
	struct why why;
	char **argv;
	int argc = words_split(line, &argv, &why);

	if (argc == -1) {
		conf_file_say(f, f->line, "%s", why.text);
		f->wrong = true;
		return;
	}
	if (argc > 0)
		file_words(f, argc, argv);
	words_free(argv);
}

/* Line by line; those that go on are joined in place. */
static void
file_text(struct conf_file *f, char *text)
{
	char *line = text, *rest = text, *end = text;
	int number = 0;
	size_t n;

	while (*rest != '\0') {
		n = strcspn(rest, "\n");
		number++;
		if (end == line)
			f->line = number;
		memmove(end, rest, n);
		end += n;
		rest += n + (rest[n] == '\n');
		*end = '\0';
		if (*rest != '\0' && file_continues(line)) {
			end--;
			continue;
		}
		file_line(f, line);
		line = end = rest;
	}
}

/* keeper_open() names the file first, and so does conf_file_say(). */
static void
file_shorten(const char *path, struct why *why)
{
	struct why whole = *why;
	const char *reason = strstr(whole.text, path);

	if (reason == NULL)
		return;
	reason += strlen(path);
	why_fail(why, whole.fault, "%s", reason + strspn(reason, ": "));
}

/* The file's bytes as a string, which the caller frees; or NULL + why. */
static char *
file_slurp(const char *path, struct why *why)
{
	int fd = keeper_open(path, false, "configuration file", why);
	struct buf b;
	uint8_t *p = NULL;
	ssize_t n = -1;
	char *text = NULL;

	if (fd == -1) {
		file_shorten(path, why);
		return NULL;
	}
	buf_init(&b, FILE_MAX + FILE_READ + 1);
	while (buf_length(&b) <= FILE_MAX &&
	    (p = buf_reserve(&b, FILE_READ)) != NULL &&
	    (n = read(fd, p, FILE_READ)) > 0)
		buf_commit(&b, (size_t)n);
	if (buf_length(&b) > FILE_MAX)
		why_fail(why, FAULT_REFUSED, "it is longer than %zu bytes",
		    FILE_MAX);
	else if (p == NULL || n == -1)
		why_fail(why, FAULT_REFUSED, "%s", strerror(errno));
	else if (buf_append(&b, "", 1) == 0 &&
	    strlen((const char *)buf_peek(&b)) + 1 == buf_length(&b))
		text = xstrdup((const char *)buf_peek(&b));
	else
		why_fail(why, FAULT_USAGE, "not a text: it has a NUL byte");
	buf_clear(&b);
	close(fd);
	return text;
}

int
conf_file_read(struct conf_file *f)
{
	struct why why;
	char *text = file_slurp(f->path, &why);

	TAILQ_INIT(&f->opens.list);
	RB_INIT(&f->opens.names);
	limits_init(&f->limits);
	if (text == NULL) {
		conf_file_say(f, 0, "%s", why.text);
		return -1;
	}
	option_init(option_groups, &f->defaults);
	file_text(f, text);
	option_clear(option_groups, &f->defaults);
	free(text);
	if (!f->wrong)
		return 0;
	conf_opens_clear(&f->opens);
	free(f->user);
	f->user = NULL;
	return -1;
}
