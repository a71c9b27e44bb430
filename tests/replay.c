/*
 * Replays what stands in tests/vectors: NAME.wire, bytes of one direction, is
 * cut by a framing in pieces of every size, and each time the messages must
 * be those of NAME.expect:
 *
 *	request CHOICE          or `reply CHOICE': `request delim:\n.\n'
 *	before FLAGS code=N     what came before the first message, then before
 *	                        the second and so on; the last one repeats
 *	# a comment
 *	blank N                 bytes that belong to no message
 *	message LENGTH [code=N] [FLAG,FLAG] [body=N]
 *	broken AT WORDS         of the reason
 *	rest LENGTH             of an unfinished message, and what it is if
 *	closed whole|short      the link is closed now
 *
 * usage: replay [directory], by default tests/vectors in $srcdir.
 */
#include <dirent.h>
#include <err.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "framing/framing.h"
#include "unit/tap.h"

#define REPLAY_PIECE	70      /* pieces of each size up to this, and all */
#define REPLAY_BEFORE	32

static const char *const flag_names[] = {
	"idempotent", "safe", "head", "connect", "expects", "waits",
	"multiline", "", "close", "tunnel", "until-close", "bad",
};

#define NFLAGS	(sizeof(flag_names) / sizeof(flag_names[0]))

struct vector {
	char *wire, *expect;
	size_t size;
	const char *results;    /* in expect: the lines that are wanted */
	bool reply;
	struct framing_choice choice;
	struct message before[REPLAY_BEFORE];
	size_t nbefore;
};

/* One way through a vector. */
struct run {
	const struct vector *v;
	FILE *out;
	struct framer f;
	size_t messages, blank;
	bool begun;
};

/* The whole file and a zero byte after it. */
static char *
read_file(const char *path, size_t *size)
{
	struct stat st;
	FILE *file = fopen(path, "r");
	char *text;

	if (file == NULL || fstat(fileno(file), &st) == -1)
		err(1, "%s", path);
	*size = (size_t)st.st_size;
	text = calloc(*size + 1, 1);
	if (text == NULL || fread(text, 1, *size, file) != *size)
		err(1, "%s", path);
	fclose(file);
	return text;
}

static unsigned
parse_flag(const char *word)
{
	size_t i;

	for (i = 0; i < NFLAGS; i++)
		if (*word != '\0' && strcmp(flag_names[i], word) == 0)
			return 1u << i;
	errx(1, "\"%s\" is no flag of a message", word);
}

/* The rest of a line `before': flags and code=N, in any order. */
static void
parse_before(struct vector *v, char *line)
{
	struct message *m = &v->before[v->nbefore++];
	char *word;

	if (v->nbefore == REPLAY_BEFORE)
		errx(1, "more than %d lines `before'", REPLAY_BEFORE - 1);
	m->body = UINT64_MAX;
	while ((word = strsep(&line, " ,")) != NULL) {
		if (strncmp(word, "code=", 5) == 0)
			m->code = atoi(word + 5);
		else if (*word != '\0')
			m->flags |= parse_flag(word);
	}
}

/* The first line. */
static void
parse_choice(struct vector *v, const char *line)
{
	struct why why;

	v->reply = strncmp(line, "reply ", 6) == 0;
	if (!v->reply && strncmp(line, "request ", 8) != 0)
		errx(1, "\"%s\" is neither request nor reply", line);
	if (framing_choose(&v->choice, strchr(line, ' ') + 1, &why) == -1)
		errx(1, "%s", why.text);
}

static void
parse_expect(struct vector *v)
{
	char *line, *rest = v->expect;

	parse_choice(v, strsep(&rest, "\n"));
	while (rest != NULL && (strncmp(rest, "before ", 7) == 0 ||
	    strncmp(rest, "max ", 4) == 0)) {
		line = strsep(&rest, "\n");
		if (*line == 'b')
			parse_before(v, line + 7);
	}
	v->results = rest == NULL ? "" : rest;
}

static void
print_flags(FILE *out, unsigned flags)
{
	const char *between = " ";
	size_t i;

	for (i = 0; i < NFLAGS; i++) {
		if ((flags >> i & 1) == 0)
			continue;
		fprintf(out, "%s%s", between, flag_names[i]);
		between = ",";
	}
}

static void
print_message(FILE *out, const struct framer *f)
{
	fprintf(out, "message %ju", (uintmax_t)f->length);
	if (f->message.code != 0)
		fprintf(out, " code=%d", f->message.code);
	print_flags(out, f->message.flags);
	if (f->message.body != UINT64_MAX)
		fprintf(out, " body=%ju", (uintmax_t)f->message.body);
	fputc('\n', out);
}

static void
print_blank(struct run *r)
{
	if (r->blank > 0)
		fprintf(r->out, "blank %zu\n", r->blank);
	r->blank = 0;
}

static void
begin(struct run *r)
{
	const struct vector *v = r->v;
	size_t i = r->messages < v->nbefore ? r->messages : v->nbefore - 1;

	print_blank(r);
	framer_start(&r->f, &v->choice, v->nbefore == 0 ? NULL :
	    &v->before[i]);
	r->begun = true;
	r->messages++;
}

static void
ended(struct run *r)
{
	if (r->f.phase == FRAMER_END) {
		print_message(r->out, &r->f);
		r->begun = false;
	} else if (r->f.phase == FRAMER_BROKEN)
		fprintf(r->out, "broken %ju %s\n", (uintmax_t)r->f.length,
		    r->f.why);
}

/* What the contract promises of each call. */
static void
check_taken(struct run *r, size_t taken, size_t size)
{
	if (taken > size)
		fprintf(r->out, "took %zu of %zu bytes\n", taken, size);
	if (r->f.phase == FRAMER_MORE && taken != size)
		fprintf(r->out, "wants more, but left bytes\n");
}

