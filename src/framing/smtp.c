/*
 * SMTP (RFC 5321 4.2) and its kin: replies are lines that begin with a number
 * of three digits.  FTP (RFC 959 4.2) is cut rightly as well, and NNTP
 * (RFC 3977), whose long replies end with a line of a single dot.
 */
#include <string.h>

#include "framing/dot.h"
#include "framing/until.h"

static const struct smtp_row {
	const char *command;
	unsigned flags;
	bool text;              /* text follows at once */
} smtp_rows[] = {
	{ "DATA", MESSAGE_WAITS, false },
	{ "QUIT", MESSAGE_CLOSE, false },
	/* NNTP. */
	{ "POST", MESSAGE_WAITS, false },
	{ "IHAVE", MESSAGE_WAITS, false },
	{ "TAKETHIS", 0, true },        /* RFC 4644 */
	{ "ARTICLE", MESSAGE_MULTILINE, false },
	{ "HEAD", MESSAGE_MULTILINE, false },
	{ "BODY", MESSAGE_MULTILINE, false },
	{ "OVER", MESSAGE_MULTILINE, false },
	{ "XOVER", MESSAGE_MULTILINE, false },
	{ "HDR", MESSAGE_MULTILINE, false },
	{ "XHDR", MESSAGE_MULTILINE, false },
	{ "LIST", MESSAGE_MULTILINE, false },
	{ "LISTGROUP", MESSAGE_MULTILINE, false },
	{ "NEWNEWS", MESSAGE_MULTILINE, false },
	{ "NEWGROUPS", MESSAGE_MULTILINE, false },
};

#define SMTP_NROWS	(sizeof(smtp_rows) / sizeof(smtp_rows[0]))

struct smtp_request {
	bool counted;           /* BDAT: f->left says where it ends */
	bool text;              /* it ends with a line of a single dot */
	struct dot dot;
	struct until_line line;
};

struct smtp_reply {
	uint8_t column;         /* of the line, up to SMTP_COLUMNS */
	bool more;              /* "250-": lines follow, the last is "250 " */
	bool last;              /* this line is that */
	bool text;              /* behind it, up to a line of a single dot */
	uint8_t digits[3];
	struct dot dot;
};

#define SMTP_COLUMNS	4       /* of a line that are looked at: "250 " */

_Static_assert(sizeof(struct smtp_request) <= FRAMER_STATE &&
    sizeof(struct smtp_reply) <= FRAMER_STATE, "they fit in a framer");

static bool
code_among(int code, const uint16_t *codes, size_t ncodes)
{
	size_t i;

	for (i = 0; i < ncodes; i++)
		if (codes[i] == code)
			return true;
	return false;
}

#define CODE_AMONG(code, codes) \
	code_among(code, codes, sizeof(codes) / sizeof((codes)[0]))

/* The number of bytes that a BDAT command (RFC 3030) announces, or -1. */
static int64_t
bdat_number(const char *argument)
{
	int64_t number = 0;
	const char *p;

	for (p = argument; *p >= '0' && *p <= '9'; p++) {
		if (number > INT64_MAX / 10 - 1)
			return -1;
		number = number * 10 + (*p - '0');
	}
	return p == argument || strchr(" \t", *p) == NULL ? -1 : number;
}

static size_t
bdat_begins(struct framer *f, const char *argument, size_t taken)
{
	struct smtp_request *r = (struct smtp_request *)f->state;
	int64_t number = bdat_number(argument);

	if (r->line.cut || number == -1)
		return framer_fail(f, taken, "a BDAT command that does not say "
		    "how many bytes follow; \"BDAT 1000 LAST\" would be "
		    "right, in at most %d bytes", UNTIL_LINE - 1);
	f->message.body = f->length + taken;
	r->counted = true;
	f->left = (uint64_t)number;
	return taken + until_left(f, 0);
}

/* A whole command line. */
static size_t
smtp_command(struct framer *f, size_t taken)
{
	struct smtp_request *r = (struct smtp_request *)f->state;
	const char *argument;
	size_t i;

	argument = until_argument(&r->line, "BDAT");
	if (argument != NULL)
		return bdat_begins(f, argument, taken);
	for (i = 0; i < SMTP_NROWS; i++) {
		if (until_argument(&r->line, smtp_rows[i].command) == NULL)
			continue;
		f->message.flags |= smtp_rows[i].flags;
		r->text = smtp_rows[i].text;
	}
	if (!r->text)
		f->phase = FRAMER_END;
	return taken;
}

static size_t
smtp_text(struct framer *f, struct dot *d, const uint8_t *data, size_t size)
{
	bool found;
	size_t taken = dot_take(d, data, size, &found);

	if (found)
		f->phase = FRAMER_END;
	return taken;
}

static size_t
smtp_line(struct framer *f, const uint8_t *data, size_t size)
{
	/* What was asked for in a dialogue (AUTH) is no command. */
	static const uint16_t dialogue[] = { 334, 383 };
	struct smtp_request *r = (struct smtp_request *)f->state;
	bool found;
	size_t taken = until_line(&r->line, data, size, &found);

	if (!found)
		return taken;
	if (!CODE_AMONG(f->before.code, dialogue))
		return smtp_command(f, taken);
	f->phase = FRAMER_END;
	return taken;
}

