#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ledger.h"
#include "base/log.h"
#include "base/xalloc.h"

/* What is not used costs nothing: the file has no such page. */
#define LEDGER_SIZE (LEDGER_ROWS * sizeof(struct ledger_row))

/* The state in one word, from the lowest bit. */
enum {
	STATE_OPEN = 0,         /* 16 bits each */
	STATE_BEFORE = 16,
	STATE_REPLY = 32,       /* 2 */
	STATE_SLOT = 34,        /* 2 */
	STATE_FAILED = 36,      /* 1 each */
	STATE_TAKING = 37,
	STATE_HALF = 38,
	STATE_BUSY = 39,
	STATE_ASKED = 40,
	STATE_LINKED = 41,
	STATE_FAILED_FOR_GOOD = 42,
};
#define STATE_MOST UINT16_MAX

/*
 * The first row is none: it counts those that were ever given out, itself
 * included, and has the stage.
 */
#define FIRST_COUNT number[0]
#define FIRST_STAGED number[1]  /* whose bytes stand there, or 0 */
#define FIRST_SIZE state        /* ... and how many it has with these */
#define FIRST_STAGE fd[0]

static struct {
	struct ledger_row *rows;
	uint32_t vacant;        /* the first that is free again, or 0; each has
				   the next one in `session' */
	size_t beyond;          /* are out, for which there was no room */
	bool told;
} ledger;

/* Nobody's. */
static struct ledger_row ledger_void;

/* 0: it is not of these. */
static uint32_t
ledger_number(const struct ledger_row *row)
{
	uintptr_t at = (uintptr_t)row - (uintptr_t)ledger.rows;

	return ledger.rows != NULL && at < LEDGER_SIZE ?
	    (uint32_t)(at / sizeof(*row)) : 0;
}

static int
ledger_map(int fd, int flags)
{
	struct ledger_row *rows = mmap(NULL, LEDGER_SIZE, PROT_READ | PROT_WRITE,
	    flags | MAP_NORESERVE, fd, 0);

	if (rows == MAP_FAILED)
		return -1;
	ledger.rows = rows;
	ledger.vacant = 0;
	rows[0].FIRST_COUNT = 1;
	rows[0].FIRST_STAGE = -1;
	return 0;
}

int
ledger_begin(int fd)
{
	if (ftruncate(fd, LEDGER_SIZE) == -1)
		return -1;
	return ledger_map(fd, MAP_SHARED);
}

void
ledger_end(void)
{
	if (ledger.rows != NULL)
		munmap(ledger.rows, LEDGER_SIZE);
	ledger.rows = NULL;
}

void
ledger_stage(int fd)
{
	if (ledger.rows != NULL)
		ledger.rows[0].FIRST_STAGE = fd;
}

/* One of its own, for whom there is no room. */
static struct ledger_row *
ledger_beyond(void)
{
	if (!ledger.told)
		log_warn("%d things are open: what comes from now on does not "
		    "outlive the engine", LEDGER_ROWS - 1);
	ledger.told = true;
	ledger.beyond++;
	return xcalloc(1, sizeof(struct ledger_row));
}

static struct ledger_row *
ledger_vacant(void)
{
	struct ledger_row *row;

	if (ledger.rows == NULL && ledger_map(-1, MAP_PRIVATE | MAP_ANONYMOUS)
	    == -1)
		return ledger_beyond();
	if (ledger.vacant > 0) {
		row = &ledger.rows[ledger.vacant];
		ledger.vacant = row->session;
		return row;
	}
	return ledger.rows[0].FIRST_COUNT < LEDGER_ROWS ?
	    &ledger.rows[ledger.rows[0].FIRST_COUNT++] : ledger_beyond();
}

bool
ledger_is_whole(void)
{
	return ledger.beyond == 0;
}

