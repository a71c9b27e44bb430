/*
 * The FIFO `ctl`: one command a line, from those who may write to it.
 */
#ifndef SESSION_CTL_H
#define SESSION_CTL_H

#include "session/session.h"

/* The FIFO is there: listen to it. */
void ctl_init(struct session *s);
void ctl_clear(struct session *s);

/* The commands, for the manual; NULL-terminated by name. */
struct ctl_row {
	const char *name, *usage, *text;
	bool takes;             /* something after its name */
	int (*run)(struct session *s, const char *rest, struct why *why);
};
extern const struct ctl_row ctl_rows[];

#endif
