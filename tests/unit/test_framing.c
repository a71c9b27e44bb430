#include <stdlib.h>

#include "framing/framing.h"
#include "tap.h"

/* ---- choosing */

static void
test_choose_good(void)
{
	static const char *const rows[] = {
		"stream", "line", "nul", "netstring", "json", "smtp", "pop3",
		"resp", "delim:x", "delim:\\n.\\n", "delim::", "delim:\\x00",
		"delim:\\0", "delim:\\\\", "fixed:1", "fixed:1073741824",
		"idle:1", "idle:3600000", "length:u8", "length:u16be",
		"length:u16le", "length:u32be", "length:u32le",
		"length:u8,self", "length:u32be,self", "prompt:^> $",
		"prompt:[$#] $", "prompt:^\\(gdb\\) ", "prompt:[]]x",
		"prompt:[^]a[:space:][.-.][=a=]$]+",
		"prompt:[0-9]{2}:[0-9]{1,2}> $", "prompt:[{99999}]> $",
		"prompt:\\{99999\\}> $", "prompt:(a$|b$)|c",
		"prompt:(\\([a-z]+\\) )?([a-z]+@)?[a-z]+(:[~/a-z]*)*[$#] $",
		"prompt:((a?b|c)+|d{3})*x", "prompt:((a*)?)?(b?|c)?x",
	};
	char name[80];
	struct why why;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(name, sizeof(name), "%s is a framing", rows[i]);
		why_clear(&why);
		ok(framing_check(rows[i], &why) == 0, name);
	}
}

#define NUMBERS "write fixed:N, a whole number of bytes, 1 to 1073741824"
#define WIDTHS "write length:u8, u16be, u16le, u32be or u32le, and "	\
    "\",self\" after it where the number counts its own bytes too"
#define ESCAPES "after a backslash n r t a b e f v 0 \" ' \\ or xHH "	\
    "may follow, HH two hexadecimal digits"
#define EMPTY "it matches where nothing is, so that every reply would "	\
    "end at once"
#define MIDDLE "what has a $ in its middle matches nothing; write [$] "	\
    "for the character"
#define WEIGHT "its {} and + ask for too much: written out it has "	\
    "more than 20000 characters"
#define LOOP "a *, + or {} behind what may be empty already; write a* "	\
    "for (a*)* and (a|b)* for (a*b*)*"
#define POSIX(c) "\\" c " is not of POSIX extended regular "		\
    "expressions; write [[:alnum:]_] for \\w and so on"

