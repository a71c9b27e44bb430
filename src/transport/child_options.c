/*
 * Options of programs and of terminals.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "transport/child.h"

#define CHILD_ROW(field) .offset = offsetof(struct child_options, field)
#define CHILD_WINDOW_MAX 1000

int
child_window(const char *text, struct winsize *size, struct why *why)
{
	char columns[8];
	size_t n = strcspn(text, "x");
	const char *flaw = NULL, *worse = NULL;

	memset(size, 0, sizeof(*size));
	strlcpy(columns, text, n < sizeof(columns) ? n + 1 : sizeof(columns));
	size->ws_col = (unsigned short)strtonum(columns, 1, CHILD_WINDOW_MAX,
	    &flaw);
	size->ws_row = (unsigned short)strtonum(text + n + (text[n] == 'x'), 1,
	    CHILD_WINDOW_MAX, &worse);
	if (n < sizeof(columns) && flaw == NULL && worse == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is not COLUMNSxROWS, of 1 "
	    "to %d each", text, CHILD_WINDOW_MAX);
}

static int
window_check(const char *text, struct why *why)
{
	struct winsize size;

	return child_window(text, &size, why);
}

static int
speed_check(const char *text, struct why *why)
{
	struct termios t = { 0 };

	if (cfsetspeed(&t, (speed_t)strtonum(text, 1, 4000000, NULL)) == 0)
		return 0;
	return why_fail(why, FAULT_USAGE, "%.20s is no speed of a serial "
	    "line here; there are 9600, 19200, 38400, 57600, 115200 and "
	    "others", text);
}

const struct option_row child_option_rows[CHILD_NROWS] = {
	{ .name = "on-connect",
	    .type = OPTION_STRING,
	    /* Not live: whoever may write to `ctl' need not be the owner. */
	    CHILD_ROW(on_connect),
	    .text = "Run this command by /bin/sh on each fresh connection, "
		    "before any client's byte, with the connection as its "
		    "standard input and output; the session is up when it "
		    "exits with 0." },
	{ .name = "stderr",
	    .type = OPTION_CHOICE,
	    CHILD_ROW(standard_error),
	    .choices = "log|out",
	    .value = "log",
	    .live = true,
	    .text = "What a program of exec: or pty: says on its standard "
		    "error goes to log, line by line, or to out with the "
		    "rest." },
	{ .name = "terminal",
	    .type = OPTION_CHOICE,
	    CHILD_ROW(terminal),
	    .choices = "cooked|echo|raw",
	    .value = "cooked",
	    .text = "The terminal of pty: edits lines and makes signals of "
		    "control characters (cooked), and echoes and ends lines "
		    "with CR LF as on a screen (echo), or passes bytes as "
		    "they are (raw)." },
	{ .name = "window",
	    .type = OPTION_STRING,
	    CHILD_ROW(window),
	    .check = window_check,
	    .live = true,
	    .text = "The size of pty:'s terminal, COLUMNSxROWS, 80x24 where "
		    "this is empty; the program is told when it changes." },
};

const struct option_row line_option_rows[LINE_NROWS] = {
	{ .name = "speed",
	    .type = OPTION_INT,
	    CHILD_ROW(speed),
	    .min = 50,
	    .max = 4000000,
	    .value = "9600",
	    .check = speed_check,
	    .live = true,
	    .text = "Of tty:, bits a second, both ways." },
	{ .name = "bits",
	    .type = OPTION_INT,
	    CHILD_ROW(bits),
	    .min = 5,
	    .max = 8,
	    .value = "8",
	    .live = true,
	    .text = "Of tty:, the bits of a character." },
	{ .name = "parity",
	    .type = OPTION_CHOICE,
	    CHILD_ROW(parity),
	    .choices = "none|even|odd",
	    .value = "none",
	    .live = true,
	    .text = "Of tty:, the bit that checks the others." },
	{ .name = "stop",
	    .type = OPTION_INT,
	    CHILD_ROW(stop),
	    .min = 1,
	    .max = 2,
	    .value = "1",
	    .live = true,
	    .text = "Of tty:, the bits that end a character." },
	{ .name = "flow-control",
	    .type = OPTION_CHOICE,
	    CHILD_ROW(flow),
	    .choices = "none|rtscts|xonxoff",
	    .value = "none",
	    .live = true,
	    .text = "Of tty:, how one side tells the other to wait: not at "
		    "all, by wires of its own, or by the bytes 17 and 19, "
		    "which then are not passed on." },
	{ .name = "modem",
	    .type = OPTION_BOOL,
	    CHILD_ROW(modem),
	    .value = "no",
	    .live = true,
	    .text = "Of tty:, heed the line's carrier: without one there "
		    "is no connection, and it ends when that is lost." },
};
