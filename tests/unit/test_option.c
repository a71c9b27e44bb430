#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/option.h"
#include "tap.h"

enum colour { RED, GREEN, BLUE };

struct paint {
	enum colour colour;
	char *letter;
	size_t size;
	char *label;
	char *file;
};

struct numbers {
	bool yes;
	int count;
	int any;
	size_t bytes;
	size_t most;
	int ms;
	int range[2];
	int two;
	mode_t mode;
	mode_t mask;
};

struct all {
	char before;
	struct numbers n;
	char between;
	struct paint p;
	char after;
};

static int
check_label(const char *value, struct why *why)
{
	return value[0] == 'L' ? 0 :
	    why_fail(why, FAULT_REFUSED, "\"%s\" has no L", value);
}

/* Sees nothing but what is a number already. */
static int
check_odd(const char *value, struct why *why)
{
	if (value[strspn(value, "0123456789")] != '\0')
		return why_fail(why, FAULT_REFUSED, "checked too early");
	return strtol(value, NULL, 10) % 2 == 1 ? 0 :
	    why_fail(why, FAULT_REFUSED, "%s is even", value);
}

#define N(field)	offsetof(struct numbers, field)
#define P(field)	offsetof(struct paint, field)

static const struct option_row number_rows[] = {
	{ "verify", OPTION_BOOL, N(yes), 0, 0, NULL, "yes", false, "", NULL },
	{ "count", OPTION_INT, N(count), -3, 64, NULL, "1", false, "", NULL },
	{ "any", OPTION_INT, N(any), INT_MIN, INT_MAX, NULL, NULL, false, "",
	    NULL },
	{ "bytes", OPTION_SIZE, N(bytes), 512, 1 << 20, NULL, "64K", true, "",
	    NULL },
	{ "most", OPTION_SIZE, N(most), 0, INT64_MAX, NULL, "0", true, "",
	    NULL },
	{ "timeout-connect", OPTION_TIME, N(ms), 100, 3600000, NULL, "15",
	    true, "", NULL },
	{ "backoff", OPTION_RANGE, N(range), 100, 3600000, NULL, "0.1..30",
	    false, "", NULL },
	{ "connect", OPTION_CHOICE, N(two), 0, 0, "now|on-demand", "now",
	    false, "", NULL },
	{ "mode", OPTION_MODE, N(mode), 0600, 0666, NULL, "0600", false, "",
	    NULL },
	{ "umask", OPTION_MODE, N(mask), 0, 0777, NULL, "0022", false, "",
	    NULL },
};

static const struct option_row paint_rows[] = {
	{ "colour", OPTION_CHOICE, P(colour), 0, 0, "red|green|blue", "green",
	    false, "", NULL },
	{ "letter", OPTION_STRING, P(letter), 0, 0, NULL, "L", false, "",
	    check_label },
	{ "size", OPTION_SIZE, P(size), 0, 10, NULL, "3", false, "",
	    check_odd },
	{ "label", OPTION_STRING, P(label), 0, 0, NULL, "", false, "",
	    check_label },
	{ "ca", OPTION_PATH, P(file), 0, 0, NULL, NULL, false, "", NULL },
};

#define COUNT(rows)	(sizeof(rows) / sizeof(rows[0]))

static const struct option_group groups[] = {
	{ "numbers", number_rows, COUNT(number_rows), offsetof(struct all, n) },
	{ "paint", paint_rows, COUNT(paint_rows), offsetof(struct all, p) },
	{ NULL, NULL, 0, 0 },
};

static char *
text_of(const struct all *all, const char *key, char *out, size_t size)
{
	const struct option_group *group;
	const struct option_row *row;

	row = option_find(groups, key, &group, NULL);
	return row == NULL ? NULL : option_text(group, row, all, out, size);
}