static void
test_choose_bad(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "line:", "\"line:\": line takes no argument; write line" },
		{ "line:x", "\"line:x\": line takes no argument; write line" },
		{ "json:2", "\"json:2\": json takes no argument; write json" },
		{ "delim", "\"delim\": no STRING; write delim:STRING, as in "
		    "delim:\\n.\\n" },
		{ "delim:", "\"delim:\": no STRING; write delim:STRING, as in "
		    "delim:\\n.\\n" },
		{ "delim:a\\", "\"delim:a\\\": " ESCAPES },
		{ "delim:\\q", "\"delim:\\q\": " ESCAPES },
		{ "delim:\\x1", "\"delim:\\x1\": " ESCAPES },
		{ "delim:\\x1g", "\"delim:\\x1g\": " ESCAPES },
		{ "delim:\\x", "\"delim:\\x\": " ESCAPES },
		{ "delim:\\012", "\"delim:\\012\": " ESCAPES },
		{ "delim:\\12", "\"delim:\\12\": " ESCAPES },
		{ "fixed", "\"fixed\": " NUMBERS },
		{ "fixed:", "\"fixed:\": " NUMBERS },
		{ "fixed:0", "\"fixed:0\": " NUMBERS },
		{ "fixed:-1", "\"fixed:-1\": " NUMBERS },
		{ "fixed:+1", "\"fixed:+1\": " NUMBERS },
		{ "fixed: 1", "\"fixed: 1\": " NUMBERS },
		{ "fixed:1k", "\"fixed:1k\": " NUMBERS },
		{ "fixed:1073741825", "\"fixed:1073741825\": " NUMBERS },
		{ "fixed:18446744073709551617",
		    "\"fixed:18446744073709551617\": " NUMBERS },
		{ "idle", "\"idle\": write idle:MS, a whole number of "
		    "milliseconds, 1 to 3600000" },
		{ "idle:0", "\"idle:0\": write idle:MS, a whole number of "
		    "milliseconds, 1 to 3600000" },
		{ "idle:3600001", "\"idle:3600001\": write idle:MS, a whole "
		    "number of milliseconds, 1 to 3600000" },
		{ "length", "\"length:\": " WIDTHS },
		{ "length:u16", "\"length:u16\": " WIDTHS },
		{ "length:u8,", "\"length:u8,\": " WIDTHS },
		{ "length:u8,Self", "\"length:u8,Self\": " WIDTHS },
		{ "length:u8self", "\"length:u8self\": " WIDTHS },
		{ "prompt", "\"prompt\": no REGEX; write prompt:REGEX, as in "
		    "prompt:^[$#] $" },
		{ "prompt:", "\"prompt:\": no REGEX; write prompt:REGEX, as in "
		    "prompt:^[$#] $" },
		{ "prompt:x*", "\"prompt:x*\": " EMPTY },
		{ "prompt:$", "\"prompt:$\": " EMPTY },
		{ "prompt:^$", "\"prompt:^$\": " EMPTY },
		{ "prompt:a|$", "\"prompt:a|$\": " EMPTY },
		{ "prompt:^$ ", "\"prompt:^$ \": " MIDDLE },
		{ "prompt:($x|y)", "\"prompt:($x|y)\": " MIDDLE },
		{ "prompt:(a{255}){255}", "\"prompt:(a{255}){255}\": " WEIGHT },
		{ "prompt:a{1,99999999999999999999}",
		    "\"prompt:a{1,99999999999999999999}\": " WEIGHT },
		{ "prompt:a++++++++++++++++",
		    "\"prompt:a++++++++++++++++\": " WEIGHT },
		{ "prompt:((a|b+x){200}|c){99}",
		    "\"prompt:((a|b+x){200}|c){99}\": " WEIGHT },
		{ "prompt:(a?)*b", "\"prompt:(a?)*b\": " LOOP },
		{ "prompt:(a|b*)+c", "\"prompt:(a|b*)+c\": " LOOP },
		{ "prompt:((a{0,2}|b)^c*){3}d",
		    "\"prompt:((a{0,2}|b)^c*){3}d\": " LOOP },
		{ "prompt:([$a]|^)*c", "\"prompt:([$a]|^)*c\": " LOOP },
		{ "prompt:(()){3}c", "\"prompt:(()){3}c\": " LOOP },
		{ "prompt:\\w+>", "\"prompt:\\w+>\": " POSIX("w") },
		{ "prompt:x\\>", "\"prompt:x\\>\": " POSIX(">") },
		{ "prompt:(a)\\1", "\"prompt:(a)\\1\": " POSIX("1") },
	};
	struct why why;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		why_clear(&why);
		framing_check(rows[i].text, &why);
		is(why.text, rows[i].want, rows[i].text);
	}
}

/* What is wrong with it, or "". */
static const char *
fault_of(const char *text)
{
	static struct why why;

	why_clear(&why);
	return framing_check(text, &why) == 0 ? "" :
	    why.fault == FAULT_USAGE ? why.text : "another fault";
}

static void
test_choose_more(void)
{
	struct framing_choice choice = { 0 }, zero = { 0 };
	char text[400] = "delim:";
	struct why why;

	ok(strstr(fault_of("lines"), "\"lines\" is no framing; there are "
	    "stream, line,") != NULL, "what there is is named");
	ok(strstr(fault_of(""), "\"\" is no framing") != NULL,
	    "an empty word is no framing");
	ok(*fault_of("Line") != '\0', "names are in lower case");
	ok(*fault_of("lin") != '\0', "names are not cut short");
	ok(strstr(fault_of("prompt:(a"), "\"prompt:(a\": no POSIX extended "
	    "regular expression: ") != NULL, "the library's word is told");
	ok(*fault_of("prompt:a\\") != '\0', "a backslash at the end");
	ok(*fault_of("prompt:[a") != '\0', "an open bracket");
	ok(*fault_of("prompt:[[:alpha:") != '\0', "an open class");
	memset(text + 6, 'a', 64);
	ok(*fault_of(text) == '\0', "delim takes 64 bytes");
	memset(text + 6, 'a', 65);
	ok(strstr(fault_of(text), "more than 64 bytes") != NULL,
	    "and not 65");
	memset(text, 'a', 300);
	memcpy(text, "prompt:", 7);
	ok(strstr(fault_of(text), "more than 255 bytes") != NULL,
	    "an expression has at most 255 bytes");
	ok(framing_choose(&choice, "delim:ab\\q", &why) == -1 &&
	    memcmp(&choice, &zero, sizeof(zero)) == 0,
	    "a bad argument leaves nothing in the choice");
	framing_forget(&zero);
	ok(framing_check("fixed:x", NULL) == -1, "nobody need ask why");
}

