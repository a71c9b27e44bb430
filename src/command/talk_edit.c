/*
 * Lines of a terminal, edited by libedit.  It reads keys through edit_getc(),
 * which waits for the socket and for signals as well; whatever ends the line
 * that is being typed, but for Enter and ^D, is an `event'.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/why.h"
#include "command/talk_internal.h"

#define EDIT_READ 16384

enum edit_event {
	EDIT_NONE,
	EDIT_DROP,      /* ^C: the line is void */
	EDIT_LEAVE,     /* ^D, or the terminal has gone */
	EDIT_CANCEL,    /* ^C again */
	EDIT_END,       /* see talk.over and talk.end */
};

struct edit {
	struct talk *talk;
	EditLine *el;
	struct screen screen;
	struct tty tty;
	struct past past;
	enum edit_event event;
	bool interrupted;               /* ^C, and no key since */
	char key[MB_LEN_MAX];           /* a character that is not whole */
	size_t nkey;
};

static struct edit *
edit_of(EditLine *el)
{
	void *arg = NULL;

	el_get(el, EL_CLIENTDATA, &arg);
	return arg;
}

static wchar_t *
edit_prompt(EditLine *el)
{
	return screen_prompt(&edit_of(el)->screen);
}

/* ---- events */

static bool
edit_line_empty(struct edit *e)
{
	const LineInfoW *line = el_wline(e->el);

	return line->buffer == line->lastchar;
}

/* ^C drops the line; where there is none, and it was the last key too, more. */
static void
edit_interrupt(struct edit *e)
{
	bool empty = edit_line_empty(e);

	e->event = EDIT_DROP;
	if (!e->screen.typing || (empty && e->interrupted))
		e->event = EDIT_CANCEL;
	if (e->screen.typing)
		screen_leave_line(&e->screen, empty && !e->interrupted ?
		    "^C (again, or ^D: leave)" : "^C");
	e->interrupted = true;
}

static void
edit_stop(struct edit *e)
{
	if (e->screen.typing)
		screen_leave_line(&e->screen, "^Z");
	tty_stop(&e->tty);
}

/* The shell has had the terminal: set its modes and draw all again. */
static void
edit_continue(struct edit *e)
{
	el_set(e->el, EL_PREP_TERM, 0);
	el_set(e->el, EL_PREP_TERM, 1);
	el_resize(e->el);
	screen_begin(&e->screen);
}

static void
edit_signals(struct edit *e)
{
	unsigned mask = tty_signals(&e->tty);

	if (mask & TTY_STOP) {
		edit_stop(e);
		mask |= TTY_CONTINUE | tty_signals(&e->tty);
	}
	if (mask & TTY_CONTINUE) {
		edit_continue(e);
	} else if (mask & TTY_SIZE) {
		el_resize(e->el);
		screen_redraw(&e->screen);
	}
	if (mask & TTY_INTERRUPT)
		edit_interrupt(e);
}

static void
edit_receive(struct edit *e)
{
	uint8_t bytes[EDIT_READ];
	ssize_t n = talk_receive(e->talk, bytes, sizeof(bytes));

	if (n > 0)
		screen_show(&e->screen, bytes, (size_t)n);
	else if (n == -1 || e->talk->over)
		e->event = EDIT_END;
}

/* Wait for something and do it.  True: a key can be read. */
static bool
edit_turn(struct edit *e, bool keys)
{
	struct talk *t = e->talk;
	size_t held = buf_length(&t->up);
	struct pollfd fds[] = {
		{ .fd = e->tty.wake[0], .events = POLLIN },
		{ .fd = t->fd, .events = POLLIN | (held > 0 ? POLLOUT : 0) },
		{ .fd = keys && held < TALK_HELD ? STDIN_FILENO : -1,
		    .events = POLLIN },
	};

	if (poll(fds, 3, -1) == -1)
		return false;
	if (fds[0].revents)
		edit_signals(e);
	if (e->event == EDIT_NONE && fds[1].revents & ~POLLOUT)
		edit_receive(e);
	if (e->event == EDIT_NONE && fds[1].revents & POLLOUT &&
	    talk_send(t) == -1)
		e->event = EDIT_END;
	return e->event == EDIT_NONE && fds[2].revents;
}

/* ---- keys */