static void
test_init(void)
{
	struct all a = { .before = 1, .between = 2, .after = 3 };

	option_init(groups, &a);
	ok(a.n.yes, "a default of yes");
	is_int(a.n.count, 1, "a default number");
	is_int(a.n.any, 0, "no default is 0");
	is_int(a.n.bytes, 65536, "a default size");
	is_int(a.n.ms, 15000, "a default time is milliseconds");
	is_int(a.n.range[0], 100, "a default range begins");
	is_int(a.n.range[1], 30000, "and ends");
	is_int(a.n.two, 0, "a default choice is its index");
	is_int(a.n.mode, 0600, "a default mode");
	is_int(a.p.colour, GREEN, "a choice may be an enum");
	ok(a.p.label == NULL, "an empty string is NULL, and not checked");
	ok(a.p.file == NULL, "no default is NULL");
	ok(a.before == 1 && a.between == 2 && a.after == 3,
	    "what stands between the groups is left alone");
	option_clear(groups, &a);
	is_int(a.n.ms, 0, "clear zeroes");
}

/* How option_init() of this one row ends. */
static int
init_status(const struct option_row *row)
{
	const struct option_group bad[] = {
		{ "bad", row, 1, 0 }, { NULL, NULL, 0, 0 },
	};
	union { int64_t n; char *s; } base = { 0 };
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		option_init(bad, &base);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_bad_default(void)
{
	const struct option_row low = { .name = "low", .type = OPTION_INT,
		.min = 5, .max = 9, .value = "4" };
	const struct option_row relative = { .name = "relative",
		.type = OPTION_PATH, .value = "x" };
	const struct option_row checked = { .name = "checked",
		.type = OPTION_STRING, .value = "x", .check = check_label };
	const struct option_row good = { .name = "good",
		.type = OPTION_STRING, .value = "Lx", .check = check_label };

	is_int(init_status(&low), 1, "a default out of range is a bug");
	is_int(init_status(&relative), 1, "so is a relative path");
	is_int(init_status(&checked), 1, "and one its check does not like");
	is_int(init_status(&good), 0, "a good one is not");
}

/*
 * Values that are taken.  `stored`, where not NULL, is how they come back out
 * if not as they went in; what comes out must go in again.
 */
static const struct {
	const char *key, *value, *stored;
} good[] = {
	{ "verify", "yes", NULL }, { "verify", "no", NULL },
	{ "count", "-3", NULL }, { "count", "0", NULL },
	{ "count", "64", NULL }, { "count", "007", "7" },
	{ "count", "-0", "0" },
	{ "count", "0000000000000000000000000000007", "7" },
	{ "any", "2147483647", NULL }, { "any", "-2147483648", NULL },
	{ "bytes", "512", NULL }, { "bytes", "1000", NULL },
	{ "bytes", "1K", NULL }, { "bytes", "1024", "1K" },
	{ "bytes", "64k", "64K" }, { "bytes", "65536", "64K" },
	{ "bytes", "1M", NULL }, { "bytes", "1025", NULL },
	{ "bytes", "1024K", "1M" },
	{ "most", "0", NULL }, { "most", "0K", "0" },
	{ "most", "2G", NULL }, { "most", "3T", NULL },
	{ "most", "1024T", NULL }, { "most", "1536M", NULL },
	{ "most", "8388607T", NULL },
	{ "most", "9223372036854775807", NULL },
	{ "timeout-connect", "0.1", NULL }, { "timeout-connect", "3600", NULL },
	{ "timeout-connect", "15", NULL }, { "timeout-connect", "1.5", NULL },
	{ "timeout-connect", "1.05", NULL },
	{ "timeout-connect", "1.005", NULL },
	{ "timeout-connect", "1.50", "1.5" },
	{ "timeout-connect", "1.000", "1" },
	{ "timeout-connect", "10", NULL },
	{ "timeout-connect", "3600.0", "3600" },
	{ "backoff", "0.1..30", NULL }, { "backoff", "1..1", NULL },
	{ "backoff", "0.1..3600", NULL }, { "backoff", "1.50..02", "1.5..2" },
	{ "connect", "now", NULL }, { "connect", "on-demand", NULL },
	{ "colour", "red", NULL }, { "colour", "green", NULL },
	{ "colour", "blue", NULL },
	{ "mode", "0600", NULL }, { "mode", "600", "0600" },
	{ "mode", "0666", NULL }, { "mode", "00640", "0640" },
	{ "umask", "0", "0000" }, { "umask", "0777", NULL },
	{ "label", "L", NULL }, { "label", "", NULL },
	{ "label", "L = 'quoted' \"and\" \\", NULL },
	{ "label", "L\n\001\377", NULL },
	{ "ca", "/etc/x.pem", NULL }, { "ca", "", NULL },
	{ "ca", "x.pem", "/home/u/x.pem" }, { "ca", "./x", "/home/u/./x" },
	{ "ca", "a=b", "/home/u/a=b" },
};

static void
test_good(void)
{
	struct all a = { 0 };
	struct why why = { FAULT_NONE, "" };
	char name[100], out[100];
	const char *want;
	size_t i;

	option_init(groups, &a);
	for (i = 0; i < COUNT(good); i++) {
		want = good[i].stored ? good[i].stored : good[i].value;
		snprintf(name, sizeof(name), "good %zu: %s", i, good[i].key);
		if (!is_int(option_set(groups, &a, good[i].key, good[i].value,
		    "/home/u", &why), 0, name))
			printf("# %s\n", why.text);
		is(text_of(&a, good[i].key, out, sizeof(out)), want,
		    "comes out again");
		is_int(option_set(groups, &a, good[i].key, out, NULL, &why), 0,
		    "and can go in again");
		is(text_of(&a, good[i].key, out, sizeof(out)), want,
		    "as the same");
	}
	is_int(a.n.any, INT_MIN, "the least int");
	is_int(a.n.most, INT64_MAX, "the greatest size");
	is_int(a.n.mode, 0640, "a mode is octal");
	is_int(a.n.range[0], 1500, "the lower end of a range");
	is_int(a.n.range[1], 2000, "and the upper");
	option_clear(groups, &a);
	ok(a.p.file == NULL && a.p.label == NULL, "clear forgets the strings");
}

#define A100	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A59	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Values that are not, and what is said. */
static const struct {
	const char *key, *value, *why;
} bad[] = {
	{ "verify", "maybe", "verify: \"maybe\" is neither yes nor no" },
	{ "verify", "", "verify: \"\" is neither yes nor no" },
	{ "verify", "YES", "verify: \"YES\" is neither yes nor no" },
	{ "verify", "yes ", "verify: \"yes \" is neither yes nor no" },
	{ "verify", "ye", "verify: \"ye\" is neither yes nor no" },
	{ "verify", "yes|no", "verify: \"yes|no\" is neither yes nor no" },
	{ "verify", "\033[2J", "verify: \"\\^[[2J\" is neither yes nor no" },
	{ "verify", A100, "verify: \"" A59 "\" is neither yes nor no" },
	{ "connect", "never",
	    "connect: \"never\" is neither now nor on-demand" },
	{ "colour", "pink",
	    "colour: \"pink\" is none of red, green, blue" },
	{ "colour", "", "colour: \"\" is none of red, green, blue" },
	{ "count", "65",
	    "count: \"65\" is not a whole number from -3 to 64" },
	{ "count", "-4",
	    "count: \"-4\" is not a whole number from -3 to 64" },
	{ "count", "", "count: \"\" is not a whole number from -3 to 64" },
	{ "count", "-", "count: \"-\" is not a whole number from -3 to 64" },
	{ "count", "--1",
	    "count: \"--1\" is not a whole number from -3 to 64" },
	{ "count", "+1", "count: \"+1\" is not a whole number from -3 to 64" },
	{ "count", " 1", "count: \" 1\" is not a whole number from -3 to 64" },
	{ "count", "1 ", "count: \"1 \" is not a whole number from -3 to 64" },
	{ "count", "1.0",
	    "count: \"1.0\" is not a whole number from -3 to 64" },
	{ "count", "0x1",
	    "count: \"0x1\" is not a whole number from -3 to 64" },
	/* 2^64 + 1 and 2^32 + 1: 1 to whoever does not look */
	{ "count", "18446744073709551617", "count: \"18446744073709551617\" "
	    "is not a whole number from -3 to 64" },
	{ "count", "00000000000000000000000000000007", "count: "
	    "\"00000000000000000000000000000007\" is not a whole number from "
	    "-3 to 64" },
	{ "count", "4294967297", "count: \"4294967297\" "
	    "is not a whole number from -3 to 64" },
	{ "any", "2147483648", "any: \"2147483648\" is not a whole number "
	    "from -2147483648 to 2147483647" },
	{ "any", "-9223372036854775809", "any: \"-9223372036854775809\" is "
	    "not a whole number from -2147483648 to 2147483647" },
	{ "bytes", "511", "bytes: \"511\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "1025K", "bytes: \"1025K\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "1KB", "bytes: \"1KB\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "K", "bytes: \"K\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "1.5K", "bytes: \"1.5K\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "-1", "bytes: \"-1\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "1X", "bytes: \"1X\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	{ "bytes", "", "bytes: \"\" is not a size in bytes "
	    "(512, 64K, 1M) from 512 to 1M" },
	/* 2^54 K = 2^64: 0 to whoever does not look */
	{ "most", "18014398509481984K", "most: \"18014398509481984K\" is not "
	    "a size in bytes (512, 64K, 1M) from 0 to 9223372036854775807" },
	{ "most", "8388608T", "most: \"8388608T\" is not "
	    "a size in bytes (512, 64K, 1M) from 0 to 9223372036854775807" },
	{ "most", "9223372036854775808", "most: \"9223372036854775808\" is "
	    "not a size in bytes (512, 64K, 1M) from 0 to "
	    "9223372036854775807" },
	{ "timeout-connect", "abc", "timeout-connect: \"abc\" is not a number "
	    "of seconds from 0.1 to 3600" },
	{ "timeout-connect", "", "timeout-connect: \"\" is not a number "
	    "of seconds from 0.1 to 3600" },
	{ "timeout-connect", "0.099", "timeout-connect: \"0.099\" is not a "
	    "number of seconds from 0.1 to 3600" },
	{ "timeout-connect", "3600.001", "timeout-connect: \"3600.001\" is "
	    "not a number of seconds from 0.1 to 3600" },
	{ "timeout-connect", ".5", "timeout-connect: \".5\" is not a number "
	    "of seconds from 0.1 to 3600" },
	{ "timeout-connect", "5.", "timeout-connect: \"5.\" is not a number "
	    "of seconds from 0.1 to 3600" },
	{ "timeout-connect", "1.0001", "timeout-connect: \"1.0001\" is not a "
	    "number of seconds from 0.1 to 3600" },
	{ "timeout-connect", "1.2.3", "timeout-connect: \"1.2.3\" is not a "
	    "number of seconds from 0.1 to 3600" },
	{ "timeout-connect", "1s", "timeout-connect: \"1s\" is not a number "
	    "of seconds from 0.1 to 3600" },
	{ "timeout-connect", "1e3", "timeout-connect: \"1e3\" is not a number "
	    "of seconds from 0.1 to 3600" },
	{ "timeout-connect", "-1", "timeout-connect: \"-1\" is not a number "
	    "of seconds from 0.1 to 3600" },
	/* in milliseconds 2^64 + 384 */
	{ "timeout-connect", "18446744073709552", "timeout-connect: "
	    "\"18446744073709552\" is not a number of seconds from 0.1 to "
	    "3600" },
	{ "backoff", "5", "backoff: \"5\" is not a range LOW..HIGH of seconds "
	    "from 0.1 to 3600" },
	{ "backoff", "0..5", "backoff: \"0..5\" is not a range LOW..HIGH of "
	    "seconds from 0.1 to 3600" },
	{ "backoff", "1..3601", "backoff: \"1..3601\" is not a range LOW..HIGH "
	    "of seconds from 0.1 to 3600" },
	{ "backoff", "..5", "backoff: \"..5\" is not a range LOW..HIGH of "
	    "seconds from 0.1 to 3600" },
	{ "backoff", "5..", "backoff: \"5..\" is not a range LOW..HIGH of "
	    "seconds from 0.1 to 3600" },
	{ "backoff", "1...5", "backoff: \"1...5\" is not a range LOW..HIGH of "
	    "seconds from 0.1 to 3600" },
	{ "backoff", "1..2..3", "backoff: \"1..2..3\" is not a range LOW..HIGH "
	    "of seconds from 0.1 to 3600" },
	{ "backoff", "00000000000000000000000000000001..2",
	    "backoff: \"00000000000000000000000000000001..2\" is not a range "
	    "LOW..HIGH of seconds from 0.1 to 3600" },
	{ "backoff", "30..0.1",
	    "backoff: \"30..0.1\" has its greater end first" },
	{ "mode", "999",
	    "mode: \"999\" is not an octal mode from 0600 to 0666" },
	{ "mode", "0577",
	    "mode: \"0577\" is not an octal mode from 0600 to 0666" },
	{ "mode", "0667",
	    "mode: \"0667\" is not an octal mode from 0600 to 0666" },
	{ "mode", "", "mode: \"\" is not an octal mode from 0600 to 0666" },
	{ "umask", "", "umask: \"\" is not an octal mode from 0000 to 0777" },
	{ "umask", "8", "umask: \"8\" is not an octal mode from 0000 to 0777" },
	{ "mode", "u+rw",
	    "mode: \"u+rw\" is not an octal mode from 0600 to 0666" },
	{ "mode", "40000000000000000000600", "mode: "
	    "\"40000000000000000000600\" is not an octal mode from 0600 to "
	    "0666" },
	{ "ca", "x.pem",
	    "ca: \"x.pem\" is a relative path; give an absolute one" },
	{ "ca", "x\n",
	    "ca: \"x\\n\" is a relative path; give an absolute one" },
	{ "label", "no", "label: \"no\" has no L" },
	{ "letter", "", "letter: \"\" has no L" },
	{ "size", "4", "size: 4 is even" },
	{ "size", "x", "size: \"x\" is not a size in bytes (512, 64K, 1M) "
	    "from 0 to 10" },
	{ "verfy", "yes", "verfy: no such option (did you mean verify?)" },
	{ "clour", "red", "clour: no such option (did you mean colour?)" },
	{ "frobnicate", "1",
	    "frobnicate: no such option; fifoctl help options lists them" },
	{ "", "1",
	    "\"\": no such option; fifoctl help options lists them" },
	{ "ver\nify", "1",
	    "ver\\nify: no such option (did you mean verify?)" },
};

static void
test_bad(void)
{
	struct all a = { 0 };
	struct why why;
	char before[100], out[100], name[100];
	size_t i;

	option_init(groups, &a);
	option_set(groups, &a, "label", "L1", NULL, NULL);
	option_set(groups, &a, "ca", "/old", NULL, NULL);
	for (i = 0; i < COUNT(bad); i++) {
		before[0] = out[0] = '\0';
		why_clear(&why);
		text_of(&a, bad[i].key, before, sizeof(before));
		snprintf(name, sizeof(name), "bad %zu is refused", i);
		is_int(option_set(groups, &a, bad[i].key, bad[i].value, NULL,
		    &why), -1, name);
		is(why.text, bad[i].why, "and the sentence says why");
		is_int(why.fault, FAULT_USAGE, "it is the user's fault");
		text_of(&a, bad[i].key, out, sizeof(out));
		is(out, before, "the old value stays");
	}
	is_int(option_set(groups, &a, "mode", "x", NULL, NULL), -1,
	    "nobody has to ask why");
	option_clear(groups, &a);
}

static void
test_assign(void)
{
	struct all a = { 0 };
	struct why why = { FAULT_NONE, "" };

	option_init(groups, &a);
	is_int(option_assign(groups, &a, "count=5", NULL, &why), 0,
	    "KEY=VALUE");
	is_int(a.n.count, 5, "assigns");
	option_assign(groups, &a, "label=L=a=b", NULL, &why);
	is(a.p.label, "L=a=b", "the first = divides");
	is_int(option_assign(groups, &a, "label=", NULL, &why), 0, "KEY=");
	ok(a.p.label == NULL, "unsets a string");
	option_assign(groups, &a, "ca=x", "/d", &why);
	is(a.p.file, "/d/x", "a path is taken from cwd");
	is_int(option_assign(groups, &a, "verify", NULL, &why), -1, "no =");
	is(why.text, "\"verify\" has no value; write verify=VALUE",
	    "asks for a value");
	is_int(why.fault, FAULT_USAGE, "a usage error");
	is_int(option_assign(groups, &a, "=5", NULL, &why), -1, "no key");
	is(why.text, "\"=5\" has no option before the =", "says so");
	is_int(option_assign(groups, &a, "", NULL, &why), -1, "nothing at all");
	is_int(option_assign(groups, &a, "count =5", NULL, &why), -1,
	    "blanks are part of the key");
	is(why.text, "count : no such option (did you mean count?)",
	    "which does not exist");
	option_clear(groups, &a);
}

static void
test_copy(void)
{
	struct all a = { 0 }, b = { .before = 7, .between = 8, .after = 9 };
	char out[100];

	option_init(groups, &a);
	option_set(groups, &a, "label", "L1", NULL, NULL);
	option_set(groups, &a, "ca", "/x", NULL, NULL);
	option_set(groups, &a, "colour", "blue", NULL, NULL);
	option_set(groups, &a, "backoff", "2..3", NULL, NULL);
	option_copy(groups, &b, &a);
	ok(b.p.label != a.p.label, "a copy has its own strings");
	is(b.p.label, "L1", "with the same text");
	is_int(b.p.colour, BLUE, "the same choice");
	is(text_of(&b, "backoff", out, sizeof(out)), "2..3", "the same range");
	ok(b.before == 7 && b.between == 8 && b.after == 9,
	    "nothing else is copied");
	option_set(groups, &a, "label", "L2", NULL, NULL);
	option_set(groups, &a, "ca", "", NULL, NULL);
	is(b.p.label, "L1", "a change of the one is none of the other");
	option_copy(groups, &b, &a);
	is(b.p.label, "L2", "a copy over values replaces them");
	ok(b.p.file == NULL, "by nothing, too");
	option_copy(groups, &b, &b);
	is(b.p.label, "L2", "a copy onto itself changes nothing");
	option_clear(groups, &a);
	is(b.p.label, "L2", "and outlives the original");
	option_clear(groups, &b);
	option_clear(groups, &b);
	ok(b.p.label == NULL, "clear can be called twice");
	is_int(b.before, 7, "and touches no more than the rows");
}

static void
test_find(void)
{
	const struct option_group *group = NULL;
	struct why why = { FAULT_NONE, "" };

	ok(option_find(groups, "ca", &group, &why) == &paint_rows[4],
	    "an option in the second group is found");
	ok(group == &groups[1], "and its group");
	ok(option_find(groups, "count", NULL, NULL) == &number_rows[1],
	    "nobody has to ask for the group");
	ok(option_find(groups, "COUNT", &group, &why) == NULL,
	    "case matters");
	is_int(why.fault, FAULT_USAGE, "an unknown option is a usage error");
	ok(option_find(groups, "coun", &group, &why) == NULL,
	    "a beginning is not enough");
	is(why.text, "coun: no such option (did you mean count?)",
	    "but a hint is given");
}

static void
test_words(void)
{
	static const struct {
		const char *key, *range;
	} rows[] = {
		{ "verify", "yes | no" },
		{ "count", "number, -3 to 64" },
		{ "bytes", "bytes (K, M, G), 512 to 1M" },
		{ "timeout-connect", "seconds, 0.1 to 3600" },
		{ "backoff", "seconds LOW..HIGH, 0.1 to 3600" },
		{ "connect", "now | on-demand" },
		{ "colour", "red | green | blue" },
		{ "mode", "octal mode, 0600 to 0666" },
		{ "label", "text" },
		{ "ca", "path" },
	};
	struct all a = { 0 };
	char out[100], small[4];
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		is(option_range(option_find(groups, rows[i].key, NULL, NULL),
		    out, sizeof(out)), rows[i].range, rows[i].key);
	is(option_range(&paint_rows[0], small, sizeof(small)), "red",
	    "a range is cut to fit");
	is(option_range(&number_rows[1], small, sizeof(small)), "num",
	    "a number's, too");
	option_init(groups, &a);
	is(text_of(&a, "colour", small, sizeof(small)), "gre",
	    "and so is a value");
	ok(option_text(&groups[1], &paint_rows[0], &a, small, sizeof(small)) ==
	    small, "option_text returns out");
	option_clear(groups, &a);
}

int
main(void)
{
	test_init();
	test_bad_default();
	test_good();
	test_bad();
	test_assign();
	test_copy();
	test_find();
	test_words();
	return tap_done();
}
