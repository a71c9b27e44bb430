/*
 * talk: what `fifoctl attach' does with its socket, without a broker between
 * it and the peer: talk over the unix socket PATH, and say on standard error
 * how it ended.
 *
 *	talk [-p PROMPT] PATH
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/talk.h"

static int
call(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sun.sun_path))
		errx(2, "%s: the path is too long", path);
	strcpy(sun.sun_path, path);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(2, "%s", path);
	return fd;
}

static void
ended(const struct talk_end *end)
{
	static const char *const how[] = {
		[TALK_CLIENT_LEFT] = "left",
		[TALK_CLOSED] = "closed",
		[TALK_ERROR] = "error",
	};

	fprintf(stderr, "talk: %s", how[end->how]);
	if (end->what != NULL)
		fprintf(stderr, ": %s", end->what);
	if (end->error != 0)
		fprintf(stderr, ": %s", strerror(end->error));
	if (end->unsent > 0)
		fprintf(stderr, ": %zu bytes not sent", end->unsent);
	fputc('\n', stderr);
}

int
main(int argc, char **argv)
{
	struct talk_end end = { 0 };
	struct talk_options o = { .end = &end };
	int c, status;

	while ((c = getopt(argc, argv, "p:")) != -1) {
		if (c != 'p')
			return 2;
		o.prompt = optarg;
	}
	if (argc - optind != 1)
		errx(2, "usage: talk [-p PROMPT] PATH");
	status = talk_run(call(argv[optind]), &o);
	ended(&end);
	return status;
}
