/*
 * The clients: they ask, read what they get and look whether it is theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "scene.h"

#define REQUEST_MOST 6000

static struct client {
	int in_fd, out_fd;      /* a socket's are the same */
	char request[REQUEST_MOST];
	size_t size, at;        /* of it, and how much was written */
	struct scan scan;
	int newest;             /* number that it has read */
} clients[SCENE_CLIENTS];

static struct scene *scene;

void
scan_byte(struct scan *s, uint8_t byte)
{
	unsigned id;
	int n = 0;

	s->letter = byte & 0x80 ? byte & 0x7f : -1;
	s->id = -1;
	memmove(s->window, s->window + 1, 5);
	s->window[5] = (char)byte;
	if (byte == ';' && sscanf(s->window, "#%4x;%n", &id, &n) == 1 &&
	    n == 6)
		s->id = (int)id;
}

static bool
at_socket(unsigned n)
{
	return n >= 2;
}

/* Where its FIFO of this name is. */
static char *
fifo_path(unsigned n, const char *name)
{
	return xasprintf("%s/%s%s", scene->dir, n == 1 ? "ch/x/" : "", name);
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
hang_up(struct client *c)
{
	if (c->out_fd == c->in_fd)
		c->out_fd = -1;
	close_fd(&c->in_fd);
	close_fd(&c->out_fd);
}

void
clients_begin(struct scene *of)
{
	size_t i;

	scene = of;
	for (i = 0; i < SCENE_CLIENTS; i++) {
		clients[i].in_fd = clients[i].out_fd = -1;
		clients[i].size = clients[i].at = 0;
		clients[i].newest = -1;
		memset(&clients[i].scan, 0, sizeof(clients[i].scan));
	}
}

void
clients_end(void)
{
	size_t i;

	for (i = 0; i < SCENE_CLIENTS; i++)
		hang_up(&clients[i]);
}

/* --- what it says --- */

static int
new_id(unsigned n, bool again)
{
	int id = scene->nids++;

	scene->owner[id] = (uint8_t)n;
	scene->again[id] = again && scene->resends;
	scene->seen[id] = 0;
	return id;
}

/* The text of a request before its bytes, for each language. */
static int
request_head(struct client *c, unsigned n, unsigned shape, size_t body)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
		"POST", "OPTIONS", "PATCH", "CONNECT" };
	const char *method = methods[shape % 8];
	bool again = strchr("GHO", method[0]) != NULL ||
	    strcmp(method, "PUT") == 0;

	if (scene->language == SPEAKS_NETSTRINGS)
		return snprintf(c->request, REQUEST_MOST, "%zu:#%04x;",
		    6 + body, (unsigned)new_id(n, false));
	if (scene->language != SPEAKS_HTTP)
		return snprintf(c->request, REQUEST_MOST, "#%04x;",
		    (unsigned)new_id(n, false));
	return snprintf(c->request, REQUEST_MOST, "%s /#%04x; HTTP/1.1\r\n"
	    "Host: x\r\n%sContent-Length: %zu\r\n\r\n", method,
	    (unsigned)new_id(n, again),
	    shape & 8 ? "Connection: close\r\n" : "", body);
}

static void
request_make(struct client *c, unsigned n, unsigned shape)
{
	size_t body = (shape & 16) ? 5000 : shape % 5;

	c->size = (size_t)request_head(c, n, shape, body);
	memset(c->request + c->size, (int)(0x80 + n), body);
	c->size += body;
	if (scene->language == SPEAKS_LINES)
		c->request[c->size++] = '\n';
	else if (scene->language == SPEAKS_NETSTRINGS)
		c->request[c->size++] = ',';
	c->at = 0;
}

static void
open_in(unsigned n)
{
	char *path;

	if (clients[n].in_fd != -1 || at_socket(n))
		return;
	path = fifo_path(n, "in");
	clients[n].in_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	free(path);
}

static ssize_t
put(struct client *c, const void *data, size_t size)
{
	ssize_t n = c->in_fd == -1 ? -1 : write(c->in_fd, data, size);

	if (n == -1 && errno != EAGAIN && c->in_fd != -1)
		hang_up(c);
	return n;
}

void
client_more(unsigned n, size_t most)
{
	struct client *c = &clients[n];
	size_t size = c->size - c->at;
	ssize_t done;

	open_in(n);
	done = put(c, c->request + c->at, size < most ? size : most);
	if (done > 0)
		c->at += (size_t)done;
}

void
client_ask(unsigned n, unsigned shape, size_t most)
{
	struct client *c = &clients[n];

	open_in(n);
	if (c->in_fd == -1 || scene->nids == SCENE_IDS)
		return;
	if (c->at == c->size)
		request_make(c, n, shape);
	client_more(n, most);
}

void
client_flood(unsigned n)
{
	static char bytes[65536];
	size_t left = 8;

	open_in(n);
	memset(bytes, (int)(0x80 + n), sizeof(bytes));
	while (left-- > 0 && put(&clients[n], bytes, sizeof(bytes)) > 0)
		;
}

void
client_finish(unsigned n)
{
	struct client *c = &clients[n];

	if (c->in_fd != -1 && at_socket(n))
		shutdown(c->in_fd, SHUT_WR);
	else
		close_fd(&c->in_fd);
	/* Of what it has not said nothing is owed. */
	c->at = c->size = 0;
}

/* --- coming and going --- */

static void
connect_sock(struct client *c)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", scene->dir);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		close(fd);
		return;
	}
	c->in_fd = c->out_fd = fd;
	c->at = c->size = 0;
}

void
client_join(unsigned n)
{
	char *path;

	if (at_socket(n) && clients[n].in_fd == -1)
		connect_sock(&clients[n]);
	if (n != 1)
		return;
	path = fifo_path(n, "");
	mkdir(path, 0700);
	free(path);
}

void
client_leave(unsigned n)
{
	hang_up(&clients[n]);
	clients[n].at = clients[n].size = 0;
}

bool
client_listen(unsigned n)
{
	char *path;

	if (clients[n].out_fd != -1 || at_socket(n))
		return false;
	path = fifo_path(n, "out");
	clients[n].out_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	memset(&clients[n].scan, 0, sizeof(clients[n].scan));
	free(path);
	return clients[n].out_fd != -1;
}

/* --- what it hears --- */

static void
look(struct client *c, unsigned n, uint8_t byte)
{
	scan_byte(&c->scan, byte);
	if (scene->language == SPEAKS_STREAM)
		return;
	/* A reply reaches only who has asked, and once. */
	must(c->scan.letter == -1 || c->scan.letter == (int)n);
	if (c->scan.id == -1)
		return;
	must(c->scan.id < scene->nids && scene->owner[c->scan.id] == n);
	must(c->scan.id > c->newest);
	c->newest = c->scan.id;
}

bool
client_read(unsigned n, size_t most)
{
	static uint8_t data[65536];
	struct client *c = &clients[n];
	ssize_t got = 1, i;
	bool some = false;

	while (most > 0 && c->out_fd != -1 && got > 0) {
		got = read(c->out_fd, data,
		    most < sizeof(data) ? most : sizeof(data));
		for (i = 0; i < got; i++)
			look(c, n, data[i]);
		most -= got > 0 ? (size_t)got : 0;
		some |= got >= 0;
	}
	if (got == 0 && at_socket(n))
		hang_up(c);
	else if (got == 0)
		close_fd(&c->out_fd);
	return some;
}
