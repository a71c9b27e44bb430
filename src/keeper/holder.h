/*
 * Who holds an address that is in use: found in /proc, where there is one.
 */
#ifndef KEEPER_HOLDER_H
#define KEEPER_HOLDER_H

#include <stddef.h>
#include <sys/socket.h>

/*
 * In words, "pid 4711 (nginx)", into out; "" where nobody can be found (not
 * ours to look at, or no /proc).  In the present network namespace.
 */
void holder_find(const struct sockaddr *address, int type, char *out,
    size_t size);

#endif