/* Its kind last: half of a row is none. */
struct ledger_row *
ledger_new(enum ledger_kind kind, const struct ledger_row *session,
    const char *name)
{
	struct ledger_row *row = ledger_vacant();
	size_t i;

	row->session = ledger_number(session != NULL ? session : row);
	for (i = 0; i < LEDGER_FDS; i++)
		row->fd[i] = -1;
	row->state = row->number[0] = row->number[1] = 0;
	memset(row->name, 0, sizeof(row->name));
	memcpy(row->name, name, strnlen(name, sizeof(row->name)));
	atomic_signal_fence(memory_order_seq_cst);
	row->kind = kind;
	return row;
}

void
ledger_free(struct ledger_row *row)
{
	uint32_t number = ledger_number(row);

	if (row == NULL || row == &ledger_void)
		return;
	if (number == 0) {
		ledger.beyond--;
		free(row);
		return;
	}
	row->kind = LEDGER_FREE;
	atomic_signal_fence(memory_order_seq_cst);
	row->session = ledger.vacant;
	ledger.vacant = number;
}

struct ledger_row *
ledger_none(void)
{
	return &ledger_void;
}

/* --- what a former engine has left --- */

static struct {
	struct ledger_left *at; /* by session and kind */
	size_t n;
} past;

static int
left_compare(const void *a, const void *b)
{
	const struct ledger_left *x = a, *y = b;
	int order = strcmp(x->of, y->of);

	return order != 0 ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static void
left_name(char out[LEDGER_NAME + 1], const struct ledger_row *row)
{
	memcpy(out, row->name, LEDGER_NAME);
	out[LEDGER_NAME] = '\0';
}

static void
left_read(struct ledger_left *left, const struct ledger_row *rows, size_t n,
    const struct ledger_row *row)
{
	uint32_t session = row->session;
	size_t i;

	*left = (struct ledger_left){ .kind = (enum ledger_kind)row->kind,
		.state = ledger_get(row),
		.number = { row->number[0], row->number[1] } };
	for (i = 0; i < LEDGER_FDS; i++)
		left->fd[i] = row->fd[i];
	left_name(left->name, row);
	if (session > 0 && session < n)
		left_name(left->of, &rows[session]);
}

/* What has not gone from the stage has not gone. */
static void
left_settle(struct ledger_left *left, const struct ledger_row *first,
    int stage)
{
	uint64_t size = first->FIRST_SIZE;
	int n = 0;

	if (stage == -1 || ioctl(stage, FIONREAD, &n) == -1 || n < 0)
		left->number[0] = LEDGER_UNKNOWN;
	else
		left->number[0] = size > (uint64_t)n ? size - (uint64_t)n : 0;
}

static void
past_read(const struct ledger_row *rows, size_t n, int stage)
{
	size_t i;

	past.at = xcalloc(n, sizeof(*past.at));
	for (i = 1; i < n; i++) {
		if (rows[i].kind == LEDGER_FREE)
			continue;
		left_read(&past.at[past.n], rows, n, &rows[i]);
		if (i == rows[0].FIRST_STAGED)
			left_settle(&past.at[past.n], &rows[0], stage);
		past.n++;
	}
}

static void
past_fetch(ledger_fetch *fetch, void *arg)
{
	int *numbers = xcalloc(past.n, LEDGER_FDS * sizeof(*numbers));
	int *fds = xcalloc(past.n, LEDGER_FDS * sizeof(*fds));
	size_t i, n = 0;

	for (i = 0; i < past.n * LEDGER_FDS; i++)
		if (past.at[i / LEDGER_FDS].fd[i % LEDGER_FDS] != -1)
			numbers[n++] =
			    past.at[i / LEDGER_FDS].fd[i % LEDGER_FDS];
	fetch(numbers, fds, n, arg);
	for (i = past.n * LEDGER_FDS; i-- > 0; )
		if (past.at[i / LEDGER_FDS].fd[i % LEDGER_FDS] != -1)
			past.at[i / LEDGER_FDS].fd[i % LEDGER_FDS] = fds[--n];
	free(numbers);
	free(fds);
}

size_t
ledger_remember(int fd, ledger_fetch *fetch, void *arg)
{
	const struct ledger_row *rows;
	int stage = -1;
	struct stat st;
	size_t n;

	if (fstat(fd, &st) == -1 || st.st_size != (off_t)LEDGER_SIZE)
		return 0;
	rows = mmap(NULL, LEDGER_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (rows == MAP_FAILED)
		return 0;
	/* Once: others may still be able to write there. */
	n = ((const volatile struct ledger_row *)rows)->FIRST_COUNT;
	if (n > LEDGER_ROWS)
		n = LEDGER_ROWS;
	if (rows[0].FIRST_STAGE != -1)
		fetch(&rows[0].FIRST_STAGE, &stage, 1, arg);
	past_read(rows, n, stage);
	if (stage != -1)
		close(stage);
	munmap((void *)(uintptr_t)rows, LEDGER_SIZE);
	if (past.n > 0)
		past_fetch(fetch, arg);
	qsort(past.at, past.n, sizeof(*past.at), left_compare);
	return past.n;
}

/* The first of what this session had of this kind, or where it would be. */
static size_t
past_find(const struct ledger_left *key)
{
	size_t from = 0, to = past.n, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (left_compare(&past.at[middle], key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The next of these that is not claimed yet; NULL: none. */
static struct ledger_left *
past_next(enum ledger_kind kind, const char *of, const char *name)
{
	struct ledger_left key = { .kind = kind }, *left;
	size_t i;

	strlcpy(key.of, of, sizeof(key.of));
	for (i = past_find(&key); i < past.n; i++) {
		left = &past.at[i];
		if (left_compare(left, &key) != 0)
			break;
		if (!left->claimed && (name == NULL ||
		    strncmp(left->name, name, LEDGER_NAME) == 0))
			return left;
	}
	return NULL;
}

bool
ledger_has(enum ledger_kind kind, const char *of, const char *name)
{
	return past_next(kind, of, name) != NULL;
}

struct ledger_left *
ledger_claim(enum ledger_kind kind, const char *of, const char *name)
{
	struct ledger_left *left = past_next(kind, of, name);

	if (left == NULL)
		return NULL;
	left->claimed = true;
	ledger_free(left->row);
	left->row = NULL;
	return left;
}

/* Each session is the first of its own. */
void
ledger_keep(void)
{
	struct ledger_row *session = NULL;
	struct ledger_left *left;
	size_t i, k;

	for (k = 0; k < past.n; k++) {
		left = &past.at[k];
		if (left->kind == LEDGER_SESSION)
			session = left->row;
		if (left->claimed || session == NULL)
			continue;
		left->row = ledger_new(left->kind, session, left->name);
		for (i = 0; i < LEDGER_FDS; i++)
			left->row->fd[i] = left->fd[i];
		left->row->number[0] = left->number[0];
		left->row->number[1] = left->number[1];
		ledger_set(left->row, &left->state);
	}
}

int
ledger_inherit(struct ledger_left *left, size_t which)
{
	int fd = left->fd[which];

	left->fd[which] = -1;
	return fd;
}

void
ledger_forget(void)
{
	size_t i, k;

	for (i = 0; i < past.n; i++) {
		if (!past.at[i].claimed)
			ledger_free(past.at[i].row);
		for (k = 0; k < LEDGER_FDS; k++)
			if (past.at[i].fd[k] != -1)
				close(past.at[i].fd[k]);
	}
	free(past.at);
	past.at = NULL;
	past.n = 0;
}

/* --- its state --- */

static uint64_t
state_bits(uint64_t word, int shift, uint64_t most)
{
	return word >> shift & most;
}

struct ledger_state
ledger_get(const struct ledger_row *row)
{
	uint64_t word = row->state;

	return (struct ledger_state){
		.open = (unsigned)state_bits(word, STATE_OPEN, STATE_MOST),
		.before = (unsigned)state_bits(word, STATE_BEFORE, STATE_MOST),
		.reply = (enum ledger_reply)state_bits(word, STATE_REPLY, 3),
		.slot = (unsigned)state_bits(word, STATE_SLOT, 3),
		.failed = state_bits(word, STATE_FAILED, 1),
		.taking = state_bits(word, STATE_TAKING, 1),
		.half = state_bits(word, STATE_HALF, 1),
		.busy = state_bits(word, STATE_BUSY, 1),
		.asked = state_bits(word, STATE_ASKED, 1),
		.linked = state_bits(word, STATE_LINKED, 1),
		.failed_for_good = state_bits(word, STATE_FAILED_FOR_GOOD, 1),
	};
}

void
ledger_set(struct ledger_row *row, const struct ledger_state *s)
{
	atomic_store_explicit(&row->state,
	    (uint64_t)s->open << STATE_OPEN |
	    (uint64_t)s->before << STATE_BEFORE |
	    (uint64_t)s->reply << STATE_REPLY |
	    (uint64_t)(s->slot & 3) << STATE_SLOT |
	    (uint64_t)s->failed << STATE_FAILED |
	    (uint64_t)s->taking << STATE_TAKING |
	    (uint64_t)s->half << STATE_HALF |
	    (uint64_t)s->busy << STATE_BUSY |
	    (uint64_t)s->asked << STATE_ASKED |
	    (uint64_t)s->linked << STATE_LINKED |
	    (uint64_t)s->failed_for_good << STATE_FAILED_FOR_GOOD,
	    memory_order_relaxed);
}

void
ledger_opened(struct ledger_row *row)
{
	struct ledger_state state = ledger_get(row);

	state.open += state.open < STATE_MOST;
	ledger_set(row, &state);
}

void
ledger_closed(struct ledger_row *row)
{
	struct ledger_state state = ledger_get(row);

	state.open -= state.open > 0;
	ledger_set(row, &state);
}

void
ledger_taking(struct ledger_row *row)
{
	struct ledger_state state = ledger_get(row);

	state.taking = true;
	state.before = state.open;
	ledger_set(row, &state);
}

void
ledger_taken(struct ledger_row *row, bool half)
{
	struct ledger_state state = ledger_get(row);

	state.taking = false;
	state.half = half;
	ledger_set(row, &state);
}

void
ledger_begun(struct ledger_row *row)
{
	struct ledger_state state = ledger_get(row);

	state.open -= state.open > 0;
	state.reply = LEDGER_WRITING;
	state.failed = false;
	ledger_set(row, &state);
}

void
ledger_reply(struct ledger_row *row, enum ledger_reply reply, bool failed,
    unsigned slot)
{
	struct ledger_state state = ledger_get(row);

	state.reply = reply;
	state.failed = failed;
	state.slot = slot;
	ledger_set(row, &state);
}

void
ledger_staged(struct ledger_row *row, uint64_t size)
{
	uint32_t number = ledger_number(row);

	if (number == 0)
		return;
	ledger.rows[0].FIRST_SIZE = size;
	atomic_signal_fence(memory_order_seq_cst);
	ledger.rows[0].FIRST_STAGED = number;
}

void
ledger_sent(struct ledger_row *row, uint64_t size)
{
	row->number[0] = size;
	atomic_signal_fence(memory_order_seq_cst);
	if (ledger_number(row) > 0)
		ledger.rows[0].FIRST_STAGED = 0;
}

void
ledger_busy(struct ledger_row *row, bool busy)
{
	struct ledger_state state = ledger_get(row);

	state.busy = busy;
	ledger_set(row, &state);
}

void
ledger_asked(struct ledger_row *row, bool asked)
{
	struct ledger_state state = ledger_get(row);

	state.asked = asked;
	ledger_set(row, &state);
}

unsigned
ledger_owed(const struct ledger_state *state)
{
	if (state->taking && state->open <= state->before && !state->half)
		return state->before + 1;
	return state->open;
}
