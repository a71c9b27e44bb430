/* Addresses, and the socket that listens or calls. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static const char *unix_path;	/* ours to remove */
static volatile sig_atomic_t listening = -1;

static socklen_t
unix_address(struct sockaddr_un *un, const char *name)
{
	socklen_t n = offsetof(struct sockaddr_un, sun_path) + strlen(name);

	if (strlen(name) >= sizeof un->sun_path)
		die("%s: longer than a socket's name may be", name);
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, name);
	if (name[0] == '@')
		un->sun_path[0] = '\0';		/* abstract, unix(7) */
	else
		n++;
	return n;
}

/* Fills *ss from a path, an abstract name or host and port. */
static socklen_t
address_parse(struct sockaddr_storage *ss, const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	socklen_t n;
	int error;

	if (host[0] == '/' || host[0] == '@')
		return unix_address((struct sockaddr_un *)ss, host);
	error = getaddrinfo(host, port, &hints, &found);
	if (error != 0)
		die("%s: %s", host, gai_strerror(error));
	n = found->ai_addrlen;
	memcpy(ss, found->ai_addr, n);
	freeaddrinfo(found);
	return n;
}

/* HOST:PORT with [::1]:PORT, or what address_parse() takes. */
static socklen_t
target_parse(struct sockaddr_storage *ss, const char *target)
{
	char *host = strdup(target), *port, *name = host;
	socklen_t n;

	if (host == NULL)
		die("%s", strerror(errno));
	port = strrchr(host, ':');
	if (host[0] != '/' && host[0] != '@') {
		if (port == NULL)
			die("%s: no port", target);
		*port++ = '\0';
	}
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		name++;
	}
	n = address_parse(ss, name, port);
	free(host);
	return n;
}

static int
socket_new(int family)
{
	int one = 1, size;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	size = opt.rcvbuf;
	if (size != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	size = opt.sndbuf;
	if (size != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return fd;
}

static void
address_print(int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	char port[NI_MAXSERV];

	if (opt.address[0] == '/' || opt.address[0] == '@') {
		printf("path %s\n", opt.address);
	} else {
		getsockname(fd, (struct sockaddr *)&ss, &n);
		getnameinfo((struct sockaddr *)&ss, n, NULL, 0, port,
		    sizeof port, NI_NUMERICSERV);
		printf("port %s\n", port);
	}
	fflush(stdout);
}

int
listener_open(void)
{
	struct sockaddr_storage ss = { 0 };
	struct stat st;
	char port[16];
	socklen_t n;
	int fd;

	snprintf(port, sizeof port, "%u", (unsigned int)opt.port);
	n = address_parse(&ss, opt.address, port);
	fd = socket_new(ss.ss_family);
	if (opt.address[0] == '/' && stat(opt.address, &st) == 0 &&
	    S_ISSOCK(st.st_mode))
		unlink(opt.address);
	if (bind(fd, (struct sockaddr *)&ss, n) == -1)
		die("%s: %s", opt.address, strerror(errno));
	if (opt.address[0] == '/')
		unix_path = opt.address;
	if (!opt.refuse && listen(fd, opt.backlog) == -1)
		die("%s: %s", opt.address, strerror(errno));
	address_print(fd);
	listening = fd;
	return fd;
}

void
listener_close(void)
{
	int fd = listening;

	listening = -1;
	close(fd);
}

void
listener_remove(void)
{
	if (listening != -1)
		shutdown(listening, SHUT_RDWR);
	if (unix_path != NULL)
		unlink(unix_path);
}

int
socket_call(void)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = target_parse(&ss, opt.connect);
	int fd = socket_new(ss.ss_family);

	if (connect(fd, (struct sockaddr *)&ss, n) == -1)
		die("%s: %s", opt.connect, strerror(errno));
	return fd;
}