/* The next bytes of a message: how many were taken. */
static size_t
step(struct run *r, const uint8_t *data, size_t size)
{
	size_t taken, blank;

	if (!r->begun) {
		blank = framer_blank(&r->v->choice, data, size);
		r->blank += blank;
		if (blank > 0)
			return blank;
		begin(r);
	}
	taken = r->v->reply ? framer_reply(&r->f, data, size) :
	    framer_request(&r->f, data, size);
	check_taken(r, taken, size);
	ended(r);
	return taken;
}

/* The end of the wire. */
static void
finish(struct run *r)
{
	print_blank(r);
	if (!r->begun || r->f.phase != FRAMER_MORE)
		return;
	fprintf(r->out, "rest %ju\nclosed %s\n", (uintmax_t)r->f.length,
	    framer_end(&r->f) ? "whole" : "short");
}

/* What happens in pieces of this size; the caller frees. */
static char *
play(const struct vector *v, size_t piece)
{
	struct run r = { .v = v };
	size_t at, taken, end, size = 0;
	char *text = NULL, *copy;

	r.out = open_memstream(&text, &size);
	if (r.out == NULL)
		err(1, "open_memstream");
	for (at = 0; at < v->size && r.f.phase != FRAMER_BROKEN; at = end) {
		end = at + piece < v->size ? at + piece : v->size;
		/* By itself, so that a sanitizer sees what is beyond it. */
		copy = malloc(end - at);
		if (copy == NULL)
			err(1, NULL);
		memcpy(copy, v->wire + at, end - at);
		for (taken = 0; taken < end - at &&
		    r.f.phase != FRAMER_BROKEN;)
			taken += step(&r, (uint8_t *)copy + taken,
			    end - at - taken);
		free(copy);
	}
	finish(&r);
	framer_clear(&r.f);
	fclose(r.out);
	return text;
}

/* "broken 5 colon" and "broken 5 byte 5: a colon would be right". */
static bool
same_broken(const char *got, const char *want)
{
	size_t number = strlen("broken ");

	if (strncmp(got, "broken ", number) != 0 ||
	    strncmp(want, "broken ", number) != 0)
		return false;
	number += strspn(want + number, "0123456789");
	return strncmp(got, want, number) == 0 && got[number] == ' ' &&
	    (want[number] == '\0' || strstr(got, want + number + 1) != NULL);
}

/* The next line that is no comment, NULL: none. */
static char *
next_line(char **text)
{
	char *line;

	do
		line = strsep(text, "\n");
	while (line != NULL && (*line == '\0' || *line == '#'));
	return line;
}

static bool
same(const char *got, const char *want)
{
	char *g = strdup(got), *w = strdup(want), *gs = g, *ws = w;
	const char *a, *b;
	bool equal;

	if (g == NULL || w == NULL)
		err(1, NULL);
	do {
		a = next_line(&gs);
		b = next_line(&ws);
		equal = a == NULL || b == NULL ? a == b :
		    strcmp(a, b) == 0 || same_broken(a, b);
	} while (equal && a != NULL);
	free(g);
	free(w);
	return equal;
}

/* In pieces of this size; false where the result is not as wanted. */
static bool
replay_piece(const struct vector *v, const char *name, size_t piece)
{
	char *got = play(v, piece);
	bool passed = same(got, v->results);

	if (!passed)
		printf("# %s in pieces of %zu\n# got:\n%s# want:\n%s", name,
		    piece, got, v->results);
	free(got);
	return passed;
}

static void
replay(const char *path, const char *name)
{
	struct vector v = { 0 };
	size_t piece, size;
	char *wire;
	bool passed = true;

	v.expect = read_file(path, &size);
	if (asprintf(&wire, "%.*s.wire", (int)(strlen(path) - 7), path) == -1)
		err(1, NULL);
	v.wire = read_file(wire, &v.size);
	parse_expect(&v);
	for (piece = 1; passed && piece <= REPLAY_PIECE && piece < v.size;
	    piece++)
		passed = replay_piece(&v, name, piece);
	if (passed)
		passed = replay_piece(&v, name, v.size);
	ok(passed, name);
	framing_forget(&v.choice);
	free(v.expect);
	free(v.wire);
	free(wire);
}

static int
shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static bool
is_expect(const char *name)
{
	size_t length = strlen(name);

	return length > 7 && strcmp(name + length - 7, ".expect") == 0;
}

/* All of a directory, and of those in it; `name` is what they are called. */
static void
replay_directory(const char *directory, const char *name)
{
	struct dirent **entries;
	char *path, *called;
	int i, n = scandir(directory, &entries, shown, alphasort);
	struct stat st;

	if (n == -1)
		err(1, "%s", directory);
	for (i = 0; i < n; i++) {
		if (asprintf(&path, "%s/%s", directory,
		    entries[i]->d_name) == -1 || asprintf(&called, "%s%s%s",
		    name, *name == '\0' ? "" : "/", entries[i]->d_name) == -1)
			err(1, NULL);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			replay_directory(path, called);
		else if (is_expect(path))
			replay(path, called);
		free(path);
		free(called);
		free(entries[i]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char *directory;

	if (argc > 2) {
		fprintf(stderr, "usage: replay [directory]\n");
		return 2;
	}
	if (asprintf(&directory, "%s/tests/vectors",
	    srcdir == NULL ? "." : srcdir) == -1)
		err(1, NULL);
	replay_directory(argc == 2 ? argv[1] : directory, "");
	free(directory);
	ok(tap_count > 0, "there are vectors");
	return tap_done();
}
