/*
 * A listener: the sockets that one endpoint waits at, for whoever wants to
 * be called.  They stand as long as the listener, whether or not arrivals are
 * taken: who calls meanwhile waits in the kernel's queue.
 *
 * Both callbacks come from the loop, never from inside a function below.
 */
#ifndef TRANSPORT_LISTENER_H
#define TRANSPORT_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/ledger.h"
#include "base/url.h"
#include "base/why.h"
#include "transport/link.h"

struct listener;

struct listener_plan {
	const struct transport *transport;      /* one that `accepts' */
	const struct url *url;                  /* borrowed, as the others */
	const struct link_options *link;        /* family, device, netns */
	const char *name;       /* whose it is, for those who find it in use */
	const struct ledger_row *row;   /* the same, to be told there */
	mode_t mode;            /* of a unix socket's file, and its group */
	gid_t gid;
	/*
	 * The sockets stand (why is NULL); or they cannot be made, and the
	 * listener is of no more use.
	 */
	void (*stands)(void *arg, const struct why *why);
	/* One has called: a connected, non-blocking socket, to be taken over. */
	void (*arrived)(void *arg, int fd);
	void (*note)(void *arg, const char *text);      /* for the log */
	void *arg;
};

/*
 * Begin; arrivals are not taken yet.  The plan is copied, what it points to
 * outlives the listener.
 */
struct listener *listener_new(const struct listener_plan *plan);
/* Close the sockets; a unix socket's file goes too.  NULL is allowed. */
void listener_free(struct listener *l);
/* Take arrivals from now on, or leave them waiting. */
void listener_want(struct listener *l, bool taking);
/*
 * Leave the next one waiting unless so many descriptors would be left to those
 * who have come.
 */
void listener_spare(struct listener *l, size_t n);
/* Do its sockets stand? */
bool listener_stands(const struct listener *l);
/* The addresses in use, a line each, without a newline at the end. */
char *listener_text(const struct listener *l, char *out, size_t size);

#endif
