/*
 * /proc/net has a row for each socket with its inode (proc(5)), and
 * /proc/PID/fd a symbolic link "socket:[INODE]" for each that a process has.
 */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper/holder.h"

#define HOLDER_LISTENING 0x0a   /* TCP_LISTEN; of UDP: 7, TCP_CLOSE */

static in_port_t
holder_port(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET6)
		return ((const struct sockaddr_in6 *)address)->sin6_port;
	return ((const struct sockaddr_in *)address)->sin_port;
}

/* "  0: 0100007F:1F90 00000000:0000 0A ... inode": the inode, or 0. */
static unsigned long
holder_row_inet(const char *row, const struct sockaddr *address, int type)
{
	unsigned port, state, wanted = ntohs(holder_port(address));
	unsigned long inode;

	if (sscanf(row, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x "
	    "%*x:%*x %*x:%*x %*x %*u %*u %lu", &port, &state, &inode) != 3)
		return 0;
	if (port != wanted ||
	    (type == SOCK_STREAM && state != HOLDER_LISTENING))
		return 0;
	return inode;
}

/* Up to the end of its line this is the name, and no more. */
static bool
holder_is_name(const char *row, const char *name)
{
	size_t n = strlen(name);

	return strncmp(row, name, n) == 0 && row[n] == '\n';
}

/* "Num: RefCount Protocol Flags Type St Inode Path", or "@NAME" there. */
static unsigned long
holder_row_unix(const char *row, const struct sockaddr *address, int type)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)address;
	unsigned long inode;
	int at = 0;

	(void)type;
	if (sscanf(row, "%*[^:]: %*x %*x %*x %*x %*x %lu %n", &inode,
	    &at) != 1 || at == 0)
		return 0;
	row += at;
	if (un->sun_path[0] == '\0')
		return row[0] == '@' && holder_is_name(row + 1,
		    un->sun_path + 1) ? inode : 0;
	return holder_is_name(row, un->sun_path) ? inode : 0;
}

static unsigned long
holder_inode_in(const char *table, const struct sockaddr *address, int type)
{
	char path[64], row[512];
	unsigned long inode = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", table);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (inode == 0 && fgets(row, sizeof(row), f) != NULL)
		inode = address->sa_family == AF_UNIX ?
		    holder_row_unix(row, address, type) :
		    holder_row_inet(row, address, type);
	fclose(f);
	return inode;
}

/* A wildcard of the one family takes the other's port, too. */
static unsigned long
holder_inode(const struct sockaddr *address, int type)
{
	static const char *const tcp[] = { "tcp", "tcp6" };
	static const char *const udp[] = { "udp", "udp6" };
	const char *const *tables = type == SOCK_STREAM ? tcp : udp;
	unsigned long inode;

	if (address->sa_family == AF_UNIX)
		return holder_inode_in("unix", address, type);
	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return 0;
	inode = holder_inode_in(tables[0], address, type);
	return inode != 0 ? inode : holder_inode_in(tables[1], address, type);
}

static int
holder_has(const char *pid, const char *wanted)
{
	char path[320], target[64];
	struct dirent *e;
	ssize_t n;
	int has = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return 0;
	while (!has && (e = readdir(d)) != NULL) {
		n = readlinkat(dirfd(d), e->d_name, target,
		    sizeof(target) - 1);
		if (n > 0) {
			target[n] = '\0';
			has = strcmp(target, wanted) == 0;
		}
	}
	closedir(d);
	return has;
}

static void
holder_name(const char *pid, char *out, size_t size)
{
	char path[320], name[64] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f != NULL) {
		if (fgets(name, sizeof(name), f) != NULL)
			name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	snprintf(out, size, "pid %.20s (%s)", pid, name);
}

void
holder_find(const struct sockaddr *address, int type, char *out, size_t size)
{
	unsigned long inode = holder_inode(address, type);
	char wanted[64];
	struct dirent *e;
	DIR *d;

	out[0] = '\0';
	if (inode == 0)
		return;
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	d = opendir("/proc");
	if (d == NULL)
		return;
	while (out[0] == '\0' && (e = readdir(d)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    holder_has(e->d_name, wanted))
			holder_name(e->d_name, out, size);
	closedir(d);
}
