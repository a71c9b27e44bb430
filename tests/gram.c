/*
 * gram PATH: prints each datagram that comes to the unix socket PATH (@NAME:
 * an abstract one) as one line, line ends in it as blanks.  The first line is
 * `ready'.  SIGTERM ends it, and so do ten minutes.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIFETIME_S 600

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char data[4096];
	size_t length;
	ssize_t n, i;
	int fd;

	if (argc != 2 || (length = strlen(argv[1])) >= sizeof(sun.sun_path))
		errx(2, "usage: gram PATH");
	alarm(LIFETIME_S);
	memcpy(sun.sun_path, argv[1], length);
	if (argv[1][0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd == -1 || bind(fd, (const struct sockaddr *)&sun, (socklen_t)
	    (offsetof(struct sockaddr_un, sun_path) + length)) == -1)
		err(1, "%s", argv[1]);
	printf("ready\n");
	while (fflush(stdout) == 0 &&
	    (n = recv(fd, data, sizeof(data), 0)) != -1) {
		for (i = 0; i < n; i++)
			putchar(data[i] == '\n' ? ' ' : data[i]);
		putchar('\n');
	}
	err(1, "%s", argv[1]);
}
