#include <stdlib.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "tap.h"

/* What `line` splits into, each word in <>; the caller frees. */
static char *
split(const char *line)
{
	struct why why = { FAULT_NONE, "" };
	char **argv, *all, *next;
	int i, n;

	n = words_split(line, &argv, &why);
	if (n == -1)
		return xasprintf("%d: %s", (int)why.fault, why.text);
	all = xstrdup("");
	for (i = 0; i < n; i++) {
		next = xasprintf("%s<%s>", all, argv[i]);
		free(all);
		all = next;
	}
	if (argv[n] != NULL)
		all[0] = '?';
	words_free(argv);
	return all;
}

static void
test_split(void)
{
	static const struct {
		const char *line, *want, *name;
	} rows[] = {
		{ "", "", "an empty line has no words" },
		{ " \t \n", "", "nor do blanks" },
		{ "a", "<a>", "one word" },
		{ "a b", "<a><b>", "two words" },
		{ "  open\tweb   https://h/\n", "<open><web><https://h/>",
		    "blanks in any number" },
		{ "# all", "", "a comment" },
		{ "a #b c", "<a>", "a comment at a word's start" },
		{ "a#b c#", "<a#b><c#>", "# inside a word is a letter" },
		{ "'#' \\# \"#\"", "<#><#><#>", "a quoted # is a letter" },
		{ "'a b' c", "<a b><c>", "'…' keeps blanks" },
		{ "'a\\'", "<a\\>", "\\ in '…' is a letter" },
		{ "'a\"b'", "<a\"b>", "\" in '…' is a letter" },
		{ "\"a'b\"", "<a'b>", "' in \"…\" is a letter" },
		{ "\"a\\\"b\\\\c\"", "<a\"b\\c>", "\\\" and \\\\ in \"…\"" },
		{ "\"a\\nb\\'\"", "<a\\nb\\'>", "no other escape in \"…\"" },
		{ "\"\\\\\" x", "<\\><x>", "\"\\\\\" is one backslash" },
		{ "a\\ b \\\\ \\' \\\"", "<a b><\\><'><\">", "\\ quotes" },
		{ "'' \"\" ''\"\"", "<><><>", "empty words" },
		{ "a'b c'\"d e\"\\ f", "<ab cd e f>", "quotes join" },
		{ "x=''", "<x=>", "an empty quote in a word" },
		{ "a''#b", "<a#b>", "a quote begins the word, # does not" },
		{ "exec:'bc -l'", "<exec:bc -l>", "exec:'bc -l'" },
		{ "\303\251 \"\303\251 \377\"", "<\303\251><\303\251 \377>",
		    "bytes pass unchanged" },
		{ "a\r", "<a\r>", "a carriage return is no blank, as in sh" },
		{ "a 'b c", "2: 'b c: the ' begins a quote that never ends",
		    "an unfinished '" },
		{ "\"", "2: \": the \" begins a quote that never ends",
		    "an unfinished \"" },
		{ "\"a\\\"", "2: \"a\\\\\": the \" begins a quote that never "
		    "ends", "\\\" does not finish" },
		{ "a\\", "2: a\\\\: the \\ begins a quote that never ends",
		    "a \\ at the end" },
		{ "'a'\\", "2: 'a'\\\\: the \\ begins a quote that never ends",
		    "a \\ at the end, after a quote" },
		{ "\"a\\", "2: \"a\\\\: the \" begins a quote that never ends",
		    "a \\ at the end, in a quote" },
		{ "ok # 'x", "<ok>", "quotes in a comment do not matter" },
	};
	size_t i;
	char *got;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = split(rows[i].line);
		is(got, rows[i].want, rows[i].name);
		free(got);
	}
}

/* The case in which the words need all of the room there can be. */
static void
test_split_long(void)
{
	const size_t n = 100001;
	char *line = xcalloc(n + 1, 1), **argv, shown[8];
	struct why why = { FAULT_NONE, "" };
	size_t i;
	int count;

	for (i = 0; i < n; i++)
		line[i] = i % 2 ? ' ' : 'x';
	count = words_split(line, &argv, &why);
	is_int(count, (n + 1) / 2, "a line of many words");
	is(argv[count - 1], "x", "the last of them");
	ok(argv[count] == NULL, "and the NULL behind it");
	words_free(argv);
	memset(line, 'y', n);
	is_int(words_split(line, &argv, &why), 1, "a line that is one word");
	is_int(strlen(argv[0]), n, "is not cut");
	words_free(argv);
	line[0] = '"';
	argv = (char **)shown;
	is_int(words_split(line, &argv, &why), -1, "a long unfinished quote");
	ok(strlen(why.text) < 120, "is cut in the sentence");
	ok(argv == NULL, "and leaves no words behind");
	is_int(words_split("'", &argv, NULL), -1, "nobody has to ask why");
	words_free(NULL);
	free(line);
}

static void
test_vis(void)
{
	char out[64], small[6];

	is(words_vis("plain text", out, sizeof(out)), "plain text",
	    "a space stays a space");
	is(words_vis("a\nb\tc\rd", out, sizeof(out)), "a\\nb\\tc\\rd",
	    "newline, tab and return are spelled");
	is(words_vis("\\", out, sizeof(out)), "\\\\", "a backslash is doubled");
	is(words_vis("\033[31m", out, sizeof(out)), "\\^[[31m",
	    "an escape sequence has no effect");
	is(words_vis("\"q'", out, sizeof(out)), "\"q'", "quotes are harmless");
	ok(strpbrk(words_vis("\200\377\303", out, sizeof(out)),
	    "\200\377\303") == NULL, "bytes over 127 are spelled");
	is(words_vis("", out, sizeof(out)), "", "nothing is nothing");
	is(words_vis("abcdefgh", small, sizeof(small)), "abcde", "cut to fit");
	is(words_vis("abcd\n", small, sizeof(small)), "abcd",
	    "but not inside an escape");
	is(words_vis("abc\n", small, sizeof(small)), "abc\\n",
	    "which may just fit");
	strlcpy(small, "same", sizeof(small));
	ok(words_vis("other", small, 0) == small, "no room: out comes back");
	is(small, "same", "untouched");
	is(words_vis("other", small, 1), "", "room for the NUL alone");
}

