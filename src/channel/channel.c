#include <sys/stat.h>

#include "channel/channel.h"

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

int
channel_make(struct channel *c, int dir_fd,
    const struct channel_options *options, gid_t gid, loop_cb *ready,
    void *arg, struct why *why)
{
	c->in.fd = c->ctl.fd = c->out.fifo.fd = -1;
	delivery_init(&c->out, ready, arg);
	if (fifo_make(&c->in, dir_fd, "in", options->mode, gid, why) == -1 ||
	    fifo_make(&c->out.fifo, dir_fd, "out", options->mode, gid, why) ==
	    -1 ||
	    fifo_make(&c->ctl, dir_fd, "ctl", options->mode, gid, why) == -1) {
		channel_clear(c);
		return -1;
	}
	return 0;
}

void
channel_clear(struct channel *c)
{
	fifo_close(&c->in);
	fifo_close(&c->ctl);
	delivery_clear(&c->out);
}

void
channel_mode(struct channel *c, mode_t mode)
{
	fchmod(c->in.fd, mode);
	fchmod(c->ctl.fd, mode);
	fchmod(c->out.fifo.fd, mode);
}

mode_t
channel_directory_mode(const struct channel_options *options)
{
	mode_t mode = 0700;

	if (options->group != NULL || (options->mode & 0060))
		mode |= 0010;
	if (options->mode & 0006)
		mode |= 0011;
	return mode;
}

mode_t
channel_file_mode(const struct channel_options *options)
{
	return 0600 | (options->mode & 0044);
}

int
channel_restore(struct channel *c, int dir_fd,
    void (*note)(const char *fifo, const char *what, void *arg), void *arg,
    const char **which)
{
	const struct fifo *fifos[] = { &c->in, &c->out.fifo, &c->ctl };
	const char *what;
	size_t i;

	for (i = 0; i < sizeof(fifos) / sizeof(fifos[0]); i++) {
		switch (fifo_restore(fifos[i], dir_fd, &what)) {
		case 1:
			note(fifos[i]->name, what, arg);
			break;
		case -1:
			*which = fifos[i]->name;
			return -1;
		}
	}
	return 0;
}
