/*
 * What listen= says: a list of endpoints of the side that waits.
 */
#ifndef SESSION_DOOR_ADDRESS_H
#define SESSION_DOOR_ADDRESS_H

#include "base/url.h"
#include "base/why.h"
#include "transport/transport.h"

/*
 * One into a zeroed url: tcp-listen://[ADDR]:PORT and the like, or ADDR:PORT,
 * :PORT, PORT, which are TCP.  The transport that waits there; or NULL +
 * FAULT_USAGE, and url is zeroed.
 */
const struct transport *door_address_parse(struct url *url, const char *text,
    struct why *why);
/*
 * Each of a list, separated by blanks or commas: cb() until it gives -1.
 * NULL is an empty one.
 */
int door_address_each(const char *list,
    int (*cb)(const char *text, void *arg, struct why *why), void *arg,
    struct why *why);

#endif