static void
test_choice(void)
{
	struct framing_choice c = { 0 };

	framing_choose(&c, "delim:a\\r\\n\\t\\0\\x7fz", NULL);
	ok(c.nbytes == 7 && memcmp(c.bytes, "a\r\n\t\0\177z", 7) == 0,
	    "escapes are spelled as in C");
	framing_forget(&c);
	framing_choose(&c, "delim:\\a\\b\\e\\f\\v\\\\\\\"\\'\\xFf", NULL);
	ok(c.nbytes == 9 && memcmp(c.bytes, "\a\b\033\f\v\\\"'\377", 9) == 0,
	    "the other escapes");
	framing_forget(&c);
	framing_choose(&c, "idle:250", NULL);
	is_int(c.number, 250, "idle keeps its milliseconds");
	framing_forget(&c);
	framing_choose(&c, "length:u32be,self", NULL);
	ok(c.number == 4 && c.big_endian && c.inclusive,
	    "length keeps width, order and what counts");
	framing_forget(&c);
	ok(c.framing == NULL, "a forgotten choice is zeroed");
}

/* Every member keeps what framing.h promises. */
static void
test_table(void)
{
	const struct framing *m;
	size_t i, j, length, wrong = 0;

	for (i = 0; framing_table[i] != NULL; i++) {
		m = framing_table[i];
		length = strlen(m->name);
		wrong += strncmp(m->usage, m->name, length) != 0;
		wrong += m->choose == NULL ? m->usage[length] != '\0' :
		    strchr(":[", m->usage[length]) == NULL;
		wrong += m->text == NULL || m->request == NULL ||
		    m->reply == NULL;
		wrong += (m->flags & FRAMING_DROPS_BLANK) != 0 &&
		    m->blank == NULL;
		for (j = 0; j < i; j++)
			wrong += strcmp(framing_table[j]->name, m->name) == 0;
	}
	is_int(wrong, 0, "every member says what it is");
}

/* ---- a framer */

struct sample {
	struct framing_choice choice;
	struct framer f;
};

static void
sample_start(struct sample *s, const char *text)
{
	framer_clear(&s->f);
	framing_forget(&s->choice);
	if (framing_choose(&s->choice, text, NULL) == -1)
		abort();
	framer_start(&s->f, &s->choice, NULL);
}

static void
sample_clear(struct sample *s)
{
	framer_clear(&s->f);
	framing_forget(&s->choice);
}

static size_t
reply(struct sample *s, const char *text)
{
	return framer_reply(&s->f, (const uint8_t *)text, strlen(text));
}

static void
test_framer(void)
{
	struct message before = { .flags = MESSAGE_MULTILINE };
	struct sample s = { 0 };

	sample_start(&s, "line");
	ok(s.f.phase == FRAMER_MORE && s.f.length == 0 &&
	    s.f.left == UINT64_MAX && s.f.message.body == UINT64_MAX,
	    "a message that has not begun");
	is_int(reply(&s, ""), 0, "no bytes are no matter");
	is_int(reply(&s, "ab"), 2, "all bytes belong to it so far");
	is_int(reply(&s, "c\nd"), 2, "what follows is another's");
	ok(s.f.phase == FRAMER_END && s.f.length == 4, "it is whole");
	is_int(reply(&s, "x"), 0, "a whole message takes nothing more");
	framer_start(&s.f, &s.choice, &before);
	ok(s.f.phase == FRAMER_MORE && s.f.length == 0 &&
	    s.f.before.flags == MESSAGE_MULTILINE, "and it begins anew");
	sample_clear(&s);
	framer_clear(&s.f);
	ok(true, "a cleared framer may be cleared");
}

