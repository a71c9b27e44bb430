/*
 * pipe: what a shell cannot see of a FIFO.
 *
 *   pipe size PATH       bytes that it can hold; 0 where nobody can tell
 *   pipe waiting PATH    bytes that wait in it
 *
 * Neither reads or writes; it is opened for a moment, as by a reader.
 */
#include <sys/ioctl.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int fd, n = 0;

	if (argc != 3)
		errx(2, "usage: pipe size|waiting PATH");
	fd = open(argv[2], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		err(1, "%s", argv[2]);
	if (strcmp(argv[1], "waiting") == 0) {
		if (ioctl(fd, FIONREAD, &n) == -1)
			err(1, "%s", argv[2]);
	} else if (strcmp(argv[1], "size") == 0) {
#ifdef F_GETPIPE_SZ
		n = fcntl(fd, F_GETPIPE_SZ);
		if (n == -1)
			err(1, "%s", argv[2]);
#endif
	} else
		errx(2, "what is %s?", argv[1]);
	printf("%d\n", n);
	close(fd);
	return 0;
}
