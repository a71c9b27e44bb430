/*
 * arm FILE make                           a fresh file for the shim
 * arm FILE FAMILY ERROR MODE [N]          arm it; ERROR is a name, or short
 * arm FILE off                            disarm: prints `CALLS FIRED [CALL]'
 * arm FILE where                          the stack of the last that fired
 * arm FILE forget                         no place has had its turn
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"

struct word {
	const char *word;
	int value;
};

static const struct word families[] = {
	{ "file", FAULT_FILE }, { "descriptor", FAULT_DESCRIPTOR },
	{ "net", FAULT_NET }, { "directory", FAULT_DIRECTORY },
	{ "process", FAULT_PROCESS }, { "read", FAULT_READ },
	{ "write", FAULT_WRITE }, { "watch", FAULT_WATCH },
	{ "pipe", FAULT_PIPE }, { "memory", FAULT_MEMORY }, { NULL, 0 }
};

static const struct word modes[] = {
	{ "nth", FAULT_NTH }, { "from", FAULT_FROM }, { "every", FAULT_EVERY },
	{ "site", FAULT_SITE }, { NULL, 0 }
};

static const struct word errors[] = {
	{ "short", 0 }, { "EACCES", EACCES }, { "EAGAIN", EAGAIN },
	{ "ECONNRESET", ECONNRESET }, { "EINTR", EINTR }, { "EIO", EIO },
	{ "EMFILE", EMFILE }, { "ENOBUFS", ENOBUFS }, { "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC }, { "EPERM", EPERM }, { "EPIPE", EPIPE },
	{ NULL, 0 }
};

static uint32_t
find(const struct word *w, const char *word)
{
	for (; w->word != NULL; w++)
		if (strcmp(w->word, word) == 0)
			return (uint32_t)w->value;
	errx(2, "%s: not a word of arm's", word);
}

static void
where(const struct fault_control *c)
{
	uint32_t i;

	for (i = 0; i < c->nframes; i++)
		printf("0x%" PRIx64 " %s\n", c->offset[i], c->module[i]);
}

static void
off(struct fault_control *c)
{
	c->armed = 0;
	printf("%" PRIu64 " %" PRIu64 " %s\n", c->calls, c->fired,
	    c->fired > 0 ? c->call : "");
}

static void
arm(struct fault_control *c, char **argv)
{
	c->armed = 0;
	c->family = find(families, argv[0]);
	c->error = (int32_t)find(errors, argv[1]);
	c->mode = find(modes, argv[2]);
	c->n = argv[3] == NULL ? 1 : strtoull(argv[3], NULL, 10);
	c->calls = c->fired = 0;
	c->nframes = 0;
	c->armed = 1;
}

int
main(int argc, char **argv)
{
	struct fault_control *c;
	int fd;

	if (argc < 3)
		errx(2, "usage: arm FILE COMMAND");
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd == -1 || ftruncate(fd, sizeof(*c)) == -1)
		err(1, "%s", argv[1]);
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		err(1, "%s", argv[1]);
	if (strcmp(argv[2], "make") == 0)
		memset(c, 0, sizeof(*c));
	else if (strcmp(argv[2], "forget") == 0)
		memset(c->sites, 0, sizeof(c->sites));
	else if (strcmp(argv[2], "off") == 0)
		off(c);
	else if (strcmp(argv[2], "where") == 0)
		where(c);
	else if (argc >= 5)
		arm(c, argv + 2);
	else
		errx(2, "usage: arm FILE FAMILY ERROR MODE [N]");
	return 0;
}
