/*
 * fifoctl: arguments, and nothing else.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command/client.h"
#include "command/talk.h"

static void
usage(void)
{
	fprintf(stderr, "usage: fifoctl [-r RUNDIR] COMMAND ...\n"
	    "       fifoctl help\n");
	exit(FAULT_USAGE);
}

/*
 * A shell may have closed descriptors 0 to 2; a socket must not take their
 * place and be written to as standard output.  What takes it has no bytes,
 * and cannot be written to, so that output is not lost in silence.
 */
static void
open_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd != -1 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "rundir", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	static char help[] = "help", version[] = "version";
	char *only[] = { NULL, NULL };
	struct client client = { .talk = talk_run };
	int c;

	open_standard_descriptors();
	while ((c = getopt_long(argc, argv, "+r:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'r':
			if (*optarg == '\0')
				errx(FAULT_USAGE, "-r: the path is empty");
			client.rundir = optarg;
			break;
		case 'h':
			only[0] = help;
			break;
		case 'V':
			only[0] = version;
			break;
		default:
			usage();
		}
	}
	client.argc = only[0] != NULL ? 1 : argc - optind;
	client.argv = only[0] != NULL ? only : argv + optind;
	if (client.argc == 0)
		usage();
	return client_run(&client);
}