/* The rest of a request whose first line has been seen. */
static size_t
smtp_rest(struct framer *f, const uint8_t *data, size_t size)
{
	struct smtp_request *r = (struct smtp_request *)f->state;

	return r->counted ? until_left(f, size) :
	    smtp_text(f, &r->dot, data, size);
}

static size_t
smtp_request(struct framer *f, const uint8_t *data, size_t size)
{
	/* Go on: DATA, POST, IHAVE. */
	static const uint16_t waits[] = { 354, 340, 335 };
	struct smtp_request *r = (struct smtp_request *)f->state;
	size_t taken = 0;

	if (f->length == 0)
		r->text = CODE_AMONG(f->before.code, waits);
	if (!r->text && !r->counted)
		taken = smtp_line(f, data, size);
	if (taken < size && f->phase == FRAMER_MORE)
		taken += smtp_rest(f, data + taken, size - taken);
	return taken;
}

static int
reply_code(const struct smtp_reply *r)
{
	return (r->digits[0] - '0') * 100 + (r->digits[1] - '0') * 10 +
	    (r->digits[2] - '0');
}

/* Does NNTP's long text follow this status? */
static bool
reply_text(const struct framer *f, int code)
{
	/* 100 and 101 are nobody else's. */
	static const uint16_t always[] = { 100, 101 };
	static const uint16_t asked[] = {
		211, 215, 220, 221, 222, 224, 225, 230, 231,
	};

	return CODE_AMONG(code, always) ||
	    ((f->before.flags & MESSAGE_MULTILINE) != 0 &&
	    CODE_AMONG(code, asked));
}

/* The last line of a status has ended. */
static void
reply_status(struct framer *f, struct smtp_reply *r)
{
	/* FTP's preliminary replies: "expect another reply". */
	static const uint16_t before[] = { 110, 120, 125, 150 };
	static const uint16_t closes[] = { 205, 221, 400, 421 };
	int code = reply_code(r);

	if (CODE_AMONG(code, before)) {
		memset(r, 0, sizeof(*r));
		return;
	}
	f->message.code = code;
	if (code >= 400 && code <= 599)
		f->message.flags |= MESSAGE_BAD;
	r->text = reply_text(f, code);
	if (r->text)
		return;
	if (CODE_AMONG(code, closes))
		f->message.flags |= MESSAGE_CLOSE;
	f->phase = FRAMER_END;
}

/* One of the first bytes of the first line; false: it is wrong there. */
static bool
reply_first_line(struct smtp_reply *r, uint8_t c)
{
	if (r->column < 3) {
		r->digits[r->column] = c;
		return c >= (r->column == 0 ? '1' : '0') && c <= '9';
	}
	r->more = c == '-';
	r->last = !r->more;
	return c == '-' || c == ' ' || c == '\r' || c == '\n';
}

/* The same of a line behind "250-": is it the last, "250 "? */
static void
reply_further_line(struct smtp_reply *r, uint8_t c)
{
	if (r->column == 3)
		r->last = c == ' ' || c == '\r' || c == '\n';
	else if (c != r->digits[r->column])
		r->column = SMTP_COLUMNS;       /* no more to see in it */
}

/* The columns of a line that are in this piece; false: the next is wrong. */
static bool
reply_columns(struct smtp_reply *r, const uint8_t *data, size_t size,
    size_t *taken)
{
	for (; *taken < size && r->column < SMTP_COLUMNS; ++*taken) {
		if (r->more)
			reply_further_line(r, data[*taken]);
		else if (!reply_first_line(r, data[*taken]))
			return false;
		if (data[*taken] == '\n')
			return true;
		if (r->column < SMTP_COLUMNS)
			r->column++;
	}
	return true;
}

/* What is there of a line, behind the first `taken` bytes of the piece. */
static size_t
reply_line(struct framer *f, const uint8_t *data, size_t size, size_t taken)
{
	struct smtp_reply *r = (struct smtp_reply *)f->state;
	bool found;

	if (!reply_columns(r, data, size, &taken))
		return framer_fail(f, taken, "0x%02x at the beginning of a "
		    "reply; three digits and a space or - would be right",
		    data[taken]);
	taken += until_byte(data + taken, size - taken, '\n', &found);
	if (!found)
		return taken;
	r->column = 0;
	if (r->last)
		reply_status(f, r);
	return taken;
}

static size_t
smtp_reply(struct framer *f, const uint8_t *data, size_t size)
{
	struct smtp_reply *r = (struct smtp_reply *)f->state;
	size_t taken = 0;

	while (taken < size && f->phase == FRAMER_MORE && !r->text)
		taken = reply_line(f, data, size, taken);
	if (taken < size && f->phase == FRAMER_MORE)
		taken += smtp_text(f, &r->dot, data + taken, size - taken);
	return taken;
}

const struct framing framing_smtp = {
	.name = "smtp",
	.usage = "smtp",
	.text = "SMTP, and the like of it (FTP, NNTP): a request is a line, or "
	    "after DATA a text; a reply begins with three digits.",
	.flags = FRAMING_GREETS,
	.request = smtp_request,
	.reply = smtp_reply,
};
