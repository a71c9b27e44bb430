/*
 * What the files of talking share; nobody else includes this.
 *
 *	talk.c          which way; standard input and output as bytes
 *	talk_edit.c     lines of a terminal, edited
 *	talk_screen.c   what the peer says, above the line that is typed
 *	talk_tty.c      the terminal's modes, and signals
 *	talk_history.c  the history's file
 *	talk_spell.c    a peer's bytes, harmless to a terminal
 */
#ifndef COMMAND_TALK_INTERNAL_H
#define COMMAND_TALK_INTERNAL_H

#include <histedit.h>

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>
#include <wchar.h>

#include "base/buf.h"
#include "command/talk.h"

#define TALK_HELD ((size_t)65536)       /* each way, before it is not read */

/* --- talk.c: the socket's side --- */

struct talk {
	int fd;
	const char *prompt;
	struct buf up;          /* taken, to be sent */
	bool broken;            /* the other end takes nothing more */
	bool over;              /* nothing more comes */
	struct talk_end end;
};

/* Record TALK_ERROR with errno; returns -1. */
int talk_fail(struct talk *t, const char *what);
/* Send what goes without waiting.  0, or -1 + talk_fail(). */
int talk_send(struct talk *t);
/*
 * Receive what is there: bytes; 0 nothing now, or `over`; -1 + talk_fail().
 */
ssize_t talk_receive(struct talk *t, void *data, size_t n);

/* --- talk_spell.c --- */

struct spell {
	uint8_t held[MB_LEN_MAX];       /* a character that is not whole */
	size_t nheld;
};

/* Take the environment's locale; UTF-8 where it says nothing of characters. */
void spell_locale(void);

/* Takes the next character; \n, \t, \r and what can be printed. */
typedef void spell_put(void *arg, wchar_t c);

/*
 * Spell bytes: characters of the locale as they are, others as ^X, \M-x and
 * \M^X, vis(3).  What is cut in mid-character is held for the next bytes.
 */
void spell_bytes(struct spell *s, const uint8_t *bytes, size_t n,
    spell_put *put, void *arg);
/* There are no next bytes. */
void spell_end(struct spell *s, spell_put *put, void *arg);
/* Append a character to b in the locale's bytes. */
void spell_append(struct buf *b, wchar_t c);

/* --- talk_screen.c --- */

#define SCREEN_LINE 4096

/*
 * The line that the peer has begun and not ended is the prompt of the line
 * that is typed: the cursor stands where a plain terminal would have it.
 */
struct screen {
	EditLine *el;
	struct spell spell;
	const wchar_t *prompt;          /* where the peer has begun none */
	wchar_t line[SCREEN_LINE + 1];  /* begun by the peer */
	size_t length;
	bool returned;                  /* behind it came \r */
	bool typing;                    /* libedit shows a line */
	struct buf out;
};

/* What is to stand before the line that is typed. */
wchar_t *screen_prompt(struct screen *s);
/* Show what the peer says, and the typed line again below. */
void screen_show(struct screen *s, const uint8_t *bytes, size_t n);
/* Its last bytes have come: the typed line goes, the peer's line ends. */
void screen_end(struct screen *s);
/* The typed line went off: the peer's next words begin a line. */
void screen_entered(struct screen *s);
/* The size has changed: draw all again, in the same place. */
void screen_redraw(struct screen *s);
/* The same at the beginning of the row in which the cursor is. */
void screen_begin(struct screen *s);
/* Put `mark` ("^C" …) at the cursor and go to a line below all. */
void screen_leave_line(struct screen *s, const char *mark);
void screen_clear(struct screen *s);

/* --- talk_tty.c --- */

#define TTY_SIGNALS 7

struct tty {
	struct termios saved;
	struct sigaction old[TTY_SIGNALS];
	int wake[2];                    /* readable: a signal came */
};

/* A mask of these. */
enum {
	TTY_INTERRUPT = 1 << 0,         /* ^C */
	TTY_STOP = 1 << 1,              /* ^Z */
	TTY_CONTINUE = 1 << 2,          /* by the shell */
	TTY_SIZE = 1 << 3,
};

/*
 * Remember the modes and take the signals.  Those that end the process restore
 * the modes first.  -1 + errno: nothing is to be undone.  One at a time.
 */
int tty_open(struct tty *t);
/* The signals since the last call. */
unsigned tty_signals(struct tty *t);
/* Stop as ^Z does, with the modes as they were; returns when continued. */
void tty_stop(struct tty *t);
void tty_close(struct tty *t);

/* --- talk_history.c --- */

struct past {
	History *history;
	History *newest;        /* the newest line alone, to be appended */
	char *path;             /* NULL: it is not kept */
};

/* Load it.  One that cannot be had is empty; one that is none is kept out. */
void past_open(struct past *p);
/* Keep a line (without its newline), unless it begins with a space. */
void past_add(struct past *p, const char *line);
void past_close(struct past *p);

/* --- talk_edit.c --- */

/*
 * False: this terminal allows no editing, nothing was done.  *status is the
 * exit status where the client left, else -1.
 */
bool edit_run(struct talk *t, int *status);

#endif
