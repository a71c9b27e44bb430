/*
 * on-connect: a program that does the login dialogue on a link that is up but
 * for that, before its owner knows.  The program has a socket, and the driver
 * of the link (link_driver.c) passes the bytes on; so it does not matter what
 * the link is made of.
 *
 * What the peer sends and the program has not read when it ends is the first
 * that the link's owner reads.
 */
#ifndef TRANSPORT_LOGIN_H
#define TRANSPORT_LOGIN_H

#include "transport/link.h"

/*
 * Go on, from the start on where it has not begun: 1 done, or none is asked
 * for; 0 not yet, l->want_... as for advance(); -1 + link_fail().
 */
int login_advance(struct link *l);
/* Whatever it is doing; the link may have none. */
void login_free(struct link *l);

#endif