/* Read a byte: 1 and a character that is whole now, 0, or -1 the end. */
static int
edit_read(struct edit *e, wchar_t *c)
{
	mbstate_t state;
	size_t n;

	if (read(STDIN_FILENO, e->key + e->nkey, 1) != 1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	e->interrupted = false;
	memset(&state, 0, sizeof(state));
	n = mbrtowc(c, e->key, ++e->nkey, &state);
	if (n == (size_t)-2 && e->nkey < sizeof(e->key))
		return 0;
	e->nkey = 0;
	return n < sizeof(e->key) ? 1 : 0;
}

/* el_rfunc_t, EL_GETCFN. */
static int
edit_getc(EditLine *el, wchar_t *c)
{
	struct edit *e = edit_of(el);
	int rv = 0;

	while (rv == 0 && e->event == EDIT_NONE)
		if (edit_turn(e, true)) {
			errno = 0;
			rv = edit_read(e, c);
		}
	if (rv == -1)
		e->event = EDIT_LEAVE;
	if (rv == 1)
		return 1;
	*c = L'\0';
	errno = EINTR;
	return -1;
}

/* ---- lines */

static void
edit_entered(struct edit *e, const char *line, size_t n)
{
	char *kept;

	screen_entered(&e->screen);
	if (buf_append(&e->talk->up, line, n) == -1) {
		talk_fail(e->talk, "memory");
		e->event = EDIT_END;
		return;
	}
	if (talk_send(e->talk) == -1)
		e->event = EDIT_END;
	kept = strndup(line, line[n - 1] == '\n' ? n - 1 : n);
	if (kept != NULL)
		past_add(&e->past, kept);
	free(kept);
}

/* One line: typed and sent, or ended by an event. */
static void
edit_line(struct edit *e)
{
	const char *line;
	int n = 0;

	e->screen.typing = true;
	line = el_gets(e->el, &n);
	if (e->event == EDIT_END)
		screen_end(&e->screen);
	e->screen.typing = false;
	if (e->event == EDIT_DROP)
		e->event = EDIT_NONE;
	else if (e->event == EDIT_NONE && line != NULL && n > 0)
		edit_entered(e, line, (size_t)n);
	else if (e->event == EDIT_NONE) {
		screen_leave_line(&e->screen, "");
		e->event = EDIT_LEAVE;
	}
}

/* Who leaves by ^D has sent what was typed; ^C goes at once. */
static void
edit_finish(struct edit *e)
{
	if (e->event != EDIT_LEAVE)
		return;
	e->event = EDIT_NONE;
	while (e->event == EDIT_NONE && buf_length(&e->talk->up) > 0)
		edit_turn(e, false);
	if (e->event == EDIT_NONE)
		e->event = EDIT_LEAVE;
}

/* ---- beginning and end */

/* Keys beyond libedit's own, as on most keyboards. */
static void
edit_bind(EditLine *el)
{
	static const char *const keys[][2] = {
		{ "^R", "em-inc-search-prev" },
		{ "^W", "ed-delete-prev-word" },
		{ "\\e[3~", "ed-delete-next-char" },
		{ "\\e[1~", "ed-move-to-beg" },
		{ "\\e[4~", "ed-move-to-end" },
		{ "\\e[H", "ed-move-to-beg" },
		{ "\\e[F", "ed-move-to-end" },
		{ "\\e[1;5D", "ed-prev-word" },
		{ "\\e[1;5C", "em-next-word" },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static void
edit_setup(struct edit *e)
{
	EditLine *el = e->el;

	el_set(el, EL_CLIENTDATA, e);
	el_wset(el, EL_PROMPT, edit_prompt);
	el_set(el, EL_SIGNAL, 0);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_GETCFN, edit_getc);
	if (e->past.history != NULL)
		el_set(el, EL_HIST, history, e->past.history);
	edit_bind(el);
	el_source(el, NULL);
	el_set(el, EL_EDITMODE, 1);
	/*
	 * Between two lines the terminal stays as it is while one is edited:
	 * what is typed ahead is neither echoed twice nor made a line of.
	 */
	el_set(el, EL_SETTY, "-x", "-icanon", "-echo", "-iexten", NULL);
}

/* Can the cursor go up, and clear what is below it? */
static bool
edit_able(EditLine *el)
{
	char *up = NULL, *clear = NULL;

	return el_get(el, EL_GETTC, "up", &up) == 0 && up != NULL &&
	    *up != '\0' && el_get(el, EL_GETTC, "cd", &clear) == 0 &&
	    clear != NULL && *clear != '\0';
}

/* The prompt in the locale's characters; NULL is none. */
static void
edit_prompt_set(struct edit *e, const char *prompt)
{
	static wchar_t wide[64];

	if (prompt != NULL)
		mbstowcs(wide, prompt, sizeof(wide) / sizeof(wide[0]) - 1);
	e->screen.prompt = wide;
}

static int
edit_open(struct edit *e)
{
	spell_locale();
	fflush(stdout);
	if (tty_open(&e->tty) == -1)
		return -1;
	e->el = el_init("fifoctl", stdin, stdout, stderr);
	if (e->el != NULL && edit_able(e->el)) {
		e->screen.el = e->el;
		edit_prompt_set(e, e->talk->prompt);
		past_open(&e->past);
		edit_setup(e);
		return 0;
	}
	if (e->el != NULL)
		el_end(e->el);
	tty_close(&e->tty);
	return -1;
}

static void
edit_close(struct edit *e)
{
	el_end(e->el);
	tty_close(&e->tty);
	past_close(&e->past);
	screen_clear(&e->screen);
}

/* How it ended, as an exit status; -1: it is for talk.c to say. */
static int
edit_status(const struct edit *e)
{
	if (e->event == EDIT_END)
		return -1;
	e->talk->end.how = TALK_CLIENT_LEFT;
	return e->event == EDIT_CANCEL ? FAULT_CANCELLED : FAULT_NONE;
}

bool
edit_run(struct talk *t, int *status)
{
	struct edit *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return false;
	e->talk = t;
	if (edit_open(e) == -1) {
		free(e);
		return false;
	}
	while (e->event == EDIT_NONE)
		edit_line(e);
	edit_finish(e);
	*status = edit_status(e);
	edit_close(e);
	free(e);
	return true;
}