static void
test_broken(void)
{
	struct sample s = { 0 };

	sample_start(&s, "netstring");
	reply(&s, "3:a");
	is_int(reply(&s, "bc;rest"), 2, "the bytes before the wrong one");
	ok(s.f.phase == FRAMER_BROKEN && s.f.length == 5, "it is broken");
	is(s.f.why, "byte 6: 0x3b after the 3 bytes of a netstring; a comma "
	    "would be right", "where, what and what would be right");
	is_int(reply(&s, ","), 0, "a broken message takes nothing more");
	sample_start(&s, "resp");
	reply(&s, "*1\r\n$3\r\nabcd");
	is(s.f.why, "byte 12: 0x64: CR LF would be right at a string's end",
	    "of resp");
	sample_start(&s, "length:u16be,self");
	reply(&s, "\1");
	framer_start(&s.f, &s.choice, NULL);
	framer_reply(&s.f, (const uint8_t *)"\0\1", 2);
	is(s.f.why, "byte 3: the length 1 is less than the 2 bytes that it "
	    "takes itself", "of length");
	sample_clear(&s);
}

/* As much as is announced, after each byte. */
static void
test_left(void)
{
	struct sample s = { 0 };

	sample_start(&s, "fixed:5");
	reply(&s, "ab");
	is_int(s.f.left, 3, "fixed: what is left");
	sample_start(&s, "netstring");
	reply(&s, "5");
	ok(s.f.left == UINT64_MAX, "netstring: not known in the number");
	reply(&s, ":a");
	is_int(s.f.left, 5, "netstring: the comma counts");
	sample_start(&s, "length:u8");
	reply(&s, "\5ab");
	is_int(s.f.left, 3, "length: what is left");
	sample_start(&s, "resp");
	reply(&s, "*2\r\n$3\r\nab");
	ok(s.f.left == UINT64_MAX, "resp: not known of a string in between");
	reply(&s, "c\r\n$5\r\nab");
	is_int(s.f.left, 5, "resp: known of the last, CR LF counts");
	reply(&s, "cde\r");
	is_int(s.f.left, 1, "resp: down to the last byte");
	reply(&s, "\n");
	ok(s.f.left == 0 && s.f.phase == FRAMER_END, "resp: and none");
	sample_start(&s, "smtp");
	framer_request(&s.f, (const uint8_t *)"BDAT 9\r\nab", 10);
	is_int(s.f.left, 7, "smtp: of BDAT");
	sample_clear(&s);
}

static void
test_end(void)
{
	static const struct {
		const char *framing, *text;
		bool whole;
	} rows[] = {
		{ "stream", "abc", true }, { "idle:5", "abc", true },
		{ "line", "abc", false }, { "nul", "abc", false },
		{ "delim:x", "abc", false }, { "fixed:9", "abc", false },
		{ "netstring", "3:a", false }, { "length:u8", "abc", false },
		{ "json", "12", true }, { "json", "true", true },
		{ "json", "tru", false }, { "json", "[1", false },
		{ "json", "\"a", false }, { "json", "-", false },
		{ "prompt:>", "abc", false }, { "smtp", "250 ok", false },
		{ "pop3", "+OK", false }, { "resp", "+OK", false },
	};
	struct sample s = { 0 };
	char name[80];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sample_start(&s, rows[i].framing);
		reply(&s, rows[i].text);
		snprintf(name, sizeof(name), "%s in %s: %s when closed",
		    rows[i].text, rows[i].framing,
		    rows[i].whole ? "whole" : "cut short");
		ok(framer_end(&s.f) == rows[i].whole, name);
	}
	sample_clear(&s);
}

static void
test_blank(void)
{
	static const struct {
		const char *framing, *text;
		size_t blank;
	} rows[] = {
		{ "line", "\n\n", 0 }, { "json", " \t\r\n{", 4 },
		{ "json", "{", 0 }, { "resp", "\r\n \nPING", 4 },
		{ "netstring", "\n", 0 }, { "json", "", 0 },
	};
	struct sample s = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sample_start(&s, rows[i].framing);
		is_int(framer_blank(&s.choice, (const uint8_t *)rows[i].text,
		    strlen(rows[i].text)), rows[i].blank, rows[i].framing);
	}
	sample_clear(&s);
}

