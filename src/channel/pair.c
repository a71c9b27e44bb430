#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/pair.h"

const struct option_row channel_option_rows[3] = {
	{ .name = "mode",
	    .type = OPTION_MODE,
	    .offset = offsetof(struct channel_options, mode),
	    .min = 0600,
	    .max = 0666,
	    .value = "0600",
	    .live = true,
	    .text = "Permissions of the FIFOs; status and log may be read by "
		    "whom they let read." },
	{ .name = "group",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct channel_options, group),
	    .value = "",
	    .text = "Group of the directory (which it may then enter) and of "
		    "the FIFOs; give mode=0660 with it." },
	{ .name = "pipe-size",
	    .type = OPTION_SIZE,
	    .offset = offsetof(struct channel_options, pipe_size),
	    .min = 4096,
	    .max = 1024 * 1024 * 1024,
	    .value = "1M",
	    .live = true,
	    .text = "What a FIFO that many bytes pass through is enlarged to, "
		    "as far as the system allows; idle ones are kept small." },
};

void
pair_init(struct pair *p)
{
	*p = (struct pair){ .in.fd = -1 };
	p->out.fifo.fd = p->out.dir_fd = -1;
}

static int
pair_make_slots(struct pair *p, const struct pair_plan *plan, struct why *why)
{
	struct slots_place place = {
		.dir_fd = fcntl(plan->dir_fd, F_DUPFD_CLOEXEC, 0),
		.path = plan->path,
		.mode = plan->options->mode,
		.gid = plan->gid,
		.pipe_size = plan->options->pipe_size,
		.row = plan->row,
	};

	if (place.dir_fd == -1)
		return why_fail(why, FAULT_REFUSED,
		    "no descriptor is left for its directory");
	p->slots = plan->left != NULL ?
	    slots_inherit(&place, &plan->owner, plan->left, why) :
	    slots_new(&place, &plan->owner, why);
	if (p->slots == NULL) {
		close(place.dir_fd);
		return -1;
	}
	return 0;
}

/* One FIFO: as a former engine left it, or else made. */
int
pair_make_fifo(struct fifo *f, const struct pair_plan *plan, const char *name,
    enum ledger_fd which, struct why *why)
{
	int fd = plan->left != NULL ? ledger_inherit(plan->left, which) : -1;

	if (plan->row != NULL)
		fifo_tell(f, &plan->row->fd[which]);
	if (fd != -1 && fifo_inherit(f, plan->dir_fd, name, fd) &&
	    fifo_has_twin(f, plan->dir_fd))
		return 0;
	fifo_close(f);
	if (plan->left != NULL)
		unlinkat(plan->dir_fd, name, 0);
	return fifo_make(f, plan->dir_fd, name, plan->options->mode,
	    plan->gid, why);
}

static int
pair_make_out(struct pair *p, const struct pair_plan *plan, struct why *why)
{
	if (plan->messages)
		return pair_make_slots(p, plan, why);
	delivery_init(&p->out, plan->ready, plan->owner.arg);
	/* While an end is due only the write end is held. */
	p->out.was_ending = plan->left != NULL &&
	    plan->left->fd[LEDGER_OUT] != -1 &&
	    (fcntl(plan->left->fd[LEDGER_OUT], F_GETFL) & O_ACCMODE) ==
	    O_WRONLY;
	return pair_make_fifo(&p->out.fifo, plan, "out", LEDGER_OUT, why);
}

int
pair_make(struct pair *p, const struct pair_plan *plan, struct why *why)
{
	pair_init(p);
	if (pair_make_out(p, plan, why) == 0 &&
	    pair_make_fifo(&p->in, plan, "in", LEDGER_IN, why) == 0)
		return 0;
	pair_clear(p);
	return -1;
}

void
pair_go_on(struct pair *p)
{
	if (p->slots != NULL)
		slots_go_on(p->slots);
}

void
pair_clear(struct pair *p)
{
	fifo_close(&p->in);
	delivery_clear(&p->out);
	slots_free(p->slots);
	p->slots = NULL;
}

void
pair_mode(struct pair *p, mode_t mode)
{
	fchmod(p->in.fd, mode);
	if (p->slots != NULL)
		slots_mode(p->slots, mode);
	else
		fchmod(p->out.fifo.fd, mode);
}

mode_t
pair_directory_mode(const struct channel_options *options)
{
	mode_t mode = 0700;

	if (options->group != NULL || (options->mode & 0060))
		mode |= 0010;
	if (options->mode & 0006)
		mode |= 0011;
	return mode;
}

mode_t
pair_file_mode(const struct channel_options *options)
{
	return 0600 | (options->mode & 0044);
}

int
pair_restore(struct pair *p, int dir_fd, pair_note *note, void *arg,
    const char **which)
{
	const char *what;
	int restored;

	*which = p->in.name;
	restored = fifo_restore(&p->in, dir_fd, &what);
	if (restored == 1)
		note(*which, what, arg);
	if (restored == -1)
		return -1;
	*which = "out";
	restored = p->slots != NULL ? slots_restore(p->slots, &what) :
	    fifo_restore(&p->out.fifo, dir_fd, &what);
	if (restored == 1)
		note(*which, what, arg);
	return restored == -1 ? -1 : 0;
}

bool
pair_in_place(const struct pair *p, int dir_fd)
{
	return fifo_in_place(&p->in, dir_fd) && (p->slots != NULL ?
	    slots_in_place(p->slots) : fifo_in_place(&p->out.fifo, dir_fd));
}
