/*
 * What listen= says: a list of addresses.  Pure, but for uid: of access.h.
 */
#ifndef SESSION_DOOR_ADDRESS_H
#define SESSION_DOOR_ADDRESS_H

#include <stdbool.h>

#include "base/why.h"
#include "keeper/keeper.h"

struct door_address {
	struct keeper_address at;
	bool tls;
};

/* The schemes, for help; NULL-terminated. */
struct door_scheme {
	const char *name, *usage, *text;
	bool tls;
	int (*parse)(struct door_address *a, const char *rest,
	    struct why *why);
};
extern const struct door_scheme door_schemes[];

/*
 * One: tcp-listen://ADDR:PORT, unix-listen:PATH, or ADDR:PORT, :PORT, PORT.
 * 0, or -1 + FAULT_USAGE.
 */
int door_address_parse(struct door_address *a, const char *text,
    struct why *why);
/*
 * Each of a list, separated by blanks or commas: cb() until it gives -1.
 * NULL is an empty one.
 */
int door_address_each(const char *list,
    int (*cb)(const char *text, void *arg, struct why *why), void *arg,
    struct why *why);

#endif