static void
test_json(void)
{
	static const struct {
		const char *text, *want, *name;
	} rows[] = {
		{ "", "\"\"", "empty" },
		{ "plain", "\"plain\"", "plain" },
		{ "a\"b\\c/", "\"a\\\"b\\\\c/\"", "quote and backslash" },
		{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"", "the short escapes" },
		{ "\001\033\037", "\"\\u0001\\u001b\\u001f\"", "controls" },
		{ "\177", "\"\\u007f\"", "DEL" },
		{ "\302\233x\302\240", "\"\\u009bx\302\240\"",
		    "a control character of two bytes" },
		{ "\303\251\342\202\254\360\237\230\200",
		    "\"\303\251\342\202\254\360\237\230\200\"",
		    "UTF-8 of 2, 3 and 4 bytes passes" },
		{ "\364\217\277\277", "\"\364\217\277\277\"", "U+10FFFF" },
		{ "a\377b", "\"a\\ufffdb\"", "a byte that is no UTF-8" },
		{ "\303", "\"\\ufffd\"", "cut short by the end" },
		{ "\342\202x", "\"\\ufffd\\ufffdx\"", "cut short by a letter" },
		{ "\300\200", "\"\\ufffd\\ufffd\"", "overlong NUL" },
		{ "\301\277", "\"\\ufffd\\ufffd\"", "overlong, 2 bytes" },
		{ "\340\237\277", "\"\\ufffd\\ufffd\\ufffd\"",
		    "overlong, 3 bytes" },
		{ "\360\217\277\277", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
		    "overlong, 4 bytes" },
		{ "\355\240\200", "\"\\ufffd\\ufffd\\ufffd\"", "a surrogate" },
		{ "\364\220\200\200", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
		    "past U+10FFFF" },
		{ "\200", "\"\\ufffd\"", "a continuation alone" },
		{ "\370\210\200\200\200",
		    "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"", "5 bytes" },
		{ "\001\001\001\001", "\"\\u0001\\u0001\\u0001\\u0001\"",
		    "nothing but escapes fits" },
	};
	char *got, name[80];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = words_json(rows[i].text);
		snprintf(name, sizeof(name), "json: %s", rows[i].name);
		is(got, rows[i].want, name);
		free(got);
	}
}

static void
test_nearest(void)
{
	static const char *const words[] = {
		"verify", "verify-name", "timeout", "timeout-connect", "mode",
		"ca", "list", "log", "idle",
		"a-candidate-that-is-longer-than-anything-anyone-could-want-"
		"to-type", NULL
	};
	static const char *const none[] = { NULL };
	static const char *const twins[] = { "aaab", "aaac", NULL };
	char huge[5000];

	is(words_nearest("verfy", words), "verify", "a letter too few");
	is(words_nearest("verrify", words), "verify", "a letter too many");
	is(words_nearest("werify", words), "verify", "a wrong letter");
	is(words_nearest("evrify", words), "verify", "two letters swapped");
	is(words_nearest("tiemout-conect", words), "timeout-connect",
	    "two edits in a long word");
	is(words_nearest("tiemot-conect", words), NULL, "three are too many");
	is(words_nearest("mdoe", words), "mode", "a swap is one edit");
	is(words_nearest("moed", words), "mode", "also at the end");
	is(words_nearest("lst", words), "list", "one edit in three letters");
	is(words_nearest("mxxe", words), NULL, "two in four are too many");
	is(words_nearest("cb", words), NULL, "one in two is too many");
	is(words_nearest("log", words), "log", "the same word is near");
	is(words_nearest("", words), NULL, "nothing is near to nothing");
	is(words_nearest("verify", none), NULL, "no candidates, none near");
	is(words_nearest("aaad", twins), "aaab", "of two the first");
	is(words_nearest("aaac", twins), "aaac", "of two the nearer");
	memset(huge, 'v', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	is(words_nearest(huge, words), NULL, "a very long word is near none");
	is(words_nearest(words[9], words), NULL,
	    "a very long candidate is not looked at");
}

static void
test_absolute(void)
{
	static const struct {
		const char *cwd, *path, *want, *name;
	} rows[] = {
		{ "/home/u", "x.pem", "/home/u/x.pem", "a name" },
		{ "/home/u", "/etc/x", "/etc/x", "absolute already" },
		{ NULL, "/etc/x", "/etc/x", "absolute, and no cwd" },
		{ "/home/u", "/x/./y", "/x/./y", "left as it is" },
		{ "/home/u", "../x", "/home/u/../x", "dots stay" },
		{ "/", "x", "/x", "in the root" },
		{ "/home/u/", "x", "/home/u/x", "cwd with a slash" },
	};
	char *got, name[80];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = words_absolute(rows[i].cwd, rows[i].path);
		snprintf(name, sizeof(name), "absolute: %s", rows[i].name);
		is(got, rows[i].want, name);
		free(got);
	}
}

int
main(void)
{
	test_split();
	test_split_long();
	test_vis();
	test_json();
	test_nearest();
	test_absolute();
	return tap_done();
}
