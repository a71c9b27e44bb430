/*
 * A look-up: getaddrinfo(3), in a short-lived child of its own or, where that
 * needs no name server and no file, in numbers.
 */
#ifndef KEEPER_LOOKUP_H
#define KEEPER_LOOKUP_H

#include "keeper/keeper.h"

/*
 * An answer: as many addresses as there are (thousands of sessions may wait
 * for theirs at once), or why there are none.  The child writes it as it is.
 */
struct lookup {
	struct why why;
	struct keeper_addresses addresses;
};

#define LOOKUP_SIZE(n) \
	(sizeof(struct lookup) + (n) * sizeof(struct keeper_address))

/* One without an address; the caller frees. */
struct lookup *lookup_empty(void);
/* NULL: this is not in numbers. */
struct lookup *lookup_numeric(const struct keeper_look_up *what);
/* In the child: write the answer on fd and exit. */
void lookup_child(int fd, const struct keeper_look_up *what)
    __attribute__((noreturn));
/*
 * What a child has written, n bytes; nobody vouches for it.  Never NULL: it
 * says so where it makes no sense.
 */
struct lookup *lookup_parse(const void *bytes, size_t n);

#endif
