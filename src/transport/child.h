/*
 * What links that are programs share (exec:, pty:), and the options of those,
 * of on-connect and of terminals.
 *
 * Such a link is up when its program has said something, or has not ended
 * within CHILD_SETTLE_MS: a shell that finds no program has told so by then.
 * After one that was there the next is up at once.  It ends with the program,
 * and its end tells how that ended.
 */
#ifndef TRANSPORT_CHILD_H
#define TRANSPORT_CHILD_H

#include <termios.h>

#include "keeper/spawn.h"
#include "transport/link.h"

enum child_stderr { CHILD_STDERR_LOG, CHILD_STDERR_OUT };
enum child_terminal { CHILD_TERMINAL_COOKED, CHILD_TERMINAL_ECHO,
	CHILD_TERMINAL_RAW };
enum child_parity { CHILD_PARITY_NONE, CHILD_PARITY_EVEN, CHILD_PARITY_ODD };
enum child_flow { CHILD_FLOW_NONE, CHILD_FLOW_RTSCTS, CHILD_FLOW_XONXOFF };

struct child_options {
	char *on_connect;       /* NULL: none */
	int standard_error;     /* enum child_stderr */
	int terminal;           /* enum child_terminal, of pty: */
	char *window;           /* "80x24"; NULL: that */
	int speed;
	int bits, stop;
	int parity;             /* enum child_parity */
	int flow;               /* enum child_flow */
	bool modem;
};
#define CHILD_NROWS 4
#define LINE_NROWS 6
extern const struct option_row child_option_rows[CHILD_NROWS];
extern const struct option_row line_option_rows[LINE_NROWS];

struct child_link {
	struct link link;       /* first */
	struct keeper_child *child;     /* NULL: not begun, or ended */
	bool settled;           /* it is up */
	bool ended;             /* with this status */
	int status;
	bool closed;            /* its side is closed, and it runs on */
	bool told_end;          /* read() has said that this was all */
	bool in_line;           /* pty: the last byte sent ended no line */
	struct timer timer;     /* settling; then closed and not ended yet */
	char last[120];         /* what it said last on standard error */
};

/* Run the program that the URL names with `fd`; taken over. 0, or -1 + why. */
int child_start(struct child_link *c, int fd, bool terminal);
int child_advance(struct link *l);
/*
 * The descriptor gives nothing more for now (EAGAIN), or for good: what
 * read() says then.
 */
ssize_t child_read_end(struct child_link *c, bool for_good);
/*
 * The same for write(): where nobody reads any more, reading tells of the end,
 * and then there is no room for ever.
 */
ssize_t child_write_end(struct child_link *c, bool for_good);
void child_close(struct link *l);
/* LINK_PEER and LINK_END. */
bool child_fact(const struct link *l, enum link_fact fact, char *out,
    size_t size);
int child_check(const struct url *url, struct why *why);

/* "80x24" into *size.  0, or -1 + FAULT_USAGE. */
struct winsize;
int child_window(const char *text, struct winsize *size, struct why *why);
/* Bytes as they are: no signals, no editing, no changes (cfmakeraw(3)). */
void child_raw(struct termios *t);

#endif
