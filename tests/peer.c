/*
 * peer: the process, its output, and one thread for each connection.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define THREAD_STACK 524288
#define REST_MS 50		/* after accept(2) ran out of descriptors */

static const struct peer_mode *mode;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_less = PTHREAD_COND_INITIALIZER;
static unsigned int active;

void
event(const char *fmt, ...)
{
	va_list ap;

	if (opt.quiet)
		return;
	va_start(ap, fmt);
	flockfile(stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	funlockfile(stdout);
	va_end(ap);
}

void
die(const char *fmt, ...)
{
	va_list ap;

	fputs("peer: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *
xmalloc(size_t n)
{
	void *p = malloc(n != 0 ? n : 1);

	if (p == NULL)
		die("%s", strerror(errno));
	return p;
}

void
pause_ms(uint64_t ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

uint8_t *
file_read(const char *path, size_t *n)
{
	struct stat st;
	uint8_t *data;
	FILE *f = fopen(path, "re");

	if (f == NULL || fstat(fileno(f), &st) == -1)
		die("%s: %s", path, strerror(errno));
	data = xmalloc(st.st_size + 1);
	*n = fread(data, 1, st.st_size, f);
	data[*n] = '\0';
	fclose(f);
	return data;
}

static void *
connection_main(void *arg)
{
	struct connection *c = arg;

	if (!opt.tls || tls_handshake(c, NULL, 0) == 0)
		mode->run(c);
	connection_free(c);
	pthread_mutex_lock(&lock);
	active--;
	pthread_cond_signal(&one_less);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void
connection_start(unsigned int id, int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	int one = 1, error;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	/* Fails on a unix socket, and need not succeed there. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	pthread_mutex_lock(&lock);
	active++;
	pthread_mutex_unlock(&lock);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, connection_main,
	    connection_new(id, fd));
	if (error != 0)
		die("thread: %s", strerror(error));
	pthread_attr_destroy(&attr);
}

static void
serve(void)
{
	unsigned int id = 0;
	int fd, listen_fd = listener_open();

	while (opt.refuse || opt.no_accept)
		pause();
	while (opt.connections == 0 || id < opt.connections) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd == -1) {
			pause_ms(REST_MS);
			continue;
		}
		/* Whoever calls when we know that this was the last is late. */
		if (++id == opt.connections)
			listener_close();
		event("accept %u", id);
		connection_start(id, fd);
	}
}

static void
call(void)
{
	unsigned int id = 0;
	int fd;

	do {
		fd = socket_call();
		event("connect %u", ++id);
		connection_start(id, fd);
	} while (id < opt.connections);
}

/*
 * Nobody gets in any more whose connection would end with us.  shutdown(2),
 * unlink(2) and _exit(2) are async-signal-safe, signal-safety(7).
 */
static void
terminate(int sig)
{
	listener_remove();
	_exit(sig == SIGALRM ? 124 : 0);
}

static void
process_init(void)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, terminate);
	signal(SIGINT, terminate);
	signal(SIGALRM, terminate);
	alarm(opt.lifetime_s);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int
main(int argc, char **argv)
{
	mode = options_parse(argc, argv);
	process_init();
	if (mode->run == NULL)
		return random_main();
	tls_init();
	if (opt.connect == NULL)
		serve();
	else
		call();
	pthread_mutex_lock(&lock);
	while (active > 0)
		pthread_cond_wait(&one_less, &lock);
	pthread_mutex_unlock(&lock);
	script_free();
	listener_remove();
	/* Threads may still be about to end: no exit(3), which looks for leaks. */
	fflush(NULL);
	_exit(0);
}