/* ---- pieces */

static uint32_t seed;

static uint32_t
random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/*
 * Where the messages of the text end, a number each, cut at random where
 * `most` is not 0: pieces of 1 to `most` bytes.
 */
static void
cut_up(struct sample *s, const uint8_t *data, size_t size, uint32_t most,
    char *out, size_t out_size)
{
	size_t at = 0, n, taken;
	char number[32];

	*out = '\0';
	framer_start(&s->f, &s->choice, NULL);
	while (at < size && s->f.phase != FRAMER_BROKEN) {
		n = most == 0 ? size : 1 + random_below(most);
		n = n < size - at ? n : size - at;
		taken = framer_blank(&s->choice, data + at,
		    s->f.length == 0 ? n : 0);
		if (taken == 0)
			taken = framer_reply(&s->f, data + at, n);
		at += taken;
		if (s->f.phase == FRAMER_MORE)
			continue;
		snprintf(number, sizeof(number), "%zu,%d ", at,
		    (int)s->f.phase);
		if (strlen(out) + strlen(number) < out_size)
			strcat(out, number);
		if (s->f.phase == FRAMER_END)
			framer_start(&s->f, &s->choice, NULL);
	}
}

/* Bytes of few kinds, so that they mean something often. */
static void
fill(uint8_t *data, size_t size, const char *letters)
{
	size_t i;

	for (i = 0; i < size; i++)
		data[i] = (uint8_t)letters[random_below(
		    (uint32_t)strlen(letters))];
}

static void
test_pieces(void)
{
	static const struct {
		const char *framing, *letters;
	} rows[] = {
		{ "line", "ab\n" }, { "delim:aabaaab", "aaab" },
		{ "delim:abab", "ab" }, { "delim:\\n.\\n", "\n.a" },
		{ "netstring", "01:,," }, { "json", "[]{}\",:1 e\\" },
		{ "json", "[[]],1" }, { "length:u8", "\1\2\3\4" },
		{ "prompt:^a*> $", "a> \n" }, { "prompt:(ab)+", "abb\n" },
		{ "smtp", "2250- \r\n" }, { "pop3", "+OK \r\n" },
		{ "resp", "+:1\r\n" }, { "resp", "*1\r\n\r\n:" },
	};
	struct sample s = { 0 };
	static char whole[20000], cut[20000];
	uint8_t data[2000];
	size_t i, differ;
	int round;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		seed = (uint32_t)i + 1;
		sample_start(&s, rows[i].framing);
		for (differ = 0, round = 0; round < 200; round++) {
			fill(data, sizeof(data), rows[i].letters);
			cut_up(&s, data, sizeof(data), 0, whole,
			    sizeof(whole));
			cut_up(&s, data, sizeof(data),
			    1 + random_below(40), cut, sizeof(cut));
			differ += strcmp(whole, cut) != 0;
		}
		is_int(differ, 0, rows[i].framing);
	}
	sample_clear(&s);
}

/* What strstr(3) finds is what delim finds. */
static void
test_delim_as_strstr(void)
{
	char text[200], string[8], argument[16];
	struct sample s = { 0 };
	size_t taken, want, differ = 0;
	const char *at;
	int round;

	seed = 7;
	for (round = 0; round < 20000; round++) {
		fill((uint8_t *)text, sizeof(text) - 1, "aab");
		text[sizeof(text) - 1] = '\0';
		fill((uint8_t *)string, sizeof(string), "aab");
		string[1 + random_below(7)] = '\0';
		snprintf(argument, sizeof(argument), "delim:%s", string);
		sample_start(&s, argument);
		taken = reply(&s, text);
		at = strstr(text, string);
		want = at == NULL ? strlen(text) :
		    (size_t)(at - text) + strlen(string);
		differ += taken != want ||
		    (at != NULL) != (s.f.phase == FRAMER_END);
	}
	is_int(differ, 0, "delim finds what strstr(3) finds");
	sample_clear(&s);
}

int
main(void)
{
	test_choose_good();
	test_choose_bad();
	test_choose_more();
	test_choice();
	test_table();
	test_framer();
	test_broken();
	test_left();
	test_end();
	test_blank();
	test_pieces();
	test_delim_as_strstr();
	return tap_done();
}
