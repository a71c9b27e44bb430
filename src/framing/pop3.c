/*
 * POP3, RFC 1939: a reply is a line, and after some commands, if that line
 * says +OK, more of them up to one of a single dot.
 */
#include "framing/dot.h"
#include "framing/until.h"

/*
 * Commands whose good reply has many lines; of some only where they stand
 * alone: "LIST 1" is answered by one line.
 */
static const struct pop3_row {
	const char *command;
	bool alone;
} pop3_rows[] = {
	{ "RETR", false },
	{ "TOP", false },
	{ "CAPA", false },
	{ "LIST", true },
	{ "UIDL", true },
	{ "AUTH", true },       /* RFC 5034: lists what may be asked for */
};

#define POP3_NROWS	(sizeof(pop3_rows) / sizeof(pop3_rows[0]))

/* How a reply begins; a blank or the end of the line follows. */
static const char *const pop3_statuses[] = { "+OK", "-ERR", "+" };

enum { POP3_OK, POP3_ERR, POP3_GO_ON, POP3_NSTATUSES };

struct pop3 {
	bool known;             /* the status */
	uint8_t status;
	uint8_t seen;           /* bytes of it */
	uint8_t excluded;       /* a bit each: statuses it is not */
	struct dot dot;
};

static bool
pop3_multiline(const struct until_line *line)
{
	const char *argument;
	size_t i;

	for (i = 0; i < POP3_NROWS; i++) {
		argument = until_argument(line, pop3_rows[i].command);
		if (argument != NULL)
			return !pop3_rows[i].alone || *argument == '\0';
	}
	return false;
}

static size_t
pop3_request(struct framer *f, const uint8_t *data, size_t size)
{
	struct until_line *line = (struct until_line *)f->state;
	bool found;
	size_t taken = until_line(line, data, size, &found);

	if (!found)
		return taken;
	f->phase = FRAMER_END;
	if (pop3_multiline(line))
		f->message.flags |= MESSAGE_MULTILINE;
	if (until_argument(line, "QUIT") != NULL)
		f->message.flags |= MESSAGE_CLOSE;
	return taken;
}

static bool
pop3_blank(uint8_t c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/* The next byte of a status; false: there is no such status. */
static bool
pop3_status_byte(struct pop3 *p, uint8_t c)
{
	const char *status;
	uint8_t i;

	for (i = 0; i < POP3_NSTATUSES; i++) {
		status = pop3_statuses[i] + p->seen;
		if (p->excluded >> i & 1)
			continue;
		if (*status == '\0' && pop3_blank(c)) {
			p->status = i;
			p->known = true;
		} else if (*status == '\0' || (uint8_t)*status != c)
			p->excluded |= (uint8_t)(1u << i);
	}
	p->seen++;
	return p->excluded != (1u << POP3_NSTATUSES) - 1;
}

/* Look at what of the status is in this piece: where it is wrong, or size. */
static size_t
pop3_status(struct framer *f, const uint8_t *data, size_t size)
{
	struct pop3 *p = (struct pop3 *)f->state;
	size_t i;

	for (i = 0; i < size && !p->known; i++)
		if (!pop3_status_byte(p, data[i]))
			return i;
	if (p->known && p->status == POP3_ERR)
		f->message.flags |= MESSAGE_BAD;
	return size;
}

static size_t
pop3_reply(struct framer *f, const uint8_t *data, size_t size)
{
	struct pop3 *p = (struct pop3 *)f->state;
	size_t taken = pop3_status(f, data, size);
	bool found;

	if (taken < size)
		return framer_fail(f, taken, "0x%02x in the status of a "
		    "reply; +OK, -ERR or + and a space would be right",
		    data[taken]);
	if ((f->before.flags & MESSAGE_MULTILINE) == 0 ||
	    (p->known && p->status != POP3_OK))
		return until_end(f, data, size, '\n');
	/* The status line too: it says how lines end. */
	taken = dot_take(&p->dot, data, size, &found);
	if (found)
		f->phase = FRAMER_END;
	return taken;
}

const struct framing framing_pop3 = {
	.name = "pop3",
	.usage = "pop3",
	.text = "POP3: a request is a line; a reply is a line, or ends with a "
	    "line of a single dot where the command asks for many.",
	.flags = FRAMING_GREETS,
	.request = pop3_request,
	.reply = pop3_reply,
};
